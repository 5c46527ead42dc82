"""Builds and the locks that they produce."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

from assay.core.lifecycle import ACTIVE_BUILD, BuildState


class Lock(models.Model):
    """A lock, unique by digest: its text (TOML) and the report of the environment built from it.

    `content` is the same as JSON, which parses fifty times as fast; `size` is installed bytes. `drift` is the
    outcome of the last verification that found drifted files, null while there are none.
    """

    digest = models.CharField(max_length=64, unique=True)
    text = models.TextField()
    content = models.JSONField()
    python = models.CharField(max_length=8)
    platform = models.CharField(max_length=64)
    libraries_count = models.PositiveIntegerField()
    size = models.BigIntegerField()
    report = models.JSONField()
    drift = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest[:12]


class LockedLibrary(models.Model):
    """One library of a lock, for queries across environments ("also in", disk usage).

    `file` is the SHA-256 of the file it is installed from, `size` its installed bytes.
    """

    lock = models.ForeignKey(Lock, on_delete=models.CASCADE, related_name="locked_libraries")
    name = models.CharField(max_length=200)
    version = models.CharField(max_length=100)
    file = models.CharField(max_length=64, blank=True, default="")
    size = models.BigIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["name", "version"], name="locked_by_name"),
            models.Index(fields=["file"], name="locked_by_file"),
        ]
        constraints: ClassVar = [models.UniqueConstraint(fields=["lock", "name"], name="one_name_per_lock")]

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


class Build(models.Model):
    """One attempt to build a version; never deleted. `progress`, `steps` and `failure` come from the engine.

    A `repair` builds the version's own lock again and replaces drifted files.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey("Version", on_delete=models.CASCADE, related_name="builds")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=16, choices=[(one.value, one.value) for one in BuildState])
    request = models.JSONField()
    progress = models.JSONField(default=dict)
    steps = models.JSONField(default=dict)
    failure = models.JSONField(null=True, blank=True)
    handle = models.JSONField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True, default="")
    reused = models.BooleanField(default=False)
    repair = models.BooleanField(default=False)
    cancel_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["version"],
                condition=models.Q(state__in=[state.value for state in ACTIVE_BUILD]),
                name="one_active_build",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["state", "created_at"], name="build_queue")]

    def __str__(self) -> str:
        return f"build {self.id} ({self.state})"

    @property
    def active(self) -> bool:
        """Whether the build has not ended."""
        return self.state in ACTIVE_BUILD
