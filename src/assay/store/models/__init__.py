"""The tables. Rules live in `core`; what is here only keeps them from being broken by accident."""

from assay.store.models.advisories import AdvisoryRecord, Feed
from assay.store.models.builds import Build, Lock, LockedLibrary
from assay.store.models.environments import Environment, Version
from assay.store.models.facts import LockedFile, LockFacts, ProjectFacts
from assay.store.models.launches import Application, Launch, Run, Runtime, Secret, Server, StudioApplication
from assay.store.models.maintenance import Chore, Verification
from assay.store.models.notifications import Delivery, Notice, Webhook
from assay.store.models.package_indexes import PackageSource
from assay.store.models.people import ApiToken, Membership, Person, Workspace
from assay.store.models.policy import Assessment, HealthEntry, PolicyRevision, Waiver, Watch
from assay.store.models.reviews import Decision, Event, Submission, ViewedMark

__all__ = [
    "AdvisoryRecord",
    "ApiToken",
    "Application",
    "Assessment",
    "Build",
    "Chore",
    "Decision",
    "Delivery",
    "Environment",
    "Event",
    "Feed",
    "HealthEntry",
    "Launch",
    "Lock",
    "LockFacts",
    "LockedFile",
    "LockedLibrary",
    "Membership",
    "Notice",
    "PackageSource",
    "Person",
    "PolicyRevision",
    "ProjectFacts",
    "Run",
    "Runtime",
    "Secret",
    "Server",
    "StudioApplication",
    "Submission",
    "Verification",
    "Version",
    "ViewedMark",
    "Waiver",
    "Watch",
    "Webhook",
    "Workspace",
]
