"""Store the facts of locks in the form that policies use: one row per file, shared by all locks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import transaction

from assay.core.licences.names import is_exact, normalise
from assay.core.lock import Lock as LockValue
from assay.core.lock import LockedLibrary
from assay.core.observations import observe
from assay.core.policy.facts import LibraryFact
from assay.core.report import Report
from assay.store.models import Lock, LockedFile, LockFacts
from assay.store.reads.facts import without_facts

BATCH_SIZE = 400  # keys per SQL statement


def store_facts(lock_id: int | None = None) -> int:
    """Write the facts of every lock that has none yet, or of one lock; return how many there were."""
    count, wanted = 0, without_facts() if lock_id is None else without_facts().filter(pk=lock_id)
    for lock in wanted.defer("text").iterator(chunk_size=50):
        _store(lock)
        count += 1
    return count


def _store(lock: Lock) -> None:
    value = LockValue.from_dict(lock.content)
    report = Report.from_dict(lock.report)
    licences = {one.name: one.licence for one in report.libraries}
    sizes = {one.name: one.size for one in report.libraries}
    facts = [library_fact(one, normalise(licences.get(one.name, ""))) for one in value.libraries]
    with transaction.atomic():
        rows = [LockedFile(**vars(one), size=sizes.get(one.name)) for one in facts]
        LockedFile.objects.bulk_create(rows, ignore_conflicts=True)
        stored = _stored({one.key for one in facts})
        _refine_licences(stored, {one.key: one.licence for one in facts})
        columns = {"files": sorted(one.pk for one in stored), "observations": observe(report).to_dict()}
        LockFacts.objects.get_or_create(lock=lock, defaults=columns)


def _stored(keys: set[str]) -> list[LockedFile]:
    """Return the rows of files, with their keys and licences."""
    ordered = sorted(keys)
    parts = [ordered[start : start + BATCH_SIZE] for start in range(0, len(ordered), BATCH_SIZE)]
    return [one for part in parts for one in LockedFile.objects.filter(key__in=part).only("key", "licence")]


def _refine_licences(stored: list[LockedFile], licences: dict[str, str]) -> None:
    """Write the licences that are now exact: a file may be stored since before its licence text was read."""
    changed = [one for one in stored if is_exact(licences[one.key]) and licences[one.key] != one.licence]
    for one in changed:
        one.licence = licences[one.key]
    LockedFile.objects.bulk_update(changed, ["licence"], batch_size=BATCH_SIZE)


def library_fact(library: LockedLibrary, licence: str) -> LibraryFact:
    """Return a locked library as policies use it, with long values cut to the width of their columns."""
    return LibraryFact(
        key=f"{library.file.sha256} {library.index}"[:600],
        name=library.name,
        version=library.version[:100],
        index=library.index[:500],
        wheel=library.file.is_wheel,
        licence=licence[:300],
        uploaded=_day(library.file.uploaded),
    )


def _day(text: Any) -> date | None:  # noqa: ANN401 - a value of a lock
    try:
        return datetime.fromisoformat(str(text)).date() if text else None
    except ValueError:
        return None
