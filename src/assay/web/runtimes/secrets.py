"""Secrets: values that your runs receive as environment variables."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError
from assay.core.roles import Right
from assay.flow.launch import secrets
from assay.runtimes.run_settings import check_secret_names
from assay.web.access import Visit, page


@page(Right.COMPOSE)
def index(request: Visit) -> HttpResponse:
    """List the names of your secrets, and save one. Values are never shown."""
    error: AssayError | None = None
    if request.method == "POST":
        name = request.POST.get("name", "").strip()
        try:
            check_secret_names((name,))
            secrets.set_secret(request.actor, name, request.POST.get("value", ""))
            messages.success(request, f"{name} is saved. Select it in a project, and its runs get it as a variable.")
            return redirect("secrets")
        except AssayError as refused:
            error = refused
    context = {"secrets": secrets.list_secrets(request.actor), "error": error, "name": request.POST.get("name", "")}
    return render(request, "runtimes/secrets.html", context, status=error.status if error else 200)


@require_POST
@page(Right.COMPOSE)
def remove(request: Visit, name: str) -> HttpResponse:
    """Remove a secret."""
    secrets.remove_secret(request.actor, name)
    messages.success(request, f"Secret {name} is removed.")
    return redirect("secrets")
