"""The tables of Workspace and Webhooks sort, narrow and export."""

from __future__ import annotations

import pytest
from django.utils import timezone
from support.people import person, visitor
from support.tables import exported, first_cells

from assay.core.roles import Actor, Role
from assay.flow.notify.webhooks import add_webhook
from assay.flow.review.approval import set_groups
from assay.store.models import Delivery

pytestmark = pytest.mark.django_db


@pytest.fixture
def eva() -> Actor:
    """Return an administrator; ana and ben are members too, ben decides for `security`."""
    eva = person("eva", Role.ADMIN)
    person("ana")
    person("ben", Role.REVIEWER)
    set_groups(eva, "ben", ("security",))
    return eva


def test_members_sort_narrow_and_export(eva: Actor) -> None:
    """By name, role or group."""
    client, address = visitor(eva), "/admin/workspace/"
    assert first_cells(client.get(address)) == ["ana", "ben", "eva"]
    assert first_cells(client.get(f"{address}?sort=-name")) == ["eva", "ben", "ana"]
    assert first_cells(client.get(f"{address}?text=SECUR")) == ["ben"]
    assert "No member matches" in client.get(f"{address}?text=zz").content.decode()
    rows = exported(client.get(f"{address}?format=csv&sort=role"))
    assert [(row["name"], row["role"], row["groups"]) for row in rows] == [
        ("eva", "admin", ""),
        ("ana", "member", ""),
        ("ben", "reviewer", "security"),
    ]


def test_deliveries_say_their_state_and_export(eva: Actor) -> None:
    """Newest first; each is delivered, queued or failed, and a failed one says why in the file."""
    client, address = visitor(eva), "/admin/webhooks/"
    assert "No deliveries yet" in client.get(address).content.decode()
    hook = add_webhook(eva, url="https://chat.example.com/hook", events=(), allow_private=False).record
    now = timezone.now()
    Delivery.objects.create(webhook=hook, sequence=7, event="version.published", attempts=1, delivered_at=now)
    Delivery.objects.create(webhook=hook, sequence=8, event="version.rejected", attempts=2, next_at=now)
    Delivery.objects.create(webhook=hook, sequence=9, event="version.retired", attempts=9, error="answered 500")
    assert first_cells(client.get(address)) == ["9", "8", "7"]
    assert first_cells(client.get(f"{address}?sort=attempts")) == ["7", "8", "9"]
    rows = exported(client.get(f"{address}?format=json&sort=event"))
    assert [(row["event"], row["state"], row["error"]) for row in rows] == [
        ("version.published", "delivered", ""),
        ("version.rejected", "queued", ""),
        ("version.retired", "failed", "answered 500"),
    ]
