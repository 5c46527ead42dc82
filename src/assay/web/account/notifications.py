"""Notifications: events that concern the visitor, newest first."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.roles import Right
from assay.flow.notify.notifications import mark_read
from assay.store.models import Notification
from assay.store.reads.notifications import notifications_of
from assay.web.access import Visit, page
from assay.web.tables import QueryTable

SHOWN = 100


@page(Right.SEE)
def notifications(request: Visit) -> HttpResponse:
    """List the notifications; unread ones are highlighted."""
    table: QueryTable[Notification] = QueryTable(
        request,
        (),
        name="",
        size=SHOWN,
        reads=lambda _, limit, cursor: notifications_of(request.actor, limit=limit, cursor=cursor),
    )
    return render(request, "account/notifications.html", {"table": table})


@require_POST
@page(Right.SEE)
def read(request: Visit) -> HttpResponse:
    """Mark one notification as read and redirect to its version, or mark all of them as read."""
    given = request.POST.get("notice", "")
    found = None
    if given.isdigit():
        found = Notification.objects.filter(pk=int(given), person_id=request.actor.id).first()
    mark_read(request.actor, found.pk if found else None)
    if found:
        return redirect("version", slug=found.environment, number=found.number)
    return redirect("notifications")
