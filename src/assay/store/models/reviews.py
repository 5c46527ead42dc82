"""Submissions, decisions and the audit log."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from assay.core.review.decision import Verdict


class Submission(models.Model):
    """One review round: the submitted spec and lock digest, and the outcome.

    `automatic` marks a low-risk submission that the workspace's rule approved without a reviewer. `rollout` is the
    requested roll-out, {} for everyone at once.
    """

    OUTCOMES = ("pending", "withdrawn", "approved", "rejected")

    version = models.ForeignKey("Version", on_delete=models.CASCADE, related_name="submissions")
    round = models.PositiveIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    spec = models.JSONField()
    note = models.TextField(blank=True, default="")
    changes = models.JSONField(default=dict)
    outcome = models.CharField(max_length=16, choices=[(one, one) for one in OUTCOMES], default="pending")
    automatic = models.BooleanField(default=False)
    rollout = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "round"], name="one_round")]

    def __str__(self) -> str:
        return f"round {self.round} of version {self.version_id}"


class Decision(models.Model):
    """The decision of one reviewer on one submission and digest, with the groups the reviewer decided for."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="decisions")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=16, choices=[(one.value, one.value) for one in Verdict])
    digest = models.CharField(max_length=64)
    comment = models.TextField(blank=True, default="")
    libraries = models.JSONField(default=list)
    self_approved = models.BooleanField(default=False)
    groups = models.JSONField(default=list)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["submission", "by"], name="one_decision_per_reviewer")
        ]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.by}"


class ViewedLibrary(models.Model):
    """A library of a version that a person marked as viewed. `fingerprint` identifies the file they saw."""

    version = models.ForeignKey("Version", on_delete=models.CASCADE, related_name="viewed_libraries")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    library = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "person", "library"], name="one_view_per_library")
        ]

    def __str__(self) -> str:
        return f"{self.library} viewed by {self.person_id}"


class Event(models.Model):
    """One event of the audit log. A database trigger refuses changes and deletion."""

    workspace = models.ForeignKey("Workspace", on_delete=models.PROTECT, related_name="events")
    sequence = models.BigIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    name = models.CharField(max_length=64)
    environment = models.CharField(max_length=32, blank=True, default="")
    number = models.PositiveIntegerField(null=True, blank=True)
    detail = models.JSONField(default=dict)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace", "sequence"], name="one_sequence")]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "environment", "number", "sequence"], name="event_by_version"),
            *(
                models.Index(fields=["workspace", column, "id"], name=f"event_by_{column}")
                for column in ("actor", "name", "environment")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.name}"
