"""The page on which an environment is given to another owner."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from assay.core.errors import AssayError, ConflictError, NotFoundError
from assay.core.roles import Right
from assay.flow.access import find_environment
from assay.flow.maintenance.ownership import check_giving, give_environment, members
from assay.web.access import Visit, page


@page(Right.COMPOSE)
def give(request: Visit, slug: str) -> HttpResponse:
    """Show the owner and what another one gets; give the environment when a member is chosen."""
    environment = find_environment(request.actor, slug)
    version = check_giving(request.actor, environment)
    error: AssayError | None = None
    if request.method == "POST":
        try:
            to, seen = request.POST.get("owner", ""), request.POST.get("seen")
            after = give_environment(request.actor, slug, to, seen=seen)
        except (ConflictError, NotFoundError) as refused:
            error = refused
            environment = find_environment(request.actor, slug)
        else:
            messages.success(request, f"{after.title} belongs to {after.owner} now.")
            return redirect("environment", slug=slug)
    return render(
        request,
        "studio/owner.html",
        {
            "environment": environment,
            "version": version,
            "members": [name for name in members(request.actor) if name != environment.owner.get_username()],
            "error": error,
            "form": request.POST,
        },
        status=error.status if error else 200,
    )
