"""One action with several versions of the review list: a confirmation that lists all of them, and its undo."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError, ConflictError, InvalidInputError
from assay.core.formatting import plural
from assay.core.maintenance.bulk_actions import BulkAction
from assay.core.maintenance.review_rules import BY_KIND
from assay.core.roles import Right
from assay.flow.maintenance.bulk_review import (
    MOST,
    ChangedRowsError,
    Details,
    Plan,
    Undo,
    apply_bulk,
    plan_bulk,
    undo_bulk,
)
from assay.flow.maintenance.ownership import members
from assay.store.reads.compared_versions import published_references
from assay.store.reads.review_items import references_listed
from assay.web.access import Visit, page
from assay.web.admin.review_list import FIELDS, address_of_list, filters_of
from assay.web.dates import day_of
from assay.web.undo import success_with_undo

UNDO = "review-undo"  # in the session: the last action
SUCCESSOR = "successor:"  # before the reference, in the name of a field


@dataclass(frozen=True, kw_only=True)
class ActionTexts:
    """The texts of the confirmation of an action. `done` follows the number of versions."""

    title: str
    consequences: tuple[str, ...]
    button: str
    done: str
    reason: str = ""
    day: str = ""
    needs_day: bool = False


TEXTS: Mapping[BulkAction, ActionTexts] = {
    BulkAction.KEEP: ActionTexts(
        title="Keep",
        consequences=(
            "They leave the list until that day, with your name and reason.",
            "Nothing changes for the people who use them.",
        ),
        reason="Why are they kept?",
        day="Keep until",
        needs_day=True,
        button="Keep versions",
        done="kept",
    ),
    BulkAction.DEPRECATE: ActionTexts(
        title="Deprecate",
        consequences=(
            "People can still start them. They see your message and the successor where they do.",
            "Owners, authors and everyone who used them in 90 days are notified.",
            "With a last day they are retired after it, and people are reminded 30, 7 and 1 days before.",
        ),
        reason="Message to the people who use them",
        day="Last day (optional)",
        button="Deprecate versions",
        done="deprecated",
    ),
    BulkAction.END: ActionTexts(
        title="Set end date of",
        consequences=(
            "They are retired after that day; people are reminded 30, 7 and 1 days before.",
            "Everyone who used them in 90 days is notified now.",
        ),
        day="Last day",
        needs_day=True,
        button="Set end date",
        done="given an end date",
    ),
    BulkAction.OWNER: ActionTexts(
        title="Give to another owner",
        consequences=(
            "Owners are told when something happens to their environment, and renew its approval in time.",
            "Each environment is given with all of its versions. Both owners are notified.",
        ),
        button="Give environments",
        done="given to another owner",
    ),
    BulkAction.RETIRE: ActionTexts(
        title="Retire",
        consequences=(
            "Nobody can launch them, and no project can run in them.",
            "Their names lead to the successor where one was named.",
            "Their files are removed when space is needed. Locks, reports and history stay.",
        ),
        reason="Why are they retired?",
        button="Retire versions",
        done="retired",
    ),
}


@page(Right.REVIEW)
def review_actions(request: Visit) -> HttpResponse:
    """Show what an action would do with the selected versions; do it when the form is sent."""
    given = request.POST if request.method == "POST" else request.GET
    action = _action(given.get("action", ""))
    if request.method == "POST":
        return _apply(request, action)
    selected = request.GET.getlist("rows")
    if request.GET.get("all") == "1":
        selected = references_listed(request.actor, filters_of(request.GET), limit=MOST)
    if not selected:
        messages.warning(request, "Select the versions first.")
        return redirect(address_of_list(filters_of(request.GET)))
    return _show(request, plan_bulk(request.actor, action, selected))


def _action(name: str) -> BulkAction:
    if name not in list(BulkAction):
        raise InvalidInputError(
            f"{name[:40]!r} is not an action.", hint=f"Choose from {', '.join(BulkAction)}.", path="action"
        )
    return BulkAction(name)


def _apply(request: Visit, action: BulkAction) -> HttpResponse:
    seen = dict(one.rpartition(":")[::2] for one in request.POST.getlist("seen"))
    try:
        plan, undo = apply_bulk(request.actor, action, seen, _details(request))
    except ChangedRowsError as error:
        return _show(request, error.plan, error)
    except (ConflictError, InvalidInputError) as error:
        return _show(request, plan_bulk(request.actor, action, list(seen), seen), error)
    done, texts = len(plan.possible), TEXTS[action]
    words = f"{plural(done, 'version')} {'is' if done == 1 else 'are'} {texts.done}."
    if action is BulkAction.RETIRE:
        messages.success(request, words)
    else:
        success_with_undo(request, words, _remember(request, undo))
    return redirect(address_of_list(filters_of(request.POST)))


def _details(request: Visit) -> Details:
    sent = request.POST
    return Details(
        reason=sent.get("reason", ""),
        day=day_of(sent.get("day", ""), "day"),
        owner=sent.get("owner", ""),
        typed=sent.get("typed", ""),
        successors={name.removeprefix(SUCCESSOR): sent.get(name, "") for name in sent if name.startswith(SUCCESSOR)},
    )


def _remember(request: Visit, undo: Undo) -> str:
    """Keep in the session how the action is undone, and return the address that does so."""
    token = secrets.token_urlsafe(8)
    request.session[UNDO] = {"token": token, **asdict(undo)}
    return f"{reverse('review-undo')}?of={token}"


@require_POST
@page(Right.REVIEW)
def undo(request: Visit) -> HttpResponse:
    """Undo the last action. Raises ConflictError when it was undone already, or another one followed."""
    last = request.session.get(UNDO)
    if not last or last["token"] != request.GET.get("of"):
        raise ConflictError("This action is no longer the last one.", hint="Change the versions on their pages.")
    steps = Undo(action=BulkAction(last["action"]), references=tuple(last["references"]), owners=last["owners"])
    count = undo_bulk(request.actor, steps)
    del request.session[UNDO]
    messages.success(request, f"Undone for {plural(count, 'version')}.")
    return redirect("review-list")


def _show(request: Visit, plan: Plan, error: AssayError | None = None) -> HttpResponse:
    given = request.POST if request.method == "POST" else request.GET
    people = plan.people
    possible = [one.row for one in plan.possible]
    return render(
        request,
        "admin/review_actions.html",
        {
            "plan": plan,
            "texts": TEXTS[plan.action],
            "rows": [(one, given.get(f"{SUCCESSOR}{one.row.reference}", one.successor)) for one in plan.possible],
            "people": people[:20],
            "people_count": len(people),
            "projects": sum(row.projects for row in possible),
            "derived": sum(row.derived for row in possible),
            "frees": sum(row.frees for row in possible),
            "members": members(request.actor) if plan.action is BulkAction.OWNER else [],
            "references": published_references(request.actor) if plan.action is BulkAction.DEPRECATE else [],
            "labels": {str(kind): one.label for kind, one in BY_KIND.items()},
            "list_address": address_of_list(filters_of(given)),
            "kept_filters": [(name, given.get(name, "")) for name in FIELDS],
            "error": error,
            "form": request.POST,
        },
        status=error.status if error else 200,
    )
