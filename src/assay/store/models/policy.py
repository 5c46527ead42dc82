"""Policies, verdicts and waivers."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class PolicyRevision(models.Model):
    """A policy as it stood from a moment on: revised, never edited. Revision 0, the default, has no row."""

    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE, related_name="policies")
    number = models.PositiveIntegerField()
    document = models.JSONField()
    note = models.TextField(blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace", "number"], name="one_policy_number")]

    def __str__(self) -> str:
        return f"policy {self.number} of {self.workspace_id}"


class Assessment(models.Model):
    """The newest verdict on a version: under which policy and feed (None: not assessed), on which day and lock."""

    version = models.OneToOneField("Version", on_delete=models.CASCADE, primary_key=True, related_name="assessment")
    digest = models.CharField(max_length=64)
    policy = models.PositiveIntegerField()
    feed = models.ForeignKey("Feed", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    findings = models.JSONField()
    blocking = models.PositiveIntegerField()
    warnings = models.PositiveIntegerField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"verdict on version {self.version_id}"


class Waiver(models.Model):
    """An accepted exception in one environment: it holds for the fact that `key` names, in any of its versions."""

    environment = models.ForeignKey("Environment", on_delete=models.CASCADE, related_name="waivers")
    version = models.ForeignKey("Version", on_delete=models.CASCADE, related_name="waivers")
    key = models.CharField(max_length=700)
    finding = models.JSONField()
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)  # that it ends soon

    class Meta:
        indexes: ClassVar = [models.Index(fields=["environment", "key"], name="waiver_by_fact")]

    def __str__(self) -> str:
        return self.key


class HealthEntry(models.Model):
    """What changed on a published version, for a reviewer to look at. At most one per version is open."""

    version = models.ForeignKey("Version", on_delete=models.CASCADE, related_name="health_entries")
    findings = models.JSONField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    why_closed = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["version"], condition=models.Q(closed_at=None), name="one_open_health_entry"
            )
        ]

    def __str__(self) -> str:
        return f"health of version {self.version_id}"


class Watch(models.Model):
    """Under which policy, feed and day all published versions of a workspace were assessed last."""

    workspace = models.OneToOneField("Workspace", on_delete=models.CASCADE, primary_key=True, related_name="watch")
    policy = models.PositiveIntegerField()
    feed = models.PositiveBigIntegerField(null=True, blank=True)
    day = models.DateField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"watch of {self.workspace_id}"
