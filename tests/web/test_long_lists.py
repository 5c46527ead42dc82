"""Lists that were whole once: members, notifications and the history of a version go on page by page."""

from __future__ import annotations

import re

import pytest
from api.test_api import Caller
from django.utils import timezone
from support.people import draft, person
from web.test_pages import visitor

from assay.core.roles import Role
from assay.store.models import Membership, Notification, Person
from assay.store.reads.audit_log import version_events

pytestmark = pytest.mark.django_db


def test_members_are_paged_and_found() -> None:
    """By name, role or group; the heading counts all."""
    root = person("root", Role.ADMIN)
    people = Person.objects.bulk_create(Person(username=f"p{number:03}") for number in range(120))
    Membership.objects.bulk_create(
        Membership(workspace_id=root.workspace_id, person=one, role="member", groups=[f"g-{one.username}"])
        for one in people
    )
    client = visitor(root)
    text = client.get("/admin/workspace/").content.decode()
    assert (text.count('class="strong">p'), '<span class="count">121</span>' in text) == (50, True)
    (cursor,) = re.findall(r'href="\?from=([^"]+)">Next page', text)
    assert "p050" in client.get(f"/admin/workspace/?from={cursor}").content.decode()
    for words in ("P077", "G-p077"):
        assert client.get(f"/admin/workspace/?text={words}").content.decode().count('class="strong">p') == 1
    assert 'class="strong">root' in client.get("/admin/workspace/?text=admin&sort=-groups").content.decode()


def test_notifications_go_on() -> None:
    """On the page and in the API, newest first."""
    ana = person("ana")
    Notification.objects.bulk_create(
        Notification(
            workspace_id=ana.workspace_id, person_id=ana.id, sequence=number, event="x", environment="geo", number=1,
            text=f"news {number}.", at=timezone.now(),
        )
        for number in range(150)
    )  # fmt: skip
    client = visitor(ana)
    text = client.get("/notifications/").content.decode()
    assert ("news 149." in text, "news 49." in text, "Export" in text) == (True, False, False)
    (cursor,) = re.findall(r'href="\?from=([^"]+)">Next page', text)
    assert "news 49." in client.get(f"/notifications/?from={cursor}").content.decode()
    first = Caller(ana).get("/notices?limit=2").json()
    second = Caller(ana).get(f"/notices?limit=2&cursor={first['next']}").json()
    assert [one["words"] for one in (*first["items"], *second["items"])] == [
        f"news {n}." for n in (149, 148, 147, 146)
    ]


def test_a_history_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last events of a version, oldest first."""
    ana = person("ana")
    version = draft(ana, "geo")
    every = version_events(ana.workspace_id, "geo", version.number)
    monkeypatch.setattr("assay.store.reads.audit_log.OF_VERSION", 1)
    assert version_events(ana.workspace_id, "geo", version.number) == every[-1:]
