"""Pages that people's code made, shown at another host name, where the desk's session does not reach.

A signed address of a few minutes stands for the right to look; cookies are neither read nor set. The content
policy puts the page into a sandbox of no origin, so that its scripts can neither read nor ask anything.
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

SECONDS = 300  # how long an address is good for
SALT = "assay.frame"
LARGEST = 50 * 2**20  # bytes of one page
POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data:; font-src data:; media-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors {desk}"
)


def frame_address(run: Run, name: str) -> str:
    """Return the address at which the owner of a run sees one of its pages for a while."""
    token = signing.dumps([str(run.pk), name], salt=SALT, compress=True)
    return settings.FRAME_URL + reverse("frame", kwargs={"token": token})


@require_GET
@xframe_options_exempt
def frame(request: HttpRequest, token: str) -> HttpResponse:
    """Show a page that a run made, at any host name but the desk's own."""
    if request.get_host().rpartition(":")[0] == settings.PUBLIC_HOST and settings.FRAME_URL != settings.PUBLIC_URL:
        raise Http404
    try:
        run, name = signing.loads(token, salt=SALT, max_age=SECONDS)
    except signing.BadSignature as error:
        raise Http404 from error
    with open_output(run_directory(run) / "outputs", name) as file:
        answer = HttpResponse(file.read(LARGEST), content_type="text/html; charset=utf-8")
    answer["Content-Security-Policy"] = POLICY.format(desk=settings.PUBLIC_URL)
    answer["Cache-Control"] = "no-store"
    answer["Referrer-Policy"] = "no-referrer"
    return answer
