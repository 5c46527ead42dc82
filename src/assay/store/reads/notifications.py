"""The notifications of a person, newest first."""

from __future__ import annotations

from django.db.models import F

from assay.core.roles import Actor
from assay.store.models import Notification
from assay.store.reads.keyset import Page, read_page
from assay.store.reads.ordering import Columns, Order

ORDERS: Columns = {"sequence": F("sequence")}
NEWEST = Order(name="sequence", descending=True)


def notifications_of(actor: Actor, *, limit: int, cursor: str = "") -> Page[Notification]:
    """Return a page of the actor's notifications: one query."""
    rows = Notification.objects.filter(workspace_id=actor.workspace_id, person_id=actor.id)
    return read_page(rows, ORDERS, NEWEST, limit=limit, cursor=cursor)
