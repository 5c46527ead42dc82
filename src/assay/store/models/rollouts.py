"""Roll-outs of a new version to a pilot group, and waves of new versions after their base."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from assay.core.maintenance.wave_plan import Target

ROLLOUT_STATES = ("pilot", "completed", "halted", "stopped")
WAVE_STATES = ("running", "done", "stopped")
TARGET_STATES = tuple(state.value for state in Target)


class Rollout(models.Model):
    """The roll-out of a published version: `people` and `groups` get it first, everyone after the pilot.

    The pilot ends after `starts_needed` successful starts or `days_needed` days without a failure (0: not used).
    `starts` and `failures` are counted in this version, `starts_before` and `failures_before` in the version before.
    """

    version = models.OneToOneField("Version", on_delete=models.CASCADE, primary_key=True, related_name="rollout")
    before = models.ForeignKey("Version", null=True, on_delete=models.CASCADE, related_name="+")
    people = models.JSONField(default=list)
    groups = models.JSONField(default=list)
    starts_needed = models.PositiveIntegerField(default=0)
    days_needed = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=16, choices=[(one, one) for one in ROLLOUT_STATES])
    starts = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    starts_before = models.PositiveIntegerField(default=0)
    failures_before = models.PositiveIntegerField(default=0)
    message = models.TextField(blank=True, default="")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"roll-out of version {self.version_id} ({self.state})"


class Wave(models.Model):
    """New versions of the environments that build on an older version of a base, on `base`.

    `skipped` lists environments that are no targets, each with `environment`, `reference` and `reason`. `message`
    says why it was stopped; `delete_drafts`: the drafts that it left when it was stopped are deleted.
    """

    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE, related_name="waves")
    base = models.ForeignKey("Version", on_delete=models.CASCADE, related_name="waves")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    automatic = models.BooleanField(default=False)
    state = models.CharField(max_length=16, choices=[(one, one) for one in WAVE_STATES])
    skipped = models.JSONField(default=list)
    message = models.TextField(blank=True, default="")
    delete_drafts = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"wave {self.pk} ({self.state})"


class WaveTarget(models.Model):
    """One environment of a wave: the version that is behind, and its new version once that is drafted.

    A target of level 2 or higher waits until the environment that it builds on is published in the same wave.
    `message` says why it failed; `changes` counts libraries (`added`, `removed`, `changed`) and open findings
    (`blocking`, `warnings`).
    """

    wave = models.ForeignKey(Wave, on_delete=models.CASCADE, related_name="targets")
    source = models.ForeignKey("Version", on_delete=models.CASCADE, related_name="+")
    draft = models.ForeignKey(
        "Version", null=True, blank=True, on_delete=models.SET_NULL, related_name="wave_targets"
    )
    level = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=16, choices=[(one, one) for one in TARGET_STATES])
    message = models.TextField(blank=True, default="")
    changes = models.JSONField(default=dict)
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["wave", "source"], name="one_wave_target")]
        indexes: ClassVar = [models.Index(fields=["state", "wave"], name="wave_target_state")]

    def __str__(self) -> str:
        return f"{self.source_id} in wave {self.wave_id}"
