"""Liveness and readiness of the server."""

from __future__ import annotations

from django.db import OperationalError
from django.http import HttpRequest, JsonResponse

from assay.flow.system import is_ready, ready_checks


def healthz(request: HttpRequest) -> JsonResponse:
    """Return status 200 while the process runs."""
    del request
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Return status 200 if the installation can serve, else 503, with the state of each part and nothing else."""
    del request
    try:
        checks = ready_checks()
    except OperationalError:
        return JsonResponse({"status": "the database does not respond"}, status=503)
    ready = is_ready(checks)
    parts = {one.name.lower(): str(one.state) for one in checks}
    return JsonResponse({"status": "ok" if ready else "not ready", "parts": parts}, status=200 if ready else 503)
