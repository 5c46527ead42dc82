"""Admin → System: whether the installation works, in words, with what to do where it does not."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render

from assay.core.roles import Right
from assay.core.system import WORKER_SILENT, Check, State
from assay.flow.system import is_ready, system_checks
from assay.store.workers import list_workers
from assay.studio.server_status import hub
from assay.web.access import Visit, page

WORDS = {State.OK: "ok", State.WARN: "attention", State.BAD: "failed"}  # of badges


@page(Right.ADMINISTER)
def system(request: Visit) -> HttpResponse:
    """Show the checks and the workers."""
    checks = (*system_checks(), _studio())
    context = {
        "checks": [(one, WORDS[one.state]) for one in checks],
        "ready": is_ready(checks),
        "workers": [(one, one.silent < WORKER_SILENT) for one in list_workers()],
        "advisories": settings.ADVISORIES,
    }
    return render(request, "admin/system.html", context)


def _studio() -> Check:
    if hub().health():
        return Check(name="Studio", state=State.OK, words="The Hub responds.")
    hint = "Nobody can start a server. Look at its log, or start everything again: `assay up`."
    return Check(name="Studio", state=State.WARN, words="The Hub does not respond.", hint=hint)
