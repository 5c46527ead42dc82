"""Verifications of installed files, and periodic tasks."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

VERIFICATION_STATES = ("queued", "running", "clean", "drifted", "failed")
OPEN_VERIFICATION = ("queued", "running")


class Verification(models.Model):
    """One check of the files of a built version. `outcome` is the engine's: paths that differ, bytes, seconds."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey("Version", on_delete=models.CASCADE, related_name="verifications")
    lock = models.ForeignKey("Lock", on_delete=models.CASCADE, related_name="verifications")
    requested_by = models.CharField(max_length=150)
    state = models.CharField(max_length=16, choices=[(one, one) for one in VERIFICATION_STATES], default="queued")
    progress = models.JSONField(default=dict)
    outcome = models.JSONField(null=True, blank=True)
    handle = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["lock"], condition=models.Q(state__in=OPEN_VERIFICATION), name="one_open_verification"
            )
        ]

    def __str__(self) -> str:
        return f"verification {self.id} ({self.state})"

    @property
    def open(self) -> bool:
        """Whether the verification is queued or running."""
        return self.state in OPEN_VERIFICATION


class PeriodicTask(models.Model):
    """A task that runs at an interval. The process that moves `last_run_at` forward runs it, so it runs once."""

    name = models.CharField(max_length=32, unique=True)
    last_run_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
