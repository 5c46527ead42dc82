"""Admin → Usage → To review → Rules: which versions the review list contains."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from assay.core.errors import AssayError, InvalidInputError
from assay.core.maintenance.review_rules import RULE_TYPES, ReviewRules, RuleType, read_rules
from assay.core.roles import Right
from assay.flow.maintenance.review_list import preview_rules
from assay.flow.maintenance.review_rules import rules_in, set_rules
from assay.web.access import Visit, page

DIGITS = 6  # more than any number of days has


@dataclass(frozen=True, kw_only=True)
class RuleRow:
    """A rule as the form shows it: its text around the number of days, and what is set. `listed` is of a preview."""

    rule: RuleType
    on: bool
    days: str
    listed: int | None


@page(Right.ADMINISTER)
def review_rules(request: Visit) -> HttpResponse:
    """Show the rules, what other rules would list, or save them."""
    current, error, preview = rules_in(request.actor), None, None
    if request.method == "POST":
        try:
            given = _given(request)
            if request.POST.get("step") == "preview":
                preview = preview_rules(request.actor.workspace_id, given)
            else:
                set_rules(request.actor, given, seen=_seen(request))
                messages.success(request, "Rules saved. The list is computed by them.")
                return redirect("review-list")
        except AssayError as refused:
            error = refused
    counts = preview.by_kind if preview else None
    return render(
        request,
        "admin/review_rules.html",
        {
            "rows": [
                _row(request, current, rule, None if counts is None else counts[rule.kind]) for rule in RULE_TYPES
            ],
            "seen": request.POST.get("seen", json.dumps(current.to_dict())),
            "preview": preview,
            "error": error,
        },
        status=error.status if error else 200,
    )


def _row(request: Visit, current: ReviewRules, rule: RuleType, listed: int | None) -> RuleRow:
    sent = request.POST if request.method == "POST" else None
    stored = current.of(rule.kind)
    return RuleRow(
        rule=rule,
        on=rule.kind in sent.getlist("on") if sent else stored.on,
        days=sent.get(f"days-{rule.kind}", "") if sent else str(current.days(rule.kind)),
        listed=listed,
    )


def _given(request: Visit) -> ReviewRules:
    """Read the rules that were sent. Raises InvalidInputError."""
    on = request.POST.getlist("on")
    document: dict[str, dict[str, object]] = {}
    for rule in RULE_TYPES:
        document[rule.kind] = {"on": str(rule.kind) in on}
        if rule.days is not None:
            document[rule.kind]["days"] = _days(request.POST.get(f"days-{rule.kind}", ""), rule)
    return read_rules(document)


def _days(text: str, rule: RuleType) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS):
        raise InvalidInputError(
            f"{rule.label}: {text[:20]!r} is not a number of days.",
            hint=f"Write {rule.least} or more.",
            path=f"{rule.kind}.days",
        )
    return int(text)


def _seen(request: Visit) -> dict[str, object]:
    try:
        found = json.loads(request.POST.get("seen", ""))
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}
