"""How people sign in here, and what the Hub is told about them."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Administrators make accounts; nobody signs up alone."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Answer no."""
        del request
        return False
