"""Store an advisory feed: write new and changed records, remove those that are gone, leave the rest untouched."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from assay.core.advisories.advisory import Advisory
from assay.store.models import AdvisoryRecord, Feed

BATCH_SIZE = 500  # rows per SQL statement


@dataclass(kw_only=True)
class Changes:
    """The difference between a new feed and the stored records. `seen` are all identifiers of the new feed."""

    seen: set[str] = field(default_factory=set)
    rows: list[AdvisoryRecord] = field(default_factory=list)

    def take(self, name: str, digest: str, advisory: Advisory | None, *, malformed: bool = False) -> None:
        """Add a record that is new or changed. `advisory` is None for a record that is malformed or not used."""
        document = advisory.to_dict() if advisory else None
        self.rows.append(AdvisoryRecord(id=name, digest=digest, malformed=malformed, document=document))


def known_digests() -> dict[str, str]:
    """Return the SHA-256 of each stored record by identifier."""
    return dict(AdvisoryRecord.objects.values_list("id", "digest"))


def keep(changes: Changes, known: dict[str, str], *, source: str, digest: str) -> Feed:
    """Write a feed in one transaction, so that a reader sees either the old feed or the new one."""
    gone = [name for name in known if name not in changes.seen]
    with transaction.atomic():
        for start in range(0, len(gone), BATCH_SIZE):
            AdvisoryRecord.objects.filter(pk__in=gone[start : start + BATCH_SIZE]).delete()
        AdvisoryRecord.objects.bulk_create(
            changes.rows,
            batch_size=BATCH_SIZE,
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["digest", "malformed", "document"],
        )
        changed = sum(row.id in known for row in changes.rows)
        used = AdvisoryRecord.objects.filter(document__isnull=False)
        return Feed.objects.create(
            source=source[:500],
            digest=digest,
            records=used.count(),
            malformed=AdvisoryRecord.objects.filter(malformed=True).count(),
            added=len(changes.rows) - changed,
            changed=changed,
            removed=len(gone),
            newest=max(used.values_list("document__modified", flat=True), default=""),
            loaded_at=timezone.now(),
        )
