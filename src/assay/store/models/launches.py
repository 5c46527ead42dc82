"""Uses of versions: servers, runtimes, runs, and the record of every launch."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

USES = ("studio", "run", "app", "kernel", "pull")
SERVER_STATES = ("starting", "ready", "failed", "stopping", "stopped")
RUNTIME_KINDS = ("script", "notebook", "app")
RUN_STATES = ("queued", "running", "succeeded", "failed", "cancelled", "timeout", "lost")


class Launch(models.Model):
    """One use of a version, with the digest of the lock that ran.

    `size` is the size of a Studio server. Daily sums contain it up to `counted_until`, None for not at all;
    `counted` is true when nothing is left to add.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    environment = models.ForeignKey("Environment", on_delete=models.CASCADE, related_name="launches")
    version = models.ForeignKey("Version", on_delete=models.CASCADE, related_name="launches")
    kind = models.CharField(max_length=16, choices=[(one, one) for one in USES])
    digest = models.CharField(max_length=64)
    target_id = models.CharField(max_length=64)
    runtime = models.ForeignKey("Runtime", null=True, blank=True, on_delete=models.SET_NULL, related_name="launches")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    size = models.CharField(max_length=32, blank=True, default="")
    counted_until = models.DateTimeField(null=True, blank=True)
    counted = models.BooleanField(default=False)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=models.Q(counted=False), name="launch_to_count"),
            models.Index(fields=["environment", "started_at", "person", "runtime"], name="launch_use"),
            models.Index(fields=["person", "-started_at"], name="launch_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.target_id}"


class Server(models.Model):
    """A Studio server of one person in one version. `id` is also its name at the Hub (hex, 12).

    `application` and `size` are short names, `file` what the application opens. `next_version` is the
    version in which it starts again after it has stopped.
    """

    id = models.CharField(primary_key=True, max_length=32)
    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE, related_name="servers")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey("Version", on_delete=models.PROTECT, related_name="servers")
    digest = models.CharField(max_length=64)
    application = models.CharField(max_length=32, default="lab")
    file = models.CharField(max_length=500, blank=True, default="")
    size = models.CharField(max_length=32, blank=True, default="")
    next_version = models.ForeignKey("Version", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=16, choices=[(one, one) for one in SERVER_STATES])
    progress = models.PositiveSmallIntegerField(default=0)
    message = models.TextField(blank=True, default="")
    address = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["person", "state"], name="server_by_person"),
            models.Index(fields=["state"], name="server_by_state"),
            models.Index(fields=["workspace", "person", "-created_at"], name="server_of_person"),
        ]

    def __str__(self) -> str:
        return f"server {self.id} ({self.state})"


class StudioApplication(models.Model):
    """An application that an administrator added (see core.applications)."""

    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE, related_name="applications")
    slug = models.CharField(max_length=32)
    name = models.CharField(max_length=60)
    argv = models.JSONField()
    needs = models.JSONField(default=list)
    strips = models.BooleanField(default=False)
    icon = models.CharField(max_length=16, default="app")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace", "slug"], name="one_application_slug")]

    def __str__(self) -> str:
        return self.slug


class Runtime(models.Model):
    """A project that runs in a published version. `environment` is `name` (its active version) or `name@number`.

    `schedule` is a cron expression in `timezone`, `next_at` the time of its next run; `message` is the last error.
    For an app, `app` names its application, `enabled` keeps it running, `serving_run` is the process that visitors
    reach, `failures` counts failures in a row and `restart_at` is the time of the next restart. All members of the
    workspace may run a `shared` project and open a shared app.
    """

    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE, related_name="runtimes")
    slug = models.CharField(max_length=32)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=16, choices=[(one, one) for one in RUNTIME_KINDS])
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    environment = models.CharField(max_length=64)
    source = models.JSONField()
    entry = models.CharField(max_length=200, default="main.py")
    arguments = models.JSONField(default=list)
    parameters = models.JSONField(default=dict)
    secrets = models.JSONField(default=list)
    limits = models.JSONField(default=dict)
    retries = models.PositiveSmallIntegerField(default=0)
    schedule = models.CharField(max_length=100, blank=True, default="")
    timezone = models.CharField(max_length=64, default="UTC")
    next_at = models.DateTimeField(null=True, blank=True, db_index=True)
    message = models.TextField(blank=True, default="")
    shared = models.BooleanField(default=False)
    app = models.CharField(max_length=32, blank=True, default="")
    enabled = models.BooleanField(default=False)
    serving_run = models.ForeignKey("Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    failures = models.PositiveIntegerField(default=0)
    restart_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace", "slug"], name="one_runtime_slug")]

    def __str__(self) -> str:
        return self.slug


class Run(models.Model):
    """One run of a runtime. `source` is a copy of what ran; `seconds` and `peak_memory` (bytes) are set at its end.

    `commit` is the commit of the files that ran, if they came from a repository. The process of an app listens at
    `port` on loopback and has responded since `healthy_at`.

    A retry is a new run whose `retry_of` is the failed one; `attempt` counts from 1.
    A `trial` ran in another version than the project's own, to test that version.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    runtime = models.ForeignKey(Runtime, on_delete=models.CASCADE, related_name="runs")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey("Version", on_delete=models.PROTECT, related_name="runs")
    digest = models.CharField(max_length=64)
    source = models.JSONField()
    entry = models.CharField(max_length=200)
    arguments = models.JSONField(default=list)
    parameters = models.JSONField(default=dict)
    secrets = models.JSONField(default=list)
    limits = models.JSONField(default=dict)
    attempt = models.PositiveSmallIntegerField(default=1)
    retry_of = models.OneToOneField("self", null=True, blank=True, on_delete=models.CASCADE, related_name="retry")
    commit = models.CharField(max_length=64, blank=True, default="")
    port = models.PositiveIntegerField(null=True, blank=True)
    healthy_at = models.DateTimeField(null=True, blank=True)
    trial = models.BooleanField(default=False)
    scheduled_for = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=[(one, one) for one in RUN_STATES])
    exit_code = models.IntegerField(null=True, blank=True)
    message = models.TextField(blank=True, default="")
    handle = models.JSONField(null=True, blank=True)
    cancel_requested = models.BooleanField(default=False)
    seconds = models.FloatField(null=True, blank=True)
    peak_memory = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "created_at"], name="run_queue"),
            models.Index(fields=["person", "started_at"], name="run_by_person"),
            models.Index(fields=["runtime", "-created_at"], name="run_by_runtime"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["runtime", "scheduled_for"], name="one_run_per_time")
        ]

    def __str__(self) -> str:
        return f"run {self.id} ({self.state})"


class Secret(models.Model):
    """A value that one person passes to their runs by name. Only a run receives it decrypted."""

    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE, related_name="secrets")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="secrets")
    name = models.CharField(max_length=64)
    encrypted_value = models.TextField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "owner", "name"], name="one_secret_name")
        ]

    def __str__(self) -> str:
        return self.name


class Application(models.Model):
    """A way to start apps that an administrator added. `argv` is a template; `needs` names a library."""

    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE, related_name="app_applications")
    slug = models.CharField(max_length=32)
    argv = models.JSONField()
    needs = models.CharField(max_length=200, blank=True, default="")
    health = models.CharField(max_length=200, default="/")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "slug"], name="one_app_application_slug")
        ]

    def __str__(self) -> str:
        return self.slug
