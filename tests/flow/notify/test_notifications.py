"""Notifications: sent once to those concerned, by page, email and webhook, whatever crashes on the way."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from support.people import built, draft, lock_of, person
from support.receivers import http_receiver, mail_server

from assay.core.errors import ForbiddenError, InvalidInputError, NotFoundError
from assay.core.roles import Actor, Role
from assay.flow import retire
from assay.flow.assess.assess import verdict
from assay.flow.compose.draft import new_version
from assay.flow.maintenance.reinstate import reinstate
from assay.flow.notify import notifications
from assay.flow.notify.webhooks import MOST, PAUSES, add_webhook, deliver, remove_webhook, send_again, try_webhook
from assay.flow.people import find_person, set_mail
from assay.flow.review import review
from assay.flow.review.waive import record_expiring_waivers
from assay.jobs.delivery import GATHER, DeliveryThread
from assay.store.models import Delivery, Launch, Notification, Person, Runtime, Version, Waiver, Webhook, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> tuple[Actor, Actor, Actor]:
    """Return ana, ben who reviews, eva who administers; geo@1 of ana waits, and all of it was told."""
    ana, ben, eva = person("ana"), person("ben", Role.REVIEWER), person("eva", Role.ADMIN)
    draft(ana, "geo", "six")
    built(ana, "geo", lock=lock_of({"six": "1.16.0"}))
    notifications.advance()
    return ana, ben, eva


def submitted(ana: Actor) -> None:
    """Submit geo@1 and tell it."""
    review.submit(ana, "geo", 1, "please\nand soon")
    notifications.advance()


def published(people: tuple[Actor, Actor, Actor]) -> Version:
    """Publish geo@1 and tell it."""
    ana, ben, _ = people
    review.submit(ana, "geo", 1, "please")
    version = review.approve(ben, "geo", 1, digest=Version.objects.get().digest)
    notifications.advance()
    return version


def told(actor: Actor) -> list[str]:
    """Return what a person was told, oldest first."""
    return list(Notification.objects.filter(person_id=actor.id).order_by("sequence").values_list("text", flat=True))


def test_those_whom_it_concerns_are_told_once(people: tuple[Actor, Actor, Actor]) -> None:
    """Reviewers of a submission, its author of the decision; nobody of what they did themselves."""
    ana, ben, eva = people
    published(people)
    assert told(ben) == ["ana submitted geo@1 for publishing: please"]
    assert told(eva) == told(ben)
    assert told(ana) == ["ben approved geo@1.", "geo@1 is published."]
    assert not notifications.advance()
    Workspace.objects.update(notified_up_to=0)
    notifications.advance()
    assert told(ben) == ["ana submitted geo@1 for publishing: please"], "told once, also when read again"


def test_who_uses_it_is_told_of_its_end(people: tuple[Actor, Actor, Actor]) -> None:
    """A launch within 90 days, a project that runs in it, a version built on it; not who launched it long ago."""
    lea, max_, old, kim = person("lea"), person("max"), person("old"), person("kim")
    version = published(people)
    common = {"environment": version.environment, "version": version, "kind": "server", "digest": version.digest}
    for actor, days in ((lea, 80), (old, 100)):
        at = timezone.now() - timedelta(days=days)
        Launch.objects.create(person_id=actor.id, target_id=actor.name, started_at=at, **common)
    Runtime.objects.create(
        workspace_id=max_.workspace_id,
        slug="figures",
        title="Figures",
        kind="script",
        owner_id=max_.id,
        environment="geo",
        source={"kind": "inline", "files": {}},
        created_at=timezone.now(),
        updated_at=timezone.now(),
    )
    draft(kim, "own", base="geo@1")
    draft(kim, "other", "six")
    retire.deprecate(people[1], "geo", 1, reason="too old", ends_at=datetime(2090, 6, 30, tzinfo=UTC))
    notifications.advance()
    words = "geo@1 is deprecated: too old. It ends on 2090-06-30."
    assert told(lea) == told(max_) == told(kim) == [words]
    assert told(old) == []
    retire.change_deprecation(people[1], "geo", 1, reason="too old")
    retire.retire(people[2], "geo", 1, reason="gone")
    reinstate(people[2], "geo", 1)
    retire.restore(people[1], "geo", 1)
    notifications.advance()
    ends = [
        "The deprecation of geo@1 has changed: too old",
        "geo@1 is retired and cannot be launched: gone",
        "geo@1 is no longer retired.",
        "geo@1 is published again.",
    ]
    assert told(lea)[1:] == told(kim)[1:] == ends
    assert [one for one in told(max_) if "means" not in one][1:] == ends, "their project follows the name"


def test_a_crash_between_event_and_notice_loses_nothing(
    people: tuple[Actor, Actor, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written of a step that fell over is gone with it, and all of it comes again."""
    ana, ben, _ = people
    review.submit(ana, "geo", 1, "please")

    def fall(*_: object) -> None:
        raise OSError("the machine went away")

    monkeypatch.setattr(notifications, "_deliveries", fall)
    with pytest.raises(OSError, match="went away"):
        notifications.advance()
    assert told(ben) == []
    monkeypatch.undo()
    notifications.advance()
    assert told(ben) == ["ana submitted geo@1 for publishing: please"]


def test_the_bell_and_the_page(people: tuple[Actor, Actor, Actor]) -> None:
    """What was not read is counted on every page; reading leads to the version; others' notices stay theirs."""
    ana, ben, eva = people
    submitted(ana)
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(find_person("ben"), "allauth.account.auth_backends.AuthenticationBackend")
    assert "Notifications, 1 unread" in client.get("/environments/").content.decode()
    page = client.get("/notifications/").content.decode()
    assert "ana submitted geo@1 for publishing: please and soon" in page
    mine, other = (Notification.objects.get(person_id=one.id) for one in (ben, eva))
    assert client.post("/notifications/read", {"notice": other.pk})["Location"] == "/notifications/"
    other.refresh_from_db()
    assert other.read_at is None
    submitted_again = Notification.objects.create(**{**_columns(mine), "sequence": 9999})
    assert client.post("/notifications/read", {"notice": submitted_again.pk})["Location"] == "/environments/geo/1/"
    client.post("/notifications/read")
    assert "unread" not in client.get("/environments/").content.decode()


def _columns(notice: Notification) -> dict[str, Any]:
    names = ("workspace_id", "person_id", "event", "environment", "number", "text", "at")
    return {name: getattr(notice, name) for name in names}


def due(settings: LazySettings, port: int) -> DeliveryThread:
    """Let a mail server be there, and what is due be old enough."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", port, False
    Notification.objects.update(at=timezone.now() - GATHER)
    return DeliveryThread()


def test_mails_are_gathered_and_sent_once(people: tuple[Actor, Actor, Actor], settings: LazySettings) -> None:
    """One mail of several notices, no header from anybody's words; none to those who want none."""
    ana, ben, eva = people
    for actor in (ben, eva):
        set_mail(find_person(actor.name), f"{actor.name}@example.org", wanted=actor is ben)
    submitted(ana)
    review.withdraw(ana, "geo", 1)
    review.submit(ana, "geo", 1, "again\r\nBcc: everybody@example.org")
    notifications.advance()
    with mail_server() as server:
        post = due(settings, server.port)
        post.step()
        post.step()
        assert [to for to, _ in server.mails] == ["ben@example.org"]
        text = server.mails[0][1]
        assert "Subject: Assay: 2 notifications" in text
        assert "- ana submitted geo@1 for publishing: please and soon" in text
        assert f"{settings.PUBLIC_URL}/environments/geo/1/" in text
        assert not re.search(r"^Bcc:", text, re.MULTILINE)
    assert not Notification.objects.filter(mail="due").exists()


def test_a_mail_server_that_refuses_is_asked_later(
    people: tuple[Actor, Actor, Actor], settings: LazySettings
) -> None:
    """Nothing is lost; it is left alone for a while."""
    ana, ben, _ = people
    set_mail(find_person("ben"), "ben@example.org", wanted=True)
    submitted(ana)
    with mail_server() as server:
        post = due(settings, server.port)
        server.broken = True
        post.step()
        server.broken = False
        post.step()
        assert server.mails == [], "not at once"
        assert Notification.objects.get(person_id=ben.id).mail == "due"
        due(settings, server.port).step()
        assert len(server.mails) == 1


def test_without_a_mail_server_nothing_is_sent(people: tuple[Actor, Actor, Actor]) -> None:
    """The notice stands behind the bell, and the account says that no mails are sent."""
    ana, ben, _ = people
    set_mail(find_person("ben"), "ben@example.org", wanted=True)
    submitted(ana)
    DeliveryThread().step()
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(find_person("ben"), "allauth.account.auth_backends.AuthenticationBackend")
    assert "This installation sends no email" in client.get("/me/").content.decode()
    client.post("/me/mail", {"email": "no address"})
    assert Person.objects.get(username="ben").email == "ben@example.org"
    client.post("/me/mail", {"email": ""})
    assert not Person.objects.get(username="ben").email_notifications
    del ben


def test_a_webhook_is_told_with_a_signature(people: tuple[Actor, Actor, Actor]) -> None:
    """The body is what people read, the signature that of the Standard Webhooks, each event comes once."""
    ana, _, eva = people
    with http_receiver() as receiver:
        made = add_webhook(eva, url=receiver.url, events=("version.submitted",), allow_private=True)
        assert made.secret not in made.record.secret
        published(people)
        for _ in range(3):
            DeliveryThread().step()
        ((headers, body),) = receiver.posts
        assert try_webhook(eva, made.record.pk) == "The test was delivered."
    document = json.loads(body)
    assert document["type"] == "version.submitted"
    assert document["data"]["words"] == "ana submitted geo@1 for publishing: please"
    assert document["data"]["url"].endswith("/environments/geo/1/")
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(made.secret.removeprefix("whsec_"))
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"
    del ana


def test_a_receiver_that_is_away_is_told_later_and_not_for_ever(people: tuple[Actor, Actor, Actor]) -> None:
    """With growing pauses; then it is given up, with the reason, and can be sent again."""
    _, _, eva = people
    with http_receiver() as receiver:
        receiver.status = 503
        add_webhook(eva, url=receiver.url, events=("version.submitted",), allow_private=True)
        published(people)
        for attempt, pause in enumerate([*PAUSES, None], start=1):
            delivery = Delivery.objects.select_related("webhook").get()
            assert not deliver(delivery)
            delivery.refresh_from_db()
            assert (delivery.attempts, delivery.error) == (attempt, "It responded with status 503.")
            left = delivery.next_at and (delivery.next_at - timezone.now()).total_seconds()
            assert (left is None) == (pause is None)
            assert left is None or pause is None or pause - 5 < left <= pause
        DeliveryThread().step()
        assert len(receiver.posts) == len(PAUSES) + 1, "given up"
        receiver.status = 200
        send_again(eva, delivery.pk)
        DeliveryThread().step()
        delivery.refresh_from_db()
        assert delivery.delivered_at


@pytest.mark.parametrize(
    ("url", "events"),
    [
        ("ftp://x.example/", ()),
        ("https://user:pw@x.example/", ()),
        ("http://x.example/", ()),
        ("https://x.example", ("no.event",)),
    ],
)
def test_webhooks_that_cannot_be(people: tuple[Actor, Actor, Actor], url: str, events: tuple[str, ...]) -> None:
    """Each with what is wrong; only administrators have any."""
    with pytest.raises(InvalidInputError):
        add_webhook(people[2], url=url, events=events)
    with pytest.raises(ForbiddenError):
        add_webhook(people[1], url="https://x.example/", events=())


def test_private_addresses_are_closed_unless_allowed(people: tuple[Actor, Actor, Actor]) -> None:
    """Also by name: what it leads to is looked at when connecting."""
    eva = people[2]
    for url in ("https://127.0.0.1:9/x", "https://localhost:9/x", "https://169.254.169.254/latest"):
        made = add_webhook(eva, url=url, events=())
        assert "private address" in try_webhook(eva, made.record.pk)
        remove_webhook(eva, made.record.pk)


def test_a_waiver_that_ends_soon_is_told_once(people: tuple[Actor, Actor, Actor]) -> None:
    """A week before, to the author and to reviewers."""
    ana, ben, eva = people
    version = published(people)
    until = timezone.now() + timedelta(days=3)
    common = {"environment": version.environment, "version": version, "by_id": ben.id, "at": timezone.now()}
    Waiver.objects.create(key="k", finding={"words": "six is old"}, reason="r", until=until, **common)
    Waiver.objects.create(key="l", finding={"words": "far"}, reason="r", until=until + timedelta(days=30), **common)
    assert record_expiring_waivers() == 1
    assert record_expiring_waivers() == 0
    notifications.advance()
    assert told(ana)[-1].startswith("A waiver in geo@1 expires soon: six is old (until ")
    assert told(eva)[-1] == told(ana)[-1]
    assert verdict(version).policy == 0


def test_only_so_many_webhooks_and_only_one_s_own(people: tuple[Actor, Actor, Actor]) -> None:
    """The next one is refused; what is not there, or another workspace's, is not found."""
    _, _, eva = people
    olga = person("olga", Role.ADMIN, "other")
    for number in range(MOST):
        add_webhook(eva, url=f"https://example.com/{number}", events=())
    with pytest.raises(InvalidInputError, match=f"There are {MOST} webhooks") as caught:
        add_webhook(eva, url="https://example.com/more", events=())
    assert caught.value.path == "url"
    hook = Webhook.objects.first()
    assert hook is not None
    for act in (remove_webhook, try_webhook):
        with pytest.raises(NotFoundError):
            act(olga, hook.pk)
    delivery = Delivery.objects.create(webhook=hook, sequence=1, event="version.published", next_at=None)
    with pytest.raises(NotFoundError, match="no such delivery"):
        send_again(olga, delivery.pk)
    send_again(eva, delivery.pk)
    delivery.refresh_from_db()
    assert delivery.next_at is not None


def test_a_second_worker_finds_nothing_left(people: tuple[Actor, Actor, Actor]) -> None:
    """It read the count before the first one was done; it tells nobody twice and keeps the place."""
    ana, ben, _ = people
    submitted(ana)
    before = Workspace.objects.get().notified_up_to
    notifications._process_new_events(ana.workspace_id)
    assert Workspace.objects.get().notified_up_to == before
    assert len(told(ben)) == 1


def test_several_events_of_one_step_are_told_to_each(people: tuple[Actor, Actor, Actor]) -> None:
    """Also when they concern the same version and the same people; an older version's users are those who name it."""
    ana, ben, eva = people
    version = published(people)
    Launch.objects.create(
        person_id=eva.id,
        environment=version.environment,
        version=version,
        kind="run",
        digest="d",
        started_at=timezone.now(),
    )
    draft(ana, "two", "six")
    built(ana, "two", lock=lock_of({"six": "1.16.0"}))
    review.submit(ana, "geo", review_again(ana), "again")
    review.submit(ana, "two", 1, "also")
    review.approve(ben, "geo", 2, digest=Version.objects.get(environment__slug="geo", number=2).digest)
    retire.deprecate(ben, "geo", 1, reason="old")
    retire.restore(ben, "geo", 1)
    retire.deprecate(ben, "geo", 1, reason="older")
    notifications.advance()
    assert told(ben)[-2:] == ["ana submitted geo@2 for publishing: again", "ana submitted two@1 for publishing: also"]
    assert [words for words in told(eva) if "deprecated" in words] == [
        "geo@1 is deprecated: old",
        "geo@1 is deprecated: older",
    ]


def review_again(ana: Actor) -> int:
    """Build the next version of geo; return its number."""
    number = new_version(ana, "geo").number
    built(ana, "geo", number, lock_of({"six": "1.17.0"}))
    return number
