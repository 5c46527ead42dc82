"""Which workers there are: each says that it works, in the time of the database, so that no clock has to agree."""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from assay.store.models import WorkerProcess

FORGOTTEN = timedelta(days=1)  # after which a worker that was not seen is removed from the list


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A worker process; `silent` is the time since it was seen last."""

    host: str
    pid: int
    release: str
    silent: timedelta


def announce() -> uuid.UUID:
    """Enter this process as a worker, remove those that are forgotten, and return its id."""
    WorkerProcess.objects.filter(seen_at__lt=Now() - FORGOTTEN).delete()
    row = WorkerProcess(host=socket.gethostname(), pid=os.getpid(), release=version("assay"))
    row.started_at = row.seen_at = Now()
    row.save(force_insert=True)
    return row.pk


def mark_seen(worker: uuid.UUID) -> bool:
    """Write that a worker works; return whether it is in the list still."""
    return bool(WorkerProcess.objects.filter(pk=worker).update(seen_at=Now()))


def leave(worker: uuid.UUID) -> None:
    """Remove a worker that ends."""
    WorkerProcess.objects.filter(pk=worker).delete()


def list_workers() -> list[Worker]:
    """Return the workers by host, those seen last first: one query."""
    silent = ExpressionWrapper(Now() - F("seen_at"), output_field=DurationField())
    rows = WorkerProcess.objects.annotate(silent=silent).order_by("host", "-seen_at")
    return [Worker(host=one.host, pid=one.pid, release=one.release, silent=one.silent) for one in rows]
