"""Recording which libraries are imported: what a started process gets for it, and the count of what it reports.

A report names a version and a session, never a person: the session's key is random and kept nowhere else (decision
0017).
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path

from django.core import signing
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from assay.core.errors import ForbiddenError, NotFoundError, NotSignedInError
from assay.core.maintenance.imported_modules import imported_libraries, shared_packages
from assay.core.report import Report
from assay.engine import imports
from assay.store.models import ImportSession, LibraryUse, Version
from assay.store.reads.imports import SESSIONS

FOLDER = Path(imports.__file__).parent  # with the `sitecustomize` that reports
SALT = "assay.imports"
VALID = timedelta(days=366)  # of a ticket: longer than any process is expected to run
COUNTED_AGAIN = timedelta(days=30)  # a session that goes on counts anew: an app of months stays in the figures
FORGOTTEN = timedelta(days=8)  # after its last report; a living process reports every day
KEPT = timedelta(days=400)  # counts of a day


def recording_variables(version: Version, url: str) -> dict[str, str]:
    """Return the environment variables that make a process in a version report its imports as one session.

    `url` is the address at which that process reaches Assay. Empty where the workspace does not record imports.
    """
    if version.lock is None or not version.environment.workspace.record_imports:
        return {}
    ticket = signing.dumps([version.pk, secrets.token_hex(16)], salt=SALT)
    shared = ",".join(sorted(shared_packages(_modules(version)))) or "-"
    words = (version.digest, f"{url.rstrip('/')}/api/v1/imports", ticket, shared)
    return {"PYTHONPATH": str(FOLDER), "ASSAY_IMPORTS": " ".join(words)}


def count_imports(ticket: str, modules: Collection[str], now: datetime) -> None:
    """Count the libraries that a session has imported by now; each counts once in a session, whatever is repeated.

    Raises NotSignedInError for a ticket that is not ours or has expired, NotFoundError for a version that is gone,
    and ForbiddenError where the workspace does not record imports (any more).
    """
    key, version = _session(ticket)
    libraries = imported_libraries(modules, _modules(version))
    with transaction.atomic():
        session, is_new = ImportSession.objects.select_for_update().get_or_create(
            key=key, defaults={"version": version, "day": now.date(), "seen_at": now}
        )
        if now.date() - session.day >= COUNTED_AGAIN:
            session.day, session.libraries, is_new = now.date(), [], True
        new = libraries.difference(session.libraries)
        _add(session, {SESSIONS, *new} if is_new else new)
        session.libraries, session.seen_at = sorted(libraries.union(session.libraries)), now
        session.save()


def _session(ticket: str) -> tuple[str, Version]:
    """Return the key and the version of a ticket. Raises as `count_imports`."""
    try:
        pk, key = signing.loads(ticket, salt=SALT, max_age=VALID)
    except signing.BadSignature as error:
        raise NotSignedInError("This is no valid ticket of a session.", hint="Start the session again.") from error
    rows = Version.objects.select_related("lock", "environment__workspace").defer("lock__text", "lock__content")
    version = rows.filter(pk=pk).first()
    if version is None:
        raise NotFoundError("The version of this session is gone.", hint="Start a session in another one.")
    if not version.environment.workspace.record_imports:
        raise ForbiddenError("This workspace does not record imports.", hint="Nothing is to be done.")
    return key, version


def _add(session: ImportSession, libraries: Collection[str]) -> None:
    """Count a session for libraries, on the day on which it began."""
    rows = [LibraryUse(version_id=session.version_id, day=session.day, library=one) for one in sorted(libraries)]
    LibraryUse.objects.bulk_create(rows, ignore_conflicts=True)
    LibraryUse.objects.filter(
        version=session.version_id, day=session.day, library__in=[one.library for one in rows]
    ).update(sessions=F("sessions") + 1)


def _modules(version: Version) -> dict[str, tuple[str, ...]]:
    """Return the importable modules of each library of a version; none before it is built."""
    if version.lock is None:
        return {}
    return {one.name: one.modules for one in Report.from_dict(version.lock.report).libraries}


def remove_old(now: datetime | None = None) -> int:
    """Remove sessions that report no more, and counts that no figure reads; return the number of rows."""
    now = now or timezone.now()
    sessions, _ = ImportSession.objects.filter(seen_at__lt=now - FORGOTTEN).delete()
    counts, _ = LibraryUse.objects.filter(day__lt=(now - KEPT).date()).delete()
    return sessions + counts
