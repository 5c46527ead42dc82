"""Policy → Waivers: waived findings with their reason and expiry; end a waiver, and undo that."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from assay.core.errors import InvalidInputError
from assay.core.roles import Right
from assay.flow.review.waive import end_waiver, restore_waiver
from assay.store.models import Waiver
from assay.store.reads.keyset import Page, read_page
from assay.store.reads.ordering import Order
from assay.store.reads.waivers import WAIVER_ORDERS, state_of, waiver_rows, waivers_by_state, waivers_with
from assay.web.access import Visit, page
from assay.web.tables import Column, QueryTable
from assay.web.undo import success_with_undo

PAGE = 50
STATES = (("active", "Active"), ("ended", "Ended"))
WAIVERS: tuple[Column[Waiver], ...] = (
    Column(name="version", label="Version", value=lambda row: row.version.reference),
    Column(name="finding", label="Finding", value=lambda row: row.finding["words"], sorts=False),
    Column(name="reason", label="Reason", value=lambda row: row.reason, sorts=False),
    Column(name="by", label="By", value=lambda row: row.by.get_username()),
    Column(name="since", label="Waived", value=lambda row: row.at),
    Column(name="until", label="Expires", value=lambda row: row.until),
)


@page(Right.REVIEW)
def waivers(request: Visit) -> HttpResponseBase:
    """List active waivers, soonest expiry first, or ended ones, latest first."""
    text, now = request.GET.get("text", "").strip(), timezone.now()
    state = "ended" if request.GET.get("state") == "ended" else "active"
    rows = waivers_by_state(waiver_rows(request.actor.workspace_id), now, ended=state == "ended")
    found = waivers_with(rows, text)

    def reads(order: Order, limit: int, cursor: str) -> Page[Waiver]:
        return read_page(found, WAIVER_ORDERS, order, limit=limit, cursor=cursor)

    table = QueryTable(
        request,
        WAIVERS,
        name="waivers",
        default="-until" if state == "ended" else "until",
        size=PAGE,
        reads=reads,
    )
    if table.exported:
        return table.export()
    soon = {one.pk for one in table.rows if state_of(one, now) == "expires soon"}
    context = {"table": table, "text": text, "state": state, "states": STATES, "soon": soon}
    return render(request, "admin/waivers.html", context)


@require_POST
@page(Right.REVIEW)
def end(request: Visit, waiver: int) -> HttpResponse:
    """End a waiver now."""
    until = Waiver.objects.filter(pk=waiver).values_list("until", flat=True).first()
    ended = end_waiver(request.actor, waiver)
    undo = reverse("waiver-restore", args=[waiver]) + (f"?{urlencode({'until': until.isoformat()})}" if until else "")
    success_with_undo(request, f"Waiver ended. The finding counts again in {ended.version.environment.slug}.", undo)
    return redirect("waivers")


@require_POST
@page(Right.REVIEW)
def restore(request: Visit, waiver: int) -> HttpResponse:
    """Restore an ended waiver: waive the same finding for the same reason."""
    until = request.GET.get("until", "")
    restored = restore_waiver(request.actor, waiver, until=_moment(until))
    messages.success(request, f"Waiver restored in {restored.version.environment.slug}.")
    return redirect("waivers")


def _moment(text: str) -> datetime | None:
    """Parse an expiry; return None for ''. Raises InvalidInputError."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(
            "This is not a valid time.", hint="Waive the finding on the page of its version."
        ) from error
