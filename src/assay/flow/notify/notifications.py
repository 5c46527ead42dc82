"""Notifications: turn new events of the audit log into notifications of people and deliveries to webhooks.

The position in the log and the rows made from it are written in one transaction, so a crash neither loses nor
duplicates any.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from assay.core.events import EventName
from assay.core.lifecycle import Status
from assay.core.notifications import NOTIFICATION_TYPES, Audience, words_of
from assay.core.roles import Actor, Role
from assay.store.models import (
    Delivery,
    Event,
    Launch,
    Membership,
    Notification,
    Person,
    Runtime,
    Version,
    Webhook,
    Workspace,
)
from assay.store.reads.impact import PERIOD
from assay.store.reads.rollouts import pilot_members, plan_of

RECENT = timedelta(days=30)  # launches within this count as use
BATCH_SIZE = 500  # events per step
FORMER = Audience.FORMER_OWNER  # named by the event itself


def advance() -> bool:
    """Make notifications and deliveries of the events since the last step. Return whether there were any."""
    behind = [
        pk for pk, count, done in Workspace.objects.values_list("pk", "event_count", "notified_up_to") if done < count
    ]
    for pk in behind:
        _process_new_events(pk)
    return bool(behind)


def _process_new_events(workspace_id: int) -> None:
    with transaction.atomic():
        workspace = Workspace.objects.select_for_update().get(pk=workspace_id)
        new = Event.objects.filter(workspace=workspace, sequence__gt=workspace.notified_up_to)
        events = list(new.order_by("sequence")[:BATCH_SIZE])
        if not events:
            return
        recipients = _Recipients(workspace_id)
        notices = [one for event in events for one in _notifications_of(event, recipients)]
        Notification.objects.bulk_create(notices, batch_size=200, ignore_conflicts=True)
        Delivery.objects.bulk_create(_deliveries(workspace, events), batch_size=200, ignore_conflicts=True)
        Workspace.objects.filter(pk=workspace_id).update(notified_up_to=events[-1].sequence)


@dataclass
class _Recipients:
    """The people of a workspace by audience; each query result is cached for this step."""

    workspace_id: int
    _reviewers: set[int] | None = None
    _versions: dict[tuple[str, int], Version | None] = field(default_factory=dict)
    _users: dict[tuple[int, Audience], set[int]] = field(default_factory=dict)

    def version(self, event: Event) -> Version | None:
        """Return the version of an event, None for a deleted one."""
        key = (event.environment, event.number or 0)
        if key not in self._versions:
            rows = Version.objects.filter(environment__workspace_id=self.workspace_id, environment__slug=key[0])
            self._versions[key] = rows.select_related("environment", "rollout").filter(number=key[1]).first()
        return self._versions[key]

    def people(self, audience: Audience, version: Version, event: Event) -> set[int]:
        """Return the ids of the people in an audience of an event of a version."""
        if audience is Audience.AUTHOR:
            return {version.author_id}
        if audience is Audience.OWNER:
            return {version.environment.owner_id} if version.status not in {Status.DRAFT, Status.PENDING} else set()
        if audience is Audience.REVIEWERS:
            return self._all_reviewers()
        if audience not in {Audience.USERS, Audience.AFFECTED}:
            return self._named_by(event, audience, version)
        key = (version.pk, audience)
        if key not in self._users:
            affected = audience is Audience.AFFECTED
            users = self._who_use(version, PERIOD if affected else RECENT)
            self._users[key] = users | _who_build_on(version) if affected else users
        return self._users[key]

    def _named_by(self, event: Event, audience: Audience, version: Version) -> set[int]:
        """Return the people of an audience that the event or the version's roll-out names."""
        if audience is Audience.STARTER:
            return set(Person.objects.filter(username=event.detail["starter"]).values_list("pk", flat=True))
        if audience is Audience.FOLLOWERS:
            return self._who_follow(version, event.detail.get("from"))
        rollout = getattr(version, "rollout", None)
        return {pk for pk, _ in pilot_members(self.workspace_id, plan_of(rollout))} if rollout else set()

    def _all_reviewers(self) -> set[int]:
        if self._reviewers is None:
            rows = Membership.objects.filter(workspace_id=self.workspace_id, role__in=[Role.REVIEWER, Role.ADMIN])
            self._reviewers = set(rows.values_list("person_id", flat=True))
        return self._reviewers

    def _who_follow(self, version: Version, before: int | None) -> set[int]:
        """Return the people who launched the version that the name meant before, and owners of projects on it."""
        since, environment = timezone.now() - RECENT, version.environment
        launched = Launch.objects.filter(
            environment=environment, version__number=before or version.number, started_at__gte=since
        )
        own = Runtime.objects.filter(workspace_id=self.workspace_id, environment=environment.slug)
        return {*launched.values_list("person_id", flat=True), *own.values_list("owner_id", flat=True)}

    def _who_use(self, version: Version, period: timedelta) -> set[int]:
        """Return the people who launched a version in a period until now, and the owners of projects in it.

        Where the environment's name means nothing any more, it meant this version or nothing before.
        """
        since = timezone.now() - period
        launched = Launch.objects.filter(
            environment=version.environment, version=version, started_at__gte=since
        ).order_by()
        named = [version.reference]
        if version.environment.active_id in {version.pk, None}:
            named.append(version.environment.slug)
        own = Runtime.objects.filter(workspace_id=self.workspace_id, environment__in=named)
        return {*launched.values_list("person_id", flat=True).distinct(), *own.values_list("owner_id", flat=True)}


def _who_build_on(version: Version) -> set[int]:
    derived = Version.objects.filter(base=version).exclude(status=Status.RETIRED)
    return set(derived.values_list("author_id", flat=True))


def _notifications_of(event: Event, recipients: _Recipients) -> Iterable[Notification]:
    """Yield the notifications of one event: one per person, none for its actor."""
    name = EventName(event.name) if event.name in list(EventName) else None
    version = recipients.version(event) if name in NOTIFICATION_TYPES and event.number else None
    if name is None or version is None:
        return
    kind = NOTIFICATION_TYPES[name]
    people = set().union(*(recipients.people(one, version, event) for one in kind.audience if one is not FORMER))
    former = [event.detail["before"]] if FORMER in kind.audience else []
    wanted = Q(person_id__in=people) | Q(person__username__in=former)
    members = Membership.objects.filter(wanted, workspace_id=event.workspace_id)
    rows = members.exclude(person__username=event.actor).filter(person__is_active=True)
    words = words_of(name, actor=event.actor, reference=version.reference, detail=event.detail)
    for person_id, email, wants in rows.values_list("person_id", "person__email", "person__email_notifications"):
        yield Notification(
            workspace_id=event.workspace_id,
            person_id=person_id,
            sequence=event.sequence,
            event=event.name,
            environment=event.environment,
            number=version.number,
            text=words,
            at=event.at,
            mail="due" if email and wants and not kind.quiet else "",
        )


def _deliveries(workspace: Workspace, events: list[Event]) -> Iterable[Delivery]:
    now = timezone.now()
    for hook in Webhook.objects.filter(workspace=workspace):
        for event in events:
            if event.name in hook.events or (not hook.events and event.name in NOTIFICATION_TYPES):
                yield Delivery(webhook=hook, sequence=event.sequence, event=event.name, next_at=now)


def mark_read(actor: Actor, notice_id: int | None = None) -> int:
    """Mark one or all of the actor's notifications as read; return how many were unread."""
    rows = Notification.objects.filter(workspace_id=actor.workspace_id, person_id=actor.id, read_at=None)
    return (rows.filter(pk=notice_id) if notice_id else rows).update(read_at=timezone.now())
