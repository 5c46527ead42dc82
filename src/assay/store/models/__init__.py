"""The database tables. The rules are in `core`; constraints here are a second check."""

from assay.store.models.advisories import AdvisoryRecord, Feed
from assay.store.models.builds import Build, Lock, LockedLibrary
from assay.store.models.environments import Environment, Version
from assay.store.models.facts import ApprovedLibrary, LockedFile, LockFacts, ProjectFacts
from assay.store.models.launches import Application, Launch, Run, Runtime, Secret, Server, StudioApplication
from assay.store.models.maintenance import PeriodicTask, Verification
from assay.store.models.notifications import Delivery, Notification, Webhook
from assay.store.models.package_indexes import PackageIndex
from assay.store.models.people import ApiToken, Membership, Person, Workspace
from assay.store.models.policy import Assessment, HealthIssue, PolicyRevision, Waiver, WorkspaceAssessment
from assay.store.models.reviews import Decision, Event, Submission, ViewedLibrary

__all__ = [
    "AdvisoryRecord",
    "ApiToken",
    "Application",
    "ApprovedLibrary",
    "Assessment",
    "Build",
    "Decision",
    "Delivery",
    "Environment",
    "Event",
    "Feed",
    "HealthIssue",
    "Launch",
    "Lock",
    "LockFacts",
    "LockedFile",
    "LockedLibrary",
    "Membership",
    "Notification",
    "PackageIndex",
    "PeriodicTask",
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
    "ViewedLibrary",
    "Waiver",
    "Webhook",
    "Workspace",
    "WorkspaceAssessment",
]
