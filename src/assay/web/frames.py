"""HTML pages that users' code produced, served at another host name, which receives no session cookie of Assay.

A signed URL, valid for a few minutes, grants access; cookies are neither read nor set. The content security policy
puts the page into a sandbox with an opaque origin, so its scripts can neither read other pages nor send requests.
"""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_GET

from assay.flow.paths import run_directory
from assay.store.artifacts import open_output
from assay.store.models import Run

SECONDS = 300  # an address is valid for
SALT = "assay.frame"
LARGEST = 50 * 2**20  # bytes of one page
POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data:; font-src data:; media-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors {assay}"
)


def frame_address(run: Run, name: str) -> str:
    """Return the temporary address at which the owner of a run can see one of its pages."""
    token = signing.dumps([str(run.pk), name], salt=SALT, compress=True)
    return settings.FRAME_URL + reverse("frame", kwargs={"token": token})


@require_GET
@xframe_options_exempt
def frame(request: HttpRequest, token: str) -> HttpResponse:
    """Show a page that a run produced; 404 at the host name of Assay itself."""
    if request.get_host().rpartition(":")[0] == settings.PUBLIC_HOST and settings.FRAME_URL != settings.PUBLIC_URL:
        raise Http404
    try:
        run, name = signing.loads(token, salt=SALT, max_age=SECONDS)
    except signing.BadSignature as error:
        raise Http404 from error
    with open_output(run_directory(run) / "outputs", name) as file:
        answer = HttpResponse(file.read(LARGEST), content_type="text/html; charset=utf-8")
    answer["Content-Security-Policy"] = POLICY.format(assay=settings.PUBLIC_URL)
    answer["Cache-Control"] = "no-store"
    answer["Referrer-Policy"] = "no-referrer"
    return answer
