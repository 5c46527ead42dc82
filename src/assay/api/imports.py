"""`POST /api/v1/imports`: sessions report which modules they have loaded (`engine/imports`, decision 0017).

The caller is a process, not a person: it shows a ticket that names a version and a random session.
"""

from __future__ import annotations

import json

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError, InvalidInputError, TooLargeError
from assay.flow.usage.recording import count_imports

MOST_BYTES = 256 * 1024  # of a report; one of a large environment has about 10,000


@csrf_exempt
@require_POST
def report_imports(request: HttpRequest) -> JsonResponse:
    """Count the imports of a session; 202 says that nothing more is to be done."""
    try:
        modules = _modules(request)
        ticket = request.headers.get("Authorization", "").removeprefix("Bearer ")
        count_imports(ticket, modules, timezone.now())
    except AssayError as error:
        return JsonResponse(error.problem(), status=error.status, content_type="application/problem+json")
    return JsonResponse({}, status=202)


def _modules(request: HttpRequest) -> list[str]:
    """Return the names of the body. Raises TooLargeError before reading it, and InvalidInputError."""
    length = request.headers.get("Content-Length") or "0"
    if not length.isdigit() or int(length) > MOST_BYTES:
        raise TooLargeError(f"A report has at most {MOST_BYTES:,} bytes.", hint="Report top-level modules only.")
    try:
        modules: list[str] = json.loads(request.body)["modules"]
        valid = isinstance(modules, list) and all(isinstance(one, str) for one in modules)
    except (ValueError, KeyError, TypeError):
        valid = False
    if valid:
        return modules
    raise InvalidInputError("`modules` must be a list of names.", hint='Send {"modules": ["pandas"]}.')
