"""Pages for what Django itself refuses: not found, forbidden, a fault of ours."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from assay.core.errors import AssayError, ForbiddenError, NotFoundError


def _page(request: HttpRequest, error: AssayError, status: int) -> HttpResponse:
    return render(request, "error.html", {"error": {**error.problem(), "status": status}}, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that there is not."""
    del exception
    return _page(request, NotFoundError("This page does not exist.", hint="Check the address, or go home."), 404)


def forbidden(request: HttpRequest, exception: Exception | None = None, reason: str = "") -> HttpResponse:
    """Answer a request that came from another site, or a form that is too old."""
    del exception, reason
    hint = "Reload the page and submit the form again."
    return _page(request, ForbiddenError("The form has expired or came from another site.", hint=hint), 403)


def fault(request: HttpRequest) -> HttpResponse:
    """Answer when we made a mistake; the request's id finds it in the log."""
    hint = "Try again. If the problem persists, give an administrator the request ID."
    return _page(request, AssayError("Something went wrong on our side. Nothing was saved.", hint=hint), 500)
