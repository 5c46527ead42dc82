"""Adapters for django-allauth: sign-up is closed, and the claims that JupyterHub receives about a person."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from django.http import HttpRequest, HttpResponse

from assay.store.models import Membership, Person
from assay.studio.servers import prepare_server


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """An adapter without sign-up: only administrators create accounts."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False."""
        del request
        return False

    def post_login(self, request: HttpRequest, user: Any, **details: Any) -> HttpResponse:  # noqa: ANN401 - as its base
        """Prepare a Studio server for whoever starts one next, and go on as usual."""
        prepare_server()
        response: HttpResponse = super().post_login(request, user, **details)
        return response


class IdentityAdapter(DefaultOIDCAdapter):  # type: ignore[misc]  # allauth ships no types
    """Adds to the claims that JupyterHub receives about a person: a group `WORKSPACE-ROLE` for each membership."""

    def get_claims(self, purpose: str, user: Person, *args: Any, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - as its base
        """Return the claims about a person."""
        claims: dict[str, Any] = super().get_claims(purpose, user, *args, **more)
        known = Membership.objects.filter(person=user).order_by("workspace__slug")
        groups = [f"{slug}-{role}" for slug, role in known.values_list("workspace__slug", "role")]
        return {**claims, "groups": groups}
