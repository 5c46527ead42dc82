"""The database tables. The rules are in `core`; constraints here are a second check."""

from assay.store.models.advisories import AdvisoryRecord, Feed, FeedAttempt
from assay.store.models.builds import Build, Lock, LockedLibrary
from assay.store.models.environments import Environment, Version
from assay.store.models.facts import ApprovedLibrary, LockedFile, LockFacts, ProjectFacts
from assay.store.models.launches import Application, Launch, Run, Runtime, Secret, Server, StudioApplication
from assay.store.models.maintenance import PeriodicTask, Verification
from assay.store.models.notifications import Delivery, Notification, Webhook
from assay.store.models.package_indexes import PackageIndex
from assay.store.models.people import ApiToken, Membership, Person, Workspace
from assay.store.models.periodic_review import KeptVersion, Merge, Renewal, ReviewItem
from assay.store.models.policy import Assessment, HealthIssue, PolicyRevision, Waiver, WorkspaceAssessment
from assay.store.models.processes import WorkerProcess
from assay.store.models.pythons import PythonVersion
from assay.store.models.reviews import Decision, Event, Submission, ViewedLibrary
from assay.store.models.rollouts import Rollout, Wave, WaveTarget
from assay.store.models.usage import (
    DailyPeople,
    DailyUse,
    GroupUsage,
    ImportSession,
    LibraryUse,
    PersonUse,
    UsageSummary,
    VersionUsage,
    WorkspaceDay,
    WorkspaceUsage,
)

__all__ = [
    "AdvisoryRecord",
    "ApiToken",
    "Application",
    "ApprovedLibrary",
    "Assessment",
    "Build",
    "DailyPeople",
    "DailyUse",
    "Decision",
    "Delivery",
    "Environment",
    "Event",
    "Feed",
    "FeedAttempt",
    "GroupUsage",
    "HealthIssue",
    "ImportSession",
    "KeptVersion",
    "Launch",
    "LibraryUse",
    "Lock",
    "LockFacts",
    "LockedFile",
    "LockedLibrary",
    "Membership",
    "Merge",
    "Notification",
    "PackageIndex",
    "PeriodicTask",
    "Person",
    "PersonUse",
    "PolicyRevision",
    "ProjectFacts",
    "PythonVersion",
    "Renewal",
    "ReviewItem",
    "Rollout",
    "Run",
    "Runtime",
    "Secret",
    "Server",
    "StudioApplication",
    "Submission",
    "UsageSummary",
    "Verification",
    "Version",
    "VersionUsage",
    "ViewedLibrary",
    "Waiver",
    "Wave",
    "WaveTarget",
    "Webhook",
    "WorkerProcess",
    "Workspace",
    "WorkspaceAssessment",
    "WorkspaceDay",
    "WorkspaceUsage",
]
