"""The end of a version's lifecycle: deprecate, restore, retire; and quarantine and release at any time.

`impact` is the token of the impact that a person saw (flow.maintenance.impact): each action is refused with a
ConflictError when it is another one by now. None compares nothing, for automatic steps.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from assay.core.errors import ConflictError, InvalidInputError
from assay.core.events import EventName
from assay.core.lifecycle import RUNNING_GRACE, Action, Health, Status, decide
from assay.core.review.decision import check_text
from assay.core.roles import Actor, Right, check_right
from assay.flow.access import find_version, version_state
from assay.flow.maintenance.impact import check_impact, find_successor, named_successor
from assay.store.audit_log import record_version
from assay.store.models import Version
from assay.store.reads.health import open_entry
from assay.store.reads.impact import running_in
from assay.store.transitions import move, set_health, touch


def deprecate(
    actor: Actor,
    slug: str,
    number: int,
    *,
    reason: str,
    successor: str = "",
    ends_at: datetime | None = None,
    impact: str | None = None,
) -> Version:
    """Deprecate a published version, with the reason, the version to use instead, and the planned end.

    At the end it is retired, and its successor follows it. Raises InvalidInputError for an end that is over.
    """
    with transaction.atomic():
        version = _locked(actor, slug, number)
        decide(Action.DEPRECATE, version_state(version), actor, words=reason)
        given = _checked(actor, version, reason, successor, ends_at, impact)
        move(
            version,
            Status.DEPRECATED,
            event=EventName.VERSION_DEPRECATED,
            actor=actor.name,
            detail=_told(given),
            changes=given | {"end_reminded": None},
        )
    return version


def change_deprecation(
    actor: Actor,
    slug: str,
    number: int,
    *,
    reason: str,
    successor: str = "",
    ends_at: datetime | None = None,
    impact: str | None = None,
) -> Version:
    """Change the reason, successor and planned end of a deprecated version; reminders begin anew with a new end."""
    with transaction.atomic():
        version = _locked(actor, slug, number)
        decide(Action.CHANGE_DEPRECATION, version_state(version), actor, words=reason)
        given = _checked(actor, version, reason, successor, ends_at, impact)
        changed = {name: value for name, value in given.items() if getattr(version, name) != value}
        if changed:
            reminded = {"end_reminded": None} if "ends_at" in changed else {}
            touch(version, **changed, **reminded)
            record_version(EventName.VERSION_DEPRECATION_CHANGED, version, actor.name, **_told(given))
    return find_version(actor, slug, number)


def set_end(actor: Actor, slug: str, number: int, *, ends_at: datetime | None) -> Version:
    """Set the planned end of a deprecated version, or none; its reason and successor stay."""
    version = find_version(actor, slug, number)
    return change_deprecation(
        actor, slug, number, reason=version.reason, successor=version.successor, ends_at=ends_at
    )


def _locked(actor: Actor, slug: str, number: int) -> Version:
    """Return a version that the actor may see, locked until the transaction ends."""
    version = find_version(actor, slug, number)
    Version.objects.select_for_update().get(pk=version.pk)
    return find_version(actor, slug, number)


def _checked(
    actor: Actor, version: Version, reason: str, successor: str, ends_at: datetime | None, impact: str | None
) -> dict[str, Any]:
    """Return the columns of a deprecation. Raises InvalidInputError, and ConflictError for another impact."""
    reason = check_text(reason, "reason")
    if ends_at is not None and ends_at <= timezone.now() and ends_at != version.ends_at:
        raise InvalidInputError("The end is over already.", hint="Choose a later day, or none.", path="ends")
    if successor == version.successor:
        check_impact(version, named_successor(actor, version), impact)
        return {"reason": reason, "successor": successor, "ends_at": ends_at}
    instead = find_successor(actor, version, successor) if successor else None
    check_impact(version, instead, impact)
    return {"reason": reason, "successor": instead.reference if instead else "", "ends_at": ends_at}


def _told(given: dict[str, Any]) -> dict[str, str]:
    """Return the columns of a deprecation as the details of its event."""
    ends = {"ends_on": f"{given['ends_at']:%Y-%m-%d}"} if given["ends_at"] else {}
    return {"reason": given["reason"], "successor": given["successor"], **ends}


def restore(actor: Actor, slug: str, number: int) -> Version:
    """Publish a deprecated version again."""
    version = find_version(actor, slug, number)
    decide(Action.RESTORE, version_state(version), actor)
    move(
        version,
        Status.PUBLISHED,
        event=EventName.VERSION_RESTORED,
        actor=actor.name,
        changes={"reason": "", "successor": "", "ends_at": None, "end_reminded": None},
    )
    return version


def retire(
    actor: Actor, slug: str, number: int, *, reason: str, force: bool = False, impact: str | None = None
) -> Version:
    """Stop new launches of a deprecated version. Raises ConflictError while it is used, unless forced."""
    with transaction.atomic():
        version = _locked(actor, slug, number)
        decide(Action.RETIRE, version_state(version), actor, words=reason)
        reason = check_text(reason, "reason")
        check_impact(version, named_successor(actor, version), impact)
        running = running_in(version).total
        if running and not force:
            raise ConflictError(
                f"{running} {'server or run uses' if running == 1 else 'servers and runs use'} it now.",
                hint="Wait until they end, or force it.",
            )
        end_use(version, actor.name, reason=reason, now=timezone.now())
    return version


def end_use(version: Version, actor: str, *, reason: str, now: datetime, rule: str = "") -> None:
    """Retire a version. What runs in it may go on for the grace period, which ends at the time in the event.

    `rule` names the rule of an automatic step. Raises ConflictError if it was changed meanwhile.
    """
    detail = {
        "reason": reason,
        **({"rule": rule} if rule else {}),
        "successor": version.successor,
        "running": running_in(version).total,
        "ends": (now + RUNNING_GRACE).isoformat(),
    }
    changes = {"reason": reason}
    move(version, Status.RETIRED, event=EventName.VERSION_RETIRED, actor=actor, detail=detail, changes=changes)


def quarantine(actor: Actor, slug: str, number: int, *, reason: str, impact: str | None = None) -> Version:
    """Stop new launches of a version at once, in any status. Raises ConflictError for a quarantined one."""
    with transaction.atomic():
        version = _locked(actor, slug, number)
        check_right(actor, Right.ADMINISTER)
        if version.health == Health.QUARANTINED:
            raise ConflictError(f"{version.reference} is quarantined already.", hint="Release it first.")
        if not reason.strip():
            raise InvalidInputError("A reason is needed.", hint="Say what was found.", path="reason")
        check_impact(version, named_successor(actor, version), impact)
        set_health(
            version,
            Health.QUARANTINED,
            event=EventName.VERSION_QUARANTINED,
            actor=actor.name,
            reason=check_text(reason, "reason"),
        )
    return version


def release(actor: Actor, slug: str, number: int, *, reason: str, impact: str | None = None) -> Version:
    """Lift a quarantine, with a reason; the version stays at "attention" while it has an open health entry."""
    with transaction.atomic():
        version = _locked(actor, slug, number)
        check_right(actor, Right.ADMINISTER)
        if version.health != Health.QUARANTINED:
            raise ConflictError(
                f"It is not quarantined; its health is {version.health}.", hint="Load the page again."
            )
        if not reason.strip():
            raise InvalidInputError("A reason is needed.", hint="Say why it is safe again.", path="reason")
        check_impact(version, named_successor(actor, version), impact)
        set_health(
            version,
            Health.ATTENTION if open_entry(version) else Health.OK,
            event=EventName.VERSION_RELEASED,
            actor=actor.name,
            reason=check_text(reason, "reason"),
        )
    return version
