"""The tables. Rules live in `core`; what is here only keeps them from being broken by accident."""

from assay.store.models.builds import Build, Lock, LockedLibrary
from assay.store.models.environments import Environment, Version
from assay.store.models.launches import Launch, Run, Runtime, Server
from assay.store.models.people import ApiToken, Membership, Person, Workspace
from assay.store.models.reviews import Decision, Event, Submission, ViewedMark
from assay.store.models.sources import PackageSource
from assay.store.models.upkeep import Chore, Verification

__all__ = [
    "ApiToken",
    "Build",
    "Chore",
    "Decision",
    "Environment",
    "Event",
    "Launch",
    "Lock",
    "LockedLibrary",
    "Membership",
    "PackageSource",
    "Person",
    "Run",
    "Runtime",
    "Server",
    "Submission",
    "Verification",
    "Version",
    "ViewedMark",
    "Workspace",
]
