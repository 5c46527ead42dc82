"""Middleware: work slots, request IDs, one host for pages, the signed-in person, security policy, error pages."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject

from assay.core.errors import AssayError
from assay.flow.authentication import signed_in
from assay.flow.request_id import working_on
from assay.flow.work_slots import working
from assay.store.models import Person

Next = Callable[[HttpRequest], HttpResponse]
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self' {hub}; frame-ancestors 'none'; base-uri 'none'"
)


class WorkSlotMiddleware:
    """Works on so many requests at a time as there are slots; the others wait for one."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Hold a slot for everything but the sending of the response."""
        with working():
            return self.get_response(request)


class RequestIdMiddleware:
    """Assigns each request an ID that error pages and log lines contain."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set the request's ID, taken from X-Request-Id if valid, and return it in the response header."""
        given = request.headers.get("X-Request-Id", "")
        request.request_id = given if re.fullmatch(r"[\w-]{8,64}", given) else secrets.token_hex(8)  # type: ignore[attr-defined]  # templates and logs read it from the request
        with working_on(request.request_id):  # type: ignore[attr-defined]  # set above
            response = self.get_response(request)
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]  # set above
        return response


class OneHostMiddleware:
    """Serves pages at one host name only: at another one, such as the Hub's, cookies would be shared."""

    ANYWHERE = (
        "/api/",
        "/healthz",
        "/readyz",
        "/metrics",
        "/studio/",
        "/identity/",
        "/.well-known/",
        "/frames/",
    )  # these need no session cookie

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Redirect requests for another host name to the public address."""
        from django.conf import settings  # noqa: PLC0415 - settings are read at the first request

        host = request.get_host().rpartition(":")[0] or request.get_host()
        if host == settings.PUBLIC_HOST or request.path.startswith(self.ANYWHERE):
            return self.get_response(request)
        return HttpResponseRedirect(settings.PUBLIC_URL + request.get_full_path())


class PersonMiddleware:
    """Sets the person of the session as `user`, with their first membership; they are read when first used."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set `user` and `membership`."""
        request.user = SimpleLazyObject(lambda: _person(request))  # type: ignore[assignment]  # as in Django
        return self.get_response(request)


def _person(request: HttpRequest) -> Person | AnonymousUser:
    found = signed_in(request.session)
    request.membership = found.membership if found else None  # type: ignore[attr-defined]  # read by `web.access`
    return found.person if found else AnonymousUser()


class PolicyMiddleware:
    """Adds the content security policy to every response."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the headers unless the view has set its own."""
        from django.conf import settings  # noqa: PLC0415 - settings are read at the first request

        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY.format(hub=settings.HUB_URL))
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        return response


class ErrorMiddleware:
    """Shows an AssayError as a page with a hint what to do."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Turn an AssayError into a page; leave everything else to Django."""
        if not isinstance(error, AssayError):
            return None
        return render(request, "error.html", {"error": error.problem()}, status=error.status)
