"""Pages for errors that Django raises: not found, forbidden, internal error."""

from __future__ import annotations

import sys

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from assay.core.errors import RETRY_AFTER, AssayError, ForbiddenError, NotFoundError


def _page(request: HttpRequest, error: AssayError, status: int) -> HttpResponse:
    return render(request, "error.html", {"error": {**error.problem(), "status": status}}, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show the page for an address that does not exist (404)."""
    del exception
    return _page(request, NotFoundError("This page does not exist.", hint="Check the address, or go home."), 404)


def forbidden(request: HttpRequest, exception: Exception | None = None, reason: str = "") -> HttpResponse:
    """Show the page for a failed CSRF check: a form from another site, or an expired one (403)."""
    del exception, reason
    hint = "Reload the page and submit the form again."
    return _page(request, ForbiddenError("The form has expired or came from another site.", hint=hint), 403)


def fault(request: HttpRequest) -> HttpResponse:
    """Show the page for an internal error (500), or that the database does not respond (503).

    The request ID finds it in the log.
    """
    if isinstance(sys.exc_info()[1], OperationalError):  # Django calls this while it handles the error
        text = render_to_string("unavailable.html", {"request_id": getattr(request, "request_id", "")})
        return HttpResponse(text, status=503, headers={"Retry-After": RETRY_AFTER})
    hint = "Try again. If the problem persists, give an administrator the request ID."
    return _page(request, AssayError("An internal error occurred. Nothing was saved.", hint=hint), 500)
