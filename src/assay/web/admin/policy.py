"""The policy: its rules as sentences, its revisions, and the form that tests and saves a new policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError, InvalidInputError
from assay.core.policy.library_rules import Rule
from assay.core.policy.policy import BY_KIND, DEFAULT, Policy, missing_defaults
from assay.core.roles import Right
from assay.flow.assess import policy as policies
from assay.flow.assess.policy import CurrentPolicy, PolicyPreview
from assay.store.models import PolicyRevision
from assay.web.access import Visit, page
from assay.web.admin.policy_form import form_rules, read_rules

SHOWN = 30  # revisions, and versions that a test lists


@dataclass(frozen=True, kw_only=True)
class Change:
    """One revision with the rules that it added to and removed from the previous one, as sentences."""

    revision: PolicyRevision
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The effect of a new policy: the versions that it would newly block, and those that it would no longer block."""

    then: PolicyPreview
    stopped: tuple[policies.BlockedVersion, ...]
    freed: tuple[str, ...]


@page(Right.SEE)
def policy(request: Visit) -> HttpResponse:
    """Show the current policy and its revisions."""
    current = policies.current_policy(request.actor.workspace_id)
    found = policies.revisions(request.actor.workspace_id)
    return render(
        request,
        "admin/policy.html",
        {
            "current": current,
            "rules": [(rule, rule.sentence) for rule in current.policy.rules],
            "missing": missing_defaults(current.policy) if current.revision else (),
            "changes": _changes(found)[:SHOWN],
            "may_edit": request.actor.has(Right.ADMINISTER),
        },
    )


def _changes(found: list[PolicyRevision]) -> list[Change]:
    """Return each revision with its changes, newest first; the first revision is compared with the default policy."""
    sentences = [_sentences(policies.policy_in(one)) for one in found] + [_sentences(DEFAULT)]
    return [
        Change(
            revision=one,
            added=tuple(sentence for sentence in now if sentence not in before),
            removed=tuple(sentence for sentence in before if sentence not in now),
        )
        for one, now, before in zip(found, sentences, sentences[1:], strict=False)
    ]


def _sentences(policy: Policy) -> list[str]:
    return [rule.sentence for rule in policy.rules]


@page(Right.ADMINISTER)
def edit(request: Visit) -> HttpResponse:
    """Edit the policy in a form, test it, save it. It takes effect only when it is saved.

    With `?add=missing` the form begins with the rules of the default policy whose kinds are missing.
    """
    current = policies.current_policy(request.actor.workspace_id)
    if request.method != "POST":
        added = missing_defaults(current.policy) if request.GET.get("add") == "missing" else ()
        shown = Policy(rules=(*current.policy.rules, *added))
        rules = policies.write_policy(CurrentPolicy(revision=current.revision, policy=shown))["rules"]
        return _form(request, rules, current.revision)
    given = request.POST.get("revision", "")
    seen = int(given) if given.isdigit() else current.revision
    rules = []
    try:
        rules = _given(request)
        return _act(request, rules, seen)
    except AssayError as error:
        return _form(request, rules, seen, refused=error)


def _act(request: Visit, rules: list[dict[str, Any]], seen: int) -> HttpResponse:
    """Execute the action of the pressed button. Raises InvalidInputError for an invalid policy."""
    action, _, which = request.POST.get("action", "").partition("-")
    if action in {"add", "remove", "up"}:
        return _form(request, _altered(request, rules, action, which), seen, fresh=action == "add")
    wanted = policies.read_policy(rules, None)
    if action == "save":
        saved = policies.revise(request.actor, wanted, seen=seen, note=request.POST.get("note", ""))
        messages.success(request, f"Revision {saved.revision} is in force. Published versions are being reassessed.")
        return redirect("policy")
    if action == "yaml":
        return _form(request, rules, seen, text=policies.policy_yaml(CurrentPolicy(revision=seen, policy=wanted)))
    return _form(request, rules, seen, trial=_trial(request, wanted) if action == "try" else None)


def _given(request: Visit) -> list[dict[str, Any]]:
    """Return the submitted rules, from the fields or from the YAML. Raises InvalidInputError."""
    text = request.POST.get("yaml")
    if text is None:
        return read_rules(request.POST)
    rules: list[dict[str, Any]] = policies.write_policy(
        CurrentPolicy(revision=0, policy=policies.read_policy(None, text))
    )["rules"]
    return rules


def _altered(request: Visit, rules: list[dict[str, Any]], action: str, which: str) -> list[dict[str, Any]]:
    """Return the rules with one added, removed or moved up."""
    if action == "add":
        kind = BY_KIND.get(request.POST.get("kind", ""))
        if kind is None:
            raise InvalidInputError("Choose a kind of rule.", hint=f"One of {', '.join(BY_KIND)}.", path="kind")
        return [*rules, {"kind": kind.kind, "effect": str(kind.effect)}]
    at = int(which) if which.isdigit() and int(which) < len(rules) else None
    if at is None:
        return rules
    if action == "remove":
        return rules[:at] + rules[at + 1 :]
    return [*rules[: max(0, at - 1)], rules[at], *rules[max(0, at - 1) : at], *rules[at + 1 :]]


def _trial(request: Visit, wanted: Policy) -> Trial:
    """Apply the current and the new policy to all published and pending versions, and return the difference."""
    now = policies.preview_policy(request.actor, policies.current_policy(request.actor.workspace_id).policy)
    then = policies.preview_policy(request.actor, wanted)
    return Trial(
        then=then,
        stopped=tuple(one for one in then.stopped if one.reference not in now.references),
        freed=tuple(sorted(now.references - then.references)),
    )


def _form(
    request: Visit,
    rules: list[dict[str, Any]],
    seen: int,
    *,
    refused: AssayError | None = None,
    trial: Trial | None = None,
    text: str | None = None,
    fresh: bool = False,
) -> HttpResponse:
    """Show the form; with `fresh`, its last rule was just added and is expanded."""
    written = request.POST.get("yaml") if refused and "yaml" in request.POST else text
    return render(
        request,
        "admin/policy_edit.html",
        {
            "rules": form_rules(rules, refused),
            "kinds": [(kind.kind, _purpose(kind)) for kind in BY_KIND.values()],
            "revision": seen,
            "note": request.POST.get("note", ""),
            "error": refused,
            "trial": trial,
            "yaml": written,
            "shown": SHOWN,
            "fresh": fresh,
        },
        status=refused.status if refused else 200,
    )


def _purpose(kind: type[Rule]) -> str:
    return (kind.__doc__ or "").strip().partition("\n")[0].replace("`", "")


@require_POST
@page(Right.ADMINISTER)
def restore(request: Visit, number: int) -> HttpResponse:
    """Save the rules of an earlier revision as a new revision."""
    seen = policies.current_policy(request.actor.workspace_id).revision
    earlier = policies.policy_of(request.actor, number)
    saved = policies.revise(request.actor, earlier, seen=seen, note=f"Back to revision {number}.")
    messages.success(request, f"Revision {saved.revision} is in force, with the rules of revision {number}.")
    return redirect("policy")


@page(Right.SEE)
def as_yaml(request: Visit) -> HttpResponse:
    """Download the current policy, or the revision in the query string, as YAML."""
    number = request.GET.get("revision", "")
    current = policies.current_policy(request.actor.workspace_id)
    if number.isdigit():
        current = CurrentPolicy(revision=int(number), policy=policies.policy_of(request.actor, int(number)))
    answer = HttpResponse(policies.policy_yaml(current), content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="policy-{current.revision}.yaml"'
    return answer


@page(Right.SEE)
def as_schema(request: Visit) -> HttpResponse:
    """Return the JSON Schema of a policy document."""
    del request
    return JsonResponse(policies.schema())
