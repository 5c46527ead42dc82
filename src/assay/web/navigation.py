"""Navigation: the pages of the sidebar, and the actions that only the command palette lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from assay.core.roles import Actor, Right


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A page or form that people with a right can open. `area` groups it, `anchor` is a URL fragment."""

    area: str
    label: str
    route: str
    right: Right = Right.SEE
    anchor: str = ""

    @property
    def url(self) -> str:
        """Its address."""
        return reverse(self.route) + self.anchor


def _area(title: str, right: Right, *pages: tuple[str, str]) -> tuple[Destination, ...]:
    return tuple(Destination(area=title, label=label, route=route, right=right) for label, route in pages)


PAGES = (
    *_area("Studio", Right.SEE, ("Environments", "environments"), ("Launch", "launch"), ("My servers", "servers")),
    *_area("Runtimes", Right.COMPOSE, ("Projects", "runtimes"), ("Apps", "apps"), ("Secrets", "secrets")),
    *_area("Admin", Right.REVIEW, ("Python Environments", "admin-environments"), ("Health", "health")),
    *_area("Admin", Right.REVIEW, ("Usage", "usage"), ("Consistency", "consistency"), ("Waves", "waves")),
    *_area("Admin", Right.REVIEW, ("Policy", "policy")),
    *_area("Admin", Right.ADMINISTER, ("Workspace", "workspace"), ("Package indexes", "package-indexes")),
    *_area("Admin", Right.ADMINISTER, ("Pythons", "pythons")),
    *_area("Admin", Right.ADMINISTER, ("Applications", "applications"), ("Webhooks", "webhooks")),
    *_area("Admin", Right.ADMINISTER, ("System", "system")),
    *_area("Admin", Right.REVIEW, ("Audit log", "audit")),
)
ACTIONS = (
    *_area("Actions", Right.COMPOSE, ("Create environment", "environment-new"), ("Create project", "runtime-new")),
    *_area("Actions", Right.COMPOSE, ("Merge environments", "merge")),
    *_area("Actions", Right.SEE, ("Compare versions", "compare"), ("View notifications", "notifications")),
    *_area("Actions", Right.SEE, ("Create API token", "account"), ("Change password", "account_change_password")),
    *_area("Actions", Right.SEE, ("Set up two-factor authentication", "mfa_index")),
    *_area("Actions", Right.REVIEW, ("View waivers", "waivers"), ("Find near-duplicates", "duplicates")),
    *_area("Actions", Right.REVIEW, ("Review published versions", "review-list")),
    *_area("Actions", Right.ADMINISTER, ("Edit rules of the review list", "review-rules")),
    *_area("Actions", Right.ADMINISTER, ("Edit policy", "policy-edit"), ("Add webhook", "webhooks")),
    *_area("Actions", Right.ADMINISTER, ("Add package index", "package-indexes"), ("Manage members", "workspace")),
)


def allowed(actor: Actor, destinations: Iterable[Destination]) -> list[Destination]:
    """Return the destinations that the actor may open."""
    return [one for one in destinations if actor.has(one.right)]


def matching(actor: Actor, text: str) -> list[Destination]:
    """Return the pages and actions whose area and label contain every word of a text."""
    words = text.casefold().split()
    return [
        one
        for one in allowed(actor, (*PAGES, *ACTIONS))
        if all(word in f"{one.area} {one.label}".casefold() for word in words)
    ]
