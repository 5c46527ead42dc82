"""Admin → Pythons: which are offered for new environments, the default, and their installation."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError, InvalidInputError
from assay.core.roles import Right
from assay.flow import pythons
from assay.web.access import Visit, page


@page(Right.ADMINISTER)
def show(request: Visit) -> HttpResponse:
    """List the Pythons; install one."""
    error: AssayError | None = None
    if request.method == "POST":
        try:
            version = request.POST.get("version", "").strip()
            pythons.request_installation(request.actor, version)
        except AssayError as refused:
            error = refused
        else:
            messages.success(request, f"Python {version} is being installed. This page shows when it is done.")
            return redirect("pythons")
    context = {**_rows(request), **_installable(), "form": request.POST, "error": error}
    return render(request, "admin/pythons.html", context, status=error.status if error else 200)


@page(Right.ADMINISTER)
def state(request: Visit) -> HttpResponse:
    """Show the rows again while an installation runs."""
    return render(request, "components/pythons.html", _rows(request))


def _rows(request: Visit) -> dict[str, Any]:
    rows = pythons.list_pythons(request.actor)
    return {"rows": rows, "today": timezone.now().date(), "busy": any(one.installing for one in rows)}


def _installable() -> dict[str, Any]:
    try:
        versions, problem = pythons.installable_versions(), ""
    except AssayError as error:
        versions, problem = (), f"{error.detail} {error.hint}"
    return {"installable": versions, "problem": problem, "source": pythons.python_source()}


@require_POST
@page(Right.ADMINISTER)
def change(request: Visit, minor: str) -> HttpResponse:
    """Offer a Python, stop offering it, or set it as default."""
    action = request.POST.get("action", "")
    try:
        if action == "default":
            pythons.set_default(request.actor, minor)
            messages.success(request, f"New environments begin with Python {minor}.")
        elif action in {"offer", "stop"}:
            pythons.offer(request.actor, minor, offered=action == "offer")
            words = "is offered" if action == "offer" else "is no longer offered"
            messages.success(request, f"Python {minor} {words} for new environments.")
        else:
            raise InvalidInputError("There is no such action.", hint="Use a button of the page.")
    except AssayError as refused:
        messages.error(request, f"{refused.detail} {refused.hint}")
    return redirect("pythons")
