"""Admin → Workspace: approvals, build requirements, members and their roles."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast, Lower
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError, InvalidInputError
from assay.core.maintenance.approval_validity import (
    ApprovalValidity,
    check_validity,
    read_tags,
    validity_of,
    write_tags,
)
from assay.core.maintenance.rollout import RolloutPlan
from assay.core.review.approval import MOST_APPROVALS, ApprovalRules
from assay.core.roles import Right, Role
from assay.flow.maintenance.rollouts import check_for
from assay.flow.people import DEMANDS, change_role
from assay.flow.review.approval import rules_of, set_approval, set_groups
from assay.store.models import Membership, Workspace
from assay.store.reads.counting import bounded_counts
from assay.store.reads.keyset import Page, read_page
from assay.store.reads.ordering import Columns, Order
from assay.store.reads.rollouts import groups_in
from assay.web.access import Visit, page
from assay.web.rollout_form import RolloutFields
from assay.web.tables import Column, QueryTable

FEW = 10  # a list with more members gets a filter
WORDS = {
    "self_approval": "Allow people to approve their own submissions (marked in the audit log)",
    "require_sandbox": "Require isolation (bubblewrap) for builds",
    "allow_sdists": "Build libraries that have only a source distribution, in the sandbox",
    "personal_overlays": "Allow personal libraries in servers; other people do not get them",
    "record_imports": "Record which libraries sessions import: counts by library and day, never who imported what",
    "rebase_automatically": "Rebase automatically when a base publishes a newer version: draft, build and submit "
    "what builds on it. Low-risk updates follow the rule above.",
}
BASES = ("rebase_automatically",)  # the settings of the section of that name

MEMBERS: tuple[Column[Membership], ...] = (
    Column(name="name", label="Name", value=lambda row: row.person.get_username()),
    Column(name="role", label="Role", value=lambda row: row.role),
    Column(name="groups", label="Groups", value=lambda row: tuple(row.groups)),
)
PAGE = 50
GROUPS = Cast("groups", TextField())
MEMBER_ORDERS: Columns = {"name": Lower("person__username"), "role": F("role"), "groups": GROUPS}


@page(Right.ADMINISTER)
def workspace(request: Visit) -> HttpResponseBase:
    """Show and change the settings of the workspace; list its members."""
    text = request.GET.get("text", "").strip()
    members = _members(request, text)

    def reads(order: Order, limit: int, cursor: str) -> Page[Membership]:
        return read_page(members, MEMBER_ORDERS, order, limit=limit, cursor=cursor)

    table = QueryTable(request, MEMBERS, name="members", default="name", size=PAGE, reads=reads)
    if table.exported:
        return table.export()
    error: AssayError | None = None
    if request.method == "POST":
        try:
            demands = {name: request.POST.get(name) == "yes" for name in DEMANDS}
            plan = check_for(request.actor.workspace_id, _rollout(request))
            set_approval(request.actor, _rules(request), rollout=plan, validity=_validity(request), **demands)
        except AssayError as refused:
            error = refused
        else:
            messages.success(request, "Settings saved. They apply to every decision from now on.")
            return redirect("workspace")
    count = bounded_counts({"members": members})[0]["members"]
    found, validity = request.workspace, validity_of(request.workspace.approval_validity)
    return render(
        request,
        "admin/workspace.html",
        {
            "space": found,
            "members_count": count,
            "rules": rules_of(found),
            "rollout_fields": _fields(request, found),
            "rollout_groups": groups_in(found.pk),
            "validity": validity,
            "tags": write_tags(validity.tags),
            "numbers": range(1, MOST_APPROVALS + 1),
            "bases": [(name, WORDS[name], getattr(found, name)) for name in BASES],
            "demands": [(name, WORDS[name], getattr(found, name)) for name in DEMANDS if name not in BASES],
            "table": table,
            "text": text,
            "many": text or count > FEW,
            "roles": list(Role),
            "error": error,
        },
        status=error.status if error else 200,
    )


def _rules(request: Visit) -> ApprovalRules:
    number = request.POST.get("approvals", "")
    if not number.isdigit():
        raise InvalidInputError("A number of approvals is needed.", hint="Choose one.", path="approvals")
    return ApprovalRules(
        approvals=int(number), groups=_names(request), automatic=request.POST.get("automatic") == "yes"
    )


def _rollout(request: Visit) -> RolloutPlan:
    return RolloutFields.of_post(request.POST).plan() or RolloutPlan()


def _fields(request: Visit, found: Workspace) -> RolloutFields:
    """Return the fields of the default roll-out: what was sent, else what is stored."""
    if request.method == "POST":
        return RolloutFields.of_post(request.POST)
    return RolloutFields.of_plan(RolloutPlan.from_dict(found.rollout))


def _validity(request: Visit) -> ApprovalValidity:
    days = request.POST.get("approval_days", "").strip() or "0"
    if not (days.isascii() and days.isdigit() and len(days) <= 6):  # noqa: PLR2004 - longer than any number of days
        raise InvalidInputError(f"{days[:20]!r} is not a number of days.", hint="Write 365.", path="approval_days")
    tags = read_tags(request.POST.get("approval_days_by_tag", ""))
    return check_validity(int(days), tags, refuse=request.POST.get("approval_refuse") == "yes")


def _names(request: Visit) -> tuple[str, ...]:
    return tuple(request.POST.get("groups", "").replace(",", " ").lower().split())


def _members(request: Visit, text: str) -> QuerySet[Membership]:
    """Select the members whose name, role or groups contain a text; all members for ''."""
    rows = Membership.objects.filter(workspace_id=request.actor.workspace_id).select_related("person")
    if not text:
        return rows
    named = Q(person__username__icontains=text) | Q(role__icontains=text) | Q(words__icontains=text)
    return rows.annotate(words=GROUPS).filter(named)


@require_POST
@page(Right.ADMINISTER)
def member(request: Visit, name: str) -> HttpResponse:
    """Change the role and the reviewer groups of a member."""
    try:
        change_role(request.actor, name, request.POST.get("role", ""))
        set_groups(request.actor, name, _names(request))
        messages.success(request, f"Role and groups of {name} saved.")
    except AssayError as refused:
        messages.error(request, f"{refused.detail} {refused.hint}")
    return redirect("workspace")
