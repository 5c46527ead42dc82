"""Admin → Webhooks: the addresses that receive events, and the deliveries to them."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import F
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError
from assay.core.notifications import NOTIFICATION_TYPES
from assay.core.roles import Right
from assay.flow.notify.webhooks import NewWebhook, add_webhook, remove_webhook, send_again, try_webhook
from assay.store.models import Delivery, Webhook
from assay.store.reads.keyset import Page, read_page
from assay.store.reads.ordering import Columns, Order
from assay.web.access import Visit, page
from assay.web.tables import Column, QueryTable

PAGE = 40
ORDERS: Columns = {
    "sequence": F("sequence"),
    "event": F("event"),
    "url": F("webhook__url"),
    "attempts": F("attempts"),
    "delivered": F("delivered_at"),
}


def state_of(delivery: Delivery) -> str:
    """Return `delivered`, `queued` (an attempt or a retry will follow) or `failed`."""
    if delivery.delivered_at:
        return "delivered"
    return "queued" if delivery.next_at else "failed"


DELIVERIES: tuple[Column[Delivery], ...] = (
    Column(name="sequence", label="Number", value=lambda row: row.sequence, number=True, hint="In the audit log"),
    Column(name="event", label="Event", value=lambda row: row.event),
    Column(name="url", label="To", value=lambda row: row.webhook.url),
    Column(name="state", label="State", value=state_of, sorts=False),
    Column(name="error", label="Error", value=lambda row: row.error, sorts=False, shown=False),
    Column(name="attempts", label="Attempts", value=lambda row: row.attempts, number=True),
    Column(name="delivered", label="Delivered", value=lambda row: row.delivered_at),
)


@page(Right.ADMINISTER)
def webhooks(request: Visit) -> HttpResponseBase:
    """List the webhooks and their deliveries; add one and show its secret once."""
    deliveries = Delivery.objects.filter(webhook__workspace_id=request.actor.workspace_id).select_related("webhook")

    def reads(order: Order, limit: int, cursor: str) -> Page[Delivery]:
        return read_page(deliveries, ORDERS, order, limit=limit, cursor=cursor)

    table = QueryTable(request, DELIVERIES, name="deliveries", default="-sequence", size=PAGE, reads=reads)
    if table.exported:
        return table.export()
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
    return render(
        request,
        "admin/webhooks.html",
        {
            "hooks": rows,
            "table": table,
            "rows": [(one, state_of(one)) for one in table.rows],
            "events": [str(name) for name in NOTIFICATION_TYPES],
            "made": made,
            "error": error,
            "form": request.POST if error else {},
        },
        status=error.status if error else 200,
    )


@require_POST
@page(Right.ADMINISTER)
def send_test(request: Visit, webhook: int) -> HttpResponse:
    """Send a test event to a webhook."""
    messages.info(request, try_webhook(request.actor, webhook))
    return redirect("webhooks")


@require_POST
@page(Right.ADMINISTER)
def remove(request: Visit, webhook: int) -> HttpResponse:
    """Remove a webhook."""
    remove_webhook(request.actor, webhook)
    messages.success(request, "Webhook removed.")
    return redirect("webhooks")


@require_POST
@page(Right.ADMINISTER)
def redeliver(request: Visit, delivery: int) -> HttpResponse:
    """Deliver an event again."""
    send_again(request.actor, delivery)
    messages.success(request, "Delivery queued.")
    return redirect("webhooks")
