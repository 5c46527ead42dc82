"""Store the facts of locks in the form that policies use: one row per file, shared by all locks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import transaction

from assay.core.licences.names import normalise
from assay.core.lock import Lock as LockValue
from assay.core.lock import LockedLibrary
from assay.core.policy.facts import LibraryFact
from assay.store.models import Lock, LockedFile, LockFacts
from assay.store.reads.facts import without_facts

BATCH_SIZE = 400  # keys per SQL statement


def store_facts() -> int:
    """Write the facts of every lock that has none yet; return how many there were."""
    count = 0
    for lock in without_facts().defer("text").iterator(chunk_size=50):
        _store(lock)
        count += 1
    return count


def _store(lock: Lock) -> None:
    value = LockValue.from_dict(lock.content)
    licences = {one["name"]: str(one.get("licence", "")) for one in lock.report["libraries"]}
    facts = [library_fact(one, normalise(licences.get(one.name, ""))) for one in value.libraries]
    with transaction.atomic():
        LockedFile.objects.bulk_create([LockedFile(**vars(one)) for one in facts], ignore_conflicts=True)
        keys = [one.key for one in facts]
        numbers: list[int] = []
        for start in range(0, len(keys), BATCH_SIZE):
            part = keys[start : start + BATCH_SIZE]
            numbers += LockedFile.objects.filter(key__in=part).values_list("pk", flat=True)
        LockFacts.objects.get_or_create(lock=lock, defaults={"files": sorted(numbers)})


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
