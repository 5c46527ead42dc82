"""Admin → Workspace: approvals, build requirements, members and their roles."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError, InvalidInputError
from assay.core.review.approval import MOST_APPROVALS, ApprovalRules
from assay.core.roles import Right, Role
from assay.flow.people import DEMANDS, change_role
from assay.flow.review.approval import rules_of, set_approval, set_groups
from assay.store.models import Membership
from assay.web.access import Visit, page

WORDS = {
    "self_approval": "Allow people to approve their own submissions (marked in the audit log)",
    "require_sandbox": "Require isolation (bubblewrap) for builds",
    "allow_sdists": "Allow builds from source for libraries without a wheel",
    "personal_overlays": "Allow personal libraries in servers; nobody else gets them",
}


@page(Right.ADMINISTER)
def workspace(request: Visit) -> HttpResponse:
    """Show and change what the workspace wants; list its members."""
    error: AssayError | None = None
    if request.method == "POST":
        try:
            demands = {name: request.POST.get(name) == "yes" for name in DEMANDS}
            set_approval(request.actor, _rules(request), **demands)
        except AssayError as refused:
            error = refused
        else:
            messages.success(request, "Saved. It counts for every decision from now on.")
            return redirect("workspace")
    found = request.workspace
    return render(
        request,
        "admin/workspace.html",
        {
            "space": found,
            "rules": rules_of(found),
            "numbers": range(1, MOST_APPROVALS + 1),
            "demands": [(name, WORDS[name], getattr(found, name)) for name in DEMANDS],
            "members": _members(request),
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


def _names(request: Visit) -> tuple[str, ...]:
    return tuple(request.POST.get("groups", "").replace(",", " ").lower().split())


def _members(request: Visit) -> list[Membership]:
    rows = Membership.objects.filter(workspace_id=request.actor.workspace_id).select_related("person")
    return list(rows.order_by("person__username"))


@require_POST
@page(Right.ADMINISTER)
def member(request: Visit, name: str) -> HttpResponse:
    """Change what a member is, and for which groups they speak."""
    try:
        change_role(request.actor, name, request.POST.get("role", ""))
        set_groups(request.actor, name, _names(request))
        messages.success(request, f"{name} is changed.")
    except AssayError as refused:
        messages.error(request, f"{refused.detail} {refused.hint}")
    return redirect("workspace")
