"""The API: its routers, and its errors as problem documents."""

from __future__ import annotations

import logging
from typing import Any

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja.errors import AuthenticationError, HttpError, ValidationError

from assay.api import (
    approvals,
    apps,
    builds,
    compare,
    consistency,
    environments,
    events,
    findings,
    intake,
    integrity,
    kernels,
    libraries,
    lifecycle,
    merges,
    notifications,
    package_indexes,
    policy,
    pythons,
    review_list,
    reviews,
    rollouts,
    runtimes,
    secrets,
    servers,
    slim,
    usage,
    versions,
    waves,
)
from assay.api.access import Token
from assay.api.openapi import DocumentedAPI
from assay.core.errors import RETRY_AFTER, AssayError, InvalidInputError, NotSignedInError, UnavailableError

log = logging.getLogger("assay.api")
DESCRIPTION = """\
The approval desk for Python environments.

Send `Authorization: Bearer TOKEN`; create the token on your account page. Lists take `limit` and `cursor`;
`next` is the cursor of the next page, or null. Times are UTC. Sizes are in bytes. Errors are RFC 9457 problem
documents with `detail`, `hint` and, where a field is wrong, `path`. A resource that you may not see returns 404; an
action that you may not take returns 403. Documents of a version (libraries, report, lock, SBOM), comparisons and
pages of the list of environments have an ETag: send it back as `If-None-Match`, and 304 says that your copy is the
same.
"""
api = DocumentedAPI(
    title="Assay",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    openapi_url="/openapi.json",
    docs_url=None,
    auth=Token(),
)
for router in (
    environments.router,
    libraries.router,
    intake.router,
    versions.router,
    slim.router,
    lifecycle.router,
    rollouts.router,
    waves.router,
    findings.router,
    policy.router,
    builds.router,
    reviews.router,
    compare.router,
    consistency.router,
    merges.router,
    review_list.router,
    approvals.router,
    usage.router,
    servers.router,
    kernels.router,
    runtimes.router,
    apps.router,
    secrets.router,
    events.router,
    notifications.router,
    integrity.router,
    package_indexes.router,
    pythons.router,
):
    api.add_router("/workspaces/{workspace}", router)


def problem(error: AssayError) -> HttpResponse:
    """Return an error as `application/problem+json`."""
    return JsonResponse(error.problem(), status=error.status, content_type="application/problem+json")


@api.exception_handler(AssayError)
def _ours(request: HttpRequest, error: AssayError) -> HttpResponse:
    del request
    return problem(error)


@api.exception_handler(OperationalError)
def _no_database(request: HttpRequest, error: OperationalError) -> HttpResponse:
    del request
    log.warning("The database does not respond: %s", error)
    response = problem(UnavailableError("The database does not respond.", hint="Try again in a moment."))
    response["Retry-After"] = RETRY_AFTER
    return response


@api.exception_handler(AuthenticationError)
def _no_token(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    del request, error
    return problem(NotSignedInError(hint="Send `Authorization: Bearer TOKEN`."))


@api.exception_handler(ValidationError)
def _malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    del request
    first: dict[str, Any] = error.errors[0]
    path = ".".join(str(part) for part in first["loc"] if part not in {"body", "query"})
    return problem(InvalidInputError(f"{path}: {first['msg']}", hint="See /api/v1/docs.", path=path))


@api.exception_handler(HttpError)
def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    del request
    return problem(InvalidInputError(str(error), hint="Send JSON as /api/v1/docs describes."))


__all__ = ["api", "problem"]
