"""Policies, assessments and waivers."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class PolicyRevision(models.Model):
    """One revision of a policy. Revisions never change; revision 0, the default policy, has no row."""

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
    """The last assessment of a version, with its policy, advisory feed (None: not assessed), day and lock."""

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
        return f"assessment of version {self.version_id}"


class Waiver(models.Model):
    """An accepted exception in one environment: it covers the finding with this `key` in all versions.

    `expiry_notified_at` is when people were notified that it expires soon.
    """

    environment = models.ForeignKey("Environment", on_delete=models.CASCADE, related_name="waivers")
    version = models.ForeignKey("Version", on_delete=models.CASCADE, related_name="waivers")
    key = models.CharField(max_length=700)
    finding = models.JSONField()
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    expiry_notified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["environment", "key"], name="waiver_by_fact")]

    def __str__(self) -> str:
        return self.key


class HealthIssue(models.Model):
    """New findings of a published version that a reviewer has to settle. At most one per version is open."""

    version = models.ForeignKey("Version", on_delete=models.CASCADE, related_name="health_issues")
    findings = models.JSONField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    close_reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["version"], condition=models.Q(closed_at=None), name="one_open_health_issue"
            )
        ]

    def __str__(self) -> str:
        return f"health issue of version {self.version_id}"


class WorkspaceAssessment(models.Model):
    """The policy, feed and day of the last assessment of all published versions of a workspace."""

    workspace = models.OneToOneField(
        "Workspace", on_delete=models.CASCADE, primary_key=True, related_name="last_assessment"
    )
    policy = models.PositiveIntegerField()
    feed = models.PositiveBigIntegerField(null=True, blank=True)
    day = models.DateField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"assessment of workspace {self.workspace_id}"
