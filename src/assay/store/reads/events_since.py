"""What the audit log says since a position in it: read in its order and with a bound, whatever its length."""

from __future__ import annotations

from assay.store.models import Event
from assay.store.statements import Parameter, Statement

MOST = 20_000  # events that are read; who is further behind begins anew
Position = tuple[int, str]  # the sequence and the hash of an event; (0, '') before the first one
# Only in the order of the log do databases read no more than these; for DISTINCT they would walk through all events.
AFTER = Statement(
    lambda: (
        Event.objects.filter(workspace_id=Parameter("workspace"), sequence__gt=Parameter("sequence"))
        .order_by("sequence")
        .values_list("name", "environment")
    )
)


def events_since(workspace_id: int, position: Position) -> list[tuple[str, str]] | None:
    """Return the name and environment ('' for none) of each event after a position: two queries.

    None when there are more than `MOST`, or when the log is not the one of the position, e.g. a restored one.
    """
    if not continues(workspace_id, position):
        return None
    found = AFTER.rows(workspace=workspace_id, sequence=position[0], limit=MOST + 1)
    return found if len(found) <= MOST else None


def continues(workspace_id: int, position: Position) -> bool:
    """Return whether the audit log of a workspace continues one that ended at a position."""
    sequence, head = position
    return not sequence or Event.objects.filter(workspace_id=workspace_id, sequence=sequence, hash=head).exists()
