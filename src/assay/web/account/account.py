"""The account page: password, two-factor authentication, API tokens, email notifications."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError
from assay.core.roles import Right
from assay.flow.people import NewToken, create_token, revoke_token, set_mail
from assay.web.access import Visit, page

DAYS = (7, 30, 90, 365)


@page(Right.SEE)
def account(request: Visit) -> HttpResponse:
    """Show the account and its tokens; create a token, whose secret is shown only once."""
    made: NewToken | None = None
    if request.method == "POST":
        scope = request.POST.get("scope", "")
        days = request.POST.get("days", "")
        try:
            made = create_token(
                request.user,
                request.POST.get("name", ""),
                scope=Right[scope] if scope in Right.__members__ else Right.SEE,
                days=int(days) if days.isdigit() else 0,
            )
        except AssayError as error:
            messages.error(request, f"{error.detail} {error.hint}")
            return redirect("account")
    return render(
        request,
        "account/account.html",
        {
            "tokens": request.user.api_tokens.filter(revoked_at=None).order_by("-created_at"),
            "scopes": [(right.name, right.value) for right in Right if request.actor.has(right)],
            "all_scopes": {right.name: right.value for right in Right},
            "days": DAYS,
            "made": made,
            "now": timezone.now(),
            "person": request.user,
            "mails": bool(settings.EMAIL_HOST),
        },
    )


@require_POST
@page(Right.SEE)
def mail(request: Visit) -> HttpResponse:
    """Change the address for email notifications, and whether they are sent."""
    address = request.POST.get("email", "").strip()
    try:
        set_mail(request.user, address, wanted=request.POST.get("wanted") == "yes")
        messages.success(request, "Notification settings saved.")
    except AssayError as error:
        messages.error(request, f"{error.detail} {error.hint}")
    return redirect("account")


def forgotten(request: HttpRequest) -> HttpResponse:
    """Show how to get a new password. Assay sends no password by email."""
    return render(request, "account/forgotten.html")


@require_POST
@page(Right.SEE)
def revoke(request: Visit, token: int) -> HttpResponse:
    """Revoke a token."""
    revoke_token(request.user, token)
    messages.success(request, "Token revoked. Programs that use it can no longer sign in.")
    return redirect("account")
