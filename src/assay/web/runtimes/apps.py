"""Apps: list, open, start, restart and stop them."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from assay.core.errors import NotFoundError
from assay.core.roles import Right
from assay.runtimes import app_tickets, apps
from assay.store.models import Run
from assay.web.access import Visit, page
from assay.web.runtimes.tables import apps_table, words_of
from assay.web.undo import success_with_undo


@page(Right.SEE)
def index(request: Visit) -> HttpResponseBase:
    """List the apps that you may open: your own and the shared ones."""
    found = list(
        app_tickets.apps_open_to(request.actor).select_related("serving_run__version__environment").order_by("title")
    )
    table = apps_table(request, found)
    if table.exported:
        return table.export()
    context = {"table": table, "anything": bool(found), "text": words_of(request)}
    return render(request, "runtimes/apps.html", context)


@page(Right.SEE)
def open_app(request: Visit, app: int) -> HttpResponse:
    """Redirect to an app's host name, with a ticket."""
    runtime = app_tickets.apps_open_to(request.actor).filter(pk=app).first()
    if runtime is None:
        raise NotFoundError("This app does not exist, or is not shared with you.", hint="Ask its owner to share it.")
    ticket = app_tickets.issue_ticket(request.actor, app, request.GET.get("next", "/"))
    answer = HttpResponseRedirect(apps.address_of(runtime) + "-/enter?" + urlencode({"ticket": ticket}))
    answer["Referrer-Policy"] = "no-referrer"
    answer["Cache-Control"] = "no-store"
    return answer


@page(Right.COMPOSE)
def state(request: Visit, slug: str) -> HttpResponse:
    """Show the state of your app, as the part of its page that is polled."""
    return render(request, "components/app.html", app_context(request, slug))


def app_context(request: Visit, slug: str) -> dict[str, object]:
    """Return the context of an app's state: the serving process and the starting one."""
    runtime = apps.find_app(request.actor, slug)
    open_runs = Run.objects.filter(runtime=runtime, state__in=("queued", "running")).defer("source")
    starting = open_runs.filter(healthy_at=None, cancel_requested=False).select_related("version__environment").last()
    serving = open_runs.select_related("version__environment").filter(pk__in=[runtime.serving_run_id]).first()
    return {"runtime": runtime, "serving": serving, "starting": starting, "address": apps.address_of(runtime)}


@require_POST
@page(Right.COMPOSE)
def start(request: Visit, slug: str) -> HttpResponse:
    """Start an app and keep it running."""
    apps.start(request.actor, slug)
    messages.success(request, "The app is starting. Visitors can open it when it responds.")
    return redirect("runtime", slug=slug)


@require_POST
@page(Right.COMPOSE)
def restart(request: Visit, slug: str) -> HttpResponse:
    """Restart an app without downtime."""
    apps.restart(request.actor, slug)
    messages.success(request, "A new instance is starting. The old one serves until the new one responds.")
    return redirect("runtime", slug=slug)


@require_POST
@page(Right.COMPOSE)
def stop(request: Visit, slug: str) -> HttpResponse:
    """Stop an app."""
    apps.stop(request.actor, slug)
    success_with_undo(request, "The app is stopped.", reverse("app-start", args=[slug]))
    return redirect("runtime", slug=slug)
