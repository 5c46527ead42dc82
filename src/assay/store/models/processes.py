"""The worker processes of an installation, on any number of hosts."""

from __future__ import annotations

import uuid

from django.db import models


class WorkerProcess(models.Model):
    """A worker. It writes `seen_at`, in the time of the database, every few seconds while it works."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    release = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"worker {self.pid} on {self.host}"
