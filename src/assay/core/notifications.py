"""Which people are notified of which event, and the text they get: one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from assay.core.events import EventName
from assay.core.maintenance.notices import ending, with_ending

MAX_REASON = 300  # characters of a person's own text that a notification quotes


class Audience(StrEnum):
    """People to notify of an event. The actor is never notified."""

    AUTHOR = "the version's author"
    OWNER = "the environment's owner"
    USERS = "people who launched the version in 30 days, and owners of projects that run in it"
    AFFECTED = "people who launched the version in 90 days, owners of projects in it, authors of what builds on it"
    REVIEWERS = "reviewers"
    PILOT = "the pilot group of the version's roll-out"
    FOLLOWERS = "people who launched what the name meant before in 30 days, and owners of projects that follow it"
    FORMER_OWNER = "the environment's owner before the event"
    STARTER = "who started the wave"


@dataclass(frozen=True, kw_only=True)
class NotificationType:
    """The text and audience for one kind of event. `detail_field` names the event field that is quoted after it."""

    audience: tuple[Audience, ...]
    words: str
    detail_field: str = ""
    quiet: bool = False  # shown only, not mailed
    ending: bool = False  # followed by the last day and the successor in the event


ENDED = (Audience.AUTHOR, Audience.OWNER, Audience.AFFECTED)
OWN = (Audience.AUTHOR, Audience.OWNER)
ALL = (*OWN, Audience.USERS, Audience.REVIEWERS)
NOTIFICATION_TYPES: dict[EventName, NotificationType] = {
    EventName.VERSION_CREATED: NotificationType(  # its author is its actor, unless a wave drafted it for them
        audience=(Audience.AUTHOR,), words="{actor} drafted {reference} for you", detail_field="note", quiet=True
    ),
    EventName.WAVE_ENDED: NotificationType(
        audience=(Audience.STARTER,), words="The wave on {reference} ended", detail_field="summary"
    ),
    EventName.VERSION_SUBMITTED: NotificationType(
        audience=(Audience.REVIEWERS,), words="{actor} submitted {reference} for publishing", detail_field="note"
    ),
    EventName.VERSION_APPROVED: NotificationType(
        audience=OWN, words="{actor} approved {reference}", detail_field="note", quiet=True
    ),
    EventName.VERSION_PUBLISHED: NotificationType(audience=OWN, words="{reference} is published"),
    EventName.VERSION_REJECTED: NotificationType(
        audience=OWN, words="{actor} rejected {reference}", detail_field="feedback"
    ),
    EventName.VERSION_ATTENTION: NotificationType(
        audience=ALL, words="{reference} needs attention", detail_field="reason"
    ),
    EventName.VERSION_QUARANTINED: NotificationType(
        audience=(*ENDED, Audience.REVIEWERS),
        words="{reference} is quarantined and cannot be launched",
        detail_field="reason",
    ),
    EventName.VERSION_RELEASED: NotificationType(
        audience=(*ENDED, Audience.REVIEWERS), words="{reference} can be launched again", detail_field="reason"
    ),
    EventName.VERSION_CLEARED: NotificationType(
        audience=OWN, words="{reference} no longer needs attention", detail_field="reason", quiet=True
    ),
    EventName.VERSION_DRIFTED: NotificationType(
        audience=(*OWN, Audience.REVIEWERS),
        words="Files of {reference} changed after the build",
        detail_field="reason",
    ),
    EventName.VERSION_MENDED: NotificationType(
        audience=OWN, words="Files of {reference} match the build again", quiet=True
    ),
    EventName.VERSION_DEPRECATED: NotificationType(
        audience=ENDED, words="{reference} is deprecated", detail_field="reason", ending=True
    ),
    EventName.VERSION_DEPRECATION_CHANGED: NotificationType(
        audience=ENDED, words="The deprecation of {reference} has changed", detail_field="reason", ending=True
    ),
    EventName.VERSION_ENDS_SOON: NotificationType(
        audience=ENDED, words="{reference} ends soon", detail_field="reason"
    ),
    EventName.VERSION_RESTORED: NotificationType(audience=ENDED, words="{reference} is published again", quiet=True),
    EventName.VERSION_REINSTATED: NotificationType(audience=ENDED, words="{reference} is no longer retired"),
    EventName.VERSION_RETIRED: NotificationType(
        audience=ENDED, words="{reference} is retired and cannot be launched", detail_field="reason", ending=True
    ),
    EventName.ROLLOUT_STARTED: NotificationType(
        audience=(Audience.PILOT,), words="You get {reference} before others: you are in its pilot group"
    ),
    EventName.ROLLOUT_COMPLETED: NotificationType(
        audience=(*OWN, Audience.PILOT), words="{reference} goes to everyone now", detail_field="reason", quiet=True
    ),
    EventName.ROLLOUT_HALTED: NotificationType(
        audience=(*OWN, Audience.REVIEWERS, Audience.PILOT),
        words="The roll-out of {reference} is halted",
        detail_field="reason",
    ),
    EventName.ROLLOUT_STOPPED: NotificationType(
        audience=(*OWN, Audience.PILOT), words="The roll-out of {reference} is stopped", detail_field="reason"
    ),
    EventName.ENVIRONMENT_ACTIVE_SET: NotificationType(
        audience=(*OWN, Audience.FOLLOWERS), words="{environment} means {reference} now", detail_field="reason"
    ),
    EventName.FINDING_WAIVED: NotificationType(
        audience=OWN, words="{actor} waived a finding in {reference}", detail_field="words", quiet=True
    ),
    EventName.APPROVAL_EXPIRES: NotificationType(
        audience=(Audience.OWNER,), words="The approval of {reference} needs renewing", detail_field="words"
    ),
    EventName.VERSION_RENEWED: NotificationType(
        audience=OWN, words="{actor} renewed the approval of {reference}", detail_field="reason", quiet=True
    ),
    EventName.ENVIRONMENT_OWNER_SET: NotificationType(
        audience=(Audience.OWNER, Audience.FORMER_OWNER),
        words="{actor} gave the environment of {reference} to another owner",
        detail_field="owner",
    ),
    EventName.WAIVER_EXPIRES: NotificationType(
        audience=(*OWN, Audience.REVIEWERS), words="A waiver in {reference} expires soon", detail_field="words"
    ),
}


def words_of(name: EventName, *, actor: str, reference: str, detail: Mapping[str, Any]) -> str:
    """Return the text for an event, with the quoted field after a colon. Raises KeyError for an event without one."""
    notification = NOTIFICATION_TYPES[name]
    said = " ".join(str(detail.get(notification.detail_field, "")).split()) if notification.detail_field else ""
    said = said if len(said) <= MAX_REASON else said[: MAX_REASON - 1] + "…"
    start = notification.words.format(actor=actor, reference=reference, environment=reference.partition("@")[0])
    words = f"{start}: {said}" if said else f"{start}."
    return with_ending(words, _ending(detail)) if notification.ending else words


def _ending(detail: Mapping[str, Any]) -> str:
    day, instead = detail.get("ends_on"), str(detail.get("successor", ""))
    return ending(datetime.fromisoformat(day) if day else None, instead)
