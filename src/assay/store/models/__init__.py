"""The tables. Rules live in `core`; what is here only keeps them from being broken by accident."""

from assay.store.models.builds import Build, Lock, LockedLibrary
from assay.store.models.environments import Environment, Version
from assay.store.models.launches import Application, Launch, Run, Runtime, Secret, Server
from assay.store.models.people import ApiToken, Membership, Person, Workspace
from assay.store.models.reviews import Decision, Event, Submission

__all__ = [
    "ApiToken",
    "Application",
    "Build",
    "Decision",
    "Environment",
    "Event",
    "Launch",
    "Lock",
    "LockedLibrary",
    "Membership",
    "Person",
    "Run",
    "Runtime",
    "Secret",
    "Server",
    "Submission",
    "Version",
    "Workspace",
]
