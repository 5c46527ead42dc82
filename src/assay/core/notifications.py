"""Who is told of which event, and in which words: one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from assay.core.events import EventName

MAX_REASON = 300  # characters of a person's own words that a notice repeats


class Audience(StrEnum):
    """Whom an event concerns. Who did it is never told of it."""

    AUTHOR = "the version's author"
    OWNER = "the environment's owner"
    USERS = "people who launched the version in 30 days, and owners of projects that run in it"
    REVIEWERS = "reviewers"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What is said of one kind of event, to whom. `told` names the field of the event whose words follow."""

    audience: tuple[Audience, ...]
    words: str
    told: str = ""
    quiet: bool = False  # shown only, not mailed


OWN = (Audience.AUTHOR, Audience.OWNER)
ALL = (*OWN, Audience.USERS, Audience.REVIEWERS)
NOTICES: dict[EventName, Notice] = {
    EventName.VERSION_SUBMITTED: Notice(
        audience=(Audience.REVIEWERS,), words="{actor} submitted {reference} for publishing", told="note"
    ),
    EventName.VERSION_APPROVED: Notice(audience=OWN, words="{actor} approved {reference}", told="note", quiet=True),
    EventName.VERSION_PUBLISHED: Notice(audience=OWN, words="{reference} is published"),
    EventName.VERSION_REJECTED: Notice(audience=OWN, words="{actor} gave {reference} back", told="feedback"),
    EventName.VERSION_ATTENTION: Notice(audience=ALL, words="{reference} needs a look", told="reason"),
    EventName.VERSION_QUARANTINED: Notice(
        audience=ALL, words="Nothing starts in {reference} any more", told="reason"
    ),
    EventName.VERSION_RELEASED: Notice(audience=ALL, words="{reference} can be launched again", told="reason"),
    EventName.VERSION_CLEARED: Notice(audience=OWN, words="{reference} is well again", told="reason", quiet=True),
    EventName.VERSION_DRIFTED: Notice(
        audience=(*OWN, Audience.REVIEWERS), words="Files of {reference} are not what was built", told="reason"
    ),
    EventName.VERSION_MENDED: Notice(audience=OWN, words="All files of {reference} are as built again", quiet=True),
    EventName.VERSION_DEPRECATED: Notice(
        audience=(*OWN, Audience.USERS), words="{reference} should not be chosen any more", told="reason"
    ),
    EventName.VERSION_RESTORED: Notice(audience=OWN, words="{reference} is published again", quiet=True),
    EventName.VERSION_RETIRED: Notice(
        audience=(*OWN, Audience.USERS), words="{reference} is retired; nothing starts in it", told="reason"
    ),
    EventName.FINDING_WAIVED: Notice(
        audience=OWN, words="{actor} accepted a finding in {reference}", told="words", quiet=True
    ),
    EventName.WAIVER_EXPIRES: Notice(
        audience=(*OWN, Audience.REVIEWERS), words="A waiver in {reference} ends soon", told="words"
    ),
}


def words_of(name: EventName, *, actor: str, reference: str, detail: Mapping[str, Any]) -> str:
    """Return the sentence of an event, its own words after a colon. Raises KeyError for one that nobody is told."""
    notice = NOTICES[name]
    said = " ".join(str(detail.get(notice.told, "")).split()) if notice.told else ""
    said = said if len(said) <= MAX_REASON else said[: MAX_REASON - 1] + "…"
    start = notice.words.format(actor=actor, reference=reference)
    return f"{start}: {said}" if said else f"{start}."
