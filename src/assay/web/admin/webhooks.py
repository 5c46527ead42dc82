"""Admin → Webhooks: which addresses are told of what, and what became of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError
from assay.core.notifications import NOTICES
from assay.core.roles import Right
from assay.flow.notify.webhooks import NewWebhook, add_webhook, remove_webhook, send_again, try_webhook
from assay.store.models import Delivery, Webhook
from assay.web.access import Visit, page

SHOWN = 40


@page(Right.ADMINISTER)
def webhooks(request: Visit) -> HttpResponse:
    """List them with the last deliveries; add one, whose secret is shown this once."""
    error: AssayError | None = None
    made: NewWebhook | None = None
    if request.method == "POST":
        try:
            made = add_webhook(
                request.actor,
                url=request.POST.get("url", ""),
                events=tuple(request.POST.getlist("events")),
                allow_private=request.POST.get("allow_private") == "yes",
            )
        except AssayError as refused:
            error = refused
    rows = Webhook.objects.filter(workspace_id=request.actor.workspace_id).order_by("pk")
    deliveries = Delivery.objects.filter(webhook__workspace_id=request.actor.workspace_id)
    return render(
        request,
        "admin/webhooks.html",
        {
            "hooks": rows,
            "deliveries": deliveries.select_related("webhook").order_by("-pk")[:SHOWN],
            "events": [str(name) for name in NOTICES],
            "made": made,
            "error": error,
            "form": request.POST if error else {},
        },
        status=error.status if error else 200,
    )


@require_POST
@page(Right.ADMINISTER)
def attempt(request: Visit, webhook: int) -> HttpResponse:
    """Send a test."""
    messages.info(request, try_webhook(request.actor, webhook))
    return redirect("webhooks")


@require_POST
@page(Right.ADMINISTER)
def remove(request: Visit, webhook: int) -> HttpResponse:
    """Remove one."""
    remove_webhook(request.actor, webhook)
    messages.success(request, "It is told of nothing any more.")
    return redirect("webhooks")


@require_POST
@page(Right.ADMINISTER)
def again(request: Visit, delivery: int) -> HttpResponse:
    """Send one once more."""
    send_again(request.actor, delivery)
    messages.success(request, "It is on its way again.")
    return redirect("webhooks")
