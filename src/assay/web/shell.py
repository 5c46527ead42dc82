"""The context of the base template: navigation with counts of pending work, theme, the signed-in person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from assay.core.roles import Actor, Right
from assay.store.reads.pending_work import PendingWork, pending_work
from assay.web.navigation import PAGES, allowed


@dataclass(frozen=True, kw_only=True)
class Link:
    """One link of the sidebar; `waiting` counts the items that wait for this person."""

    label: str
    url: str
    current: bool = False
    waiting: int = 0


@dataclass(frozen=True, kw_only=True)
class Area:
    """One area of the sidebar."""

    title: str
    links: tuple[Link, ...]


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the context of the base template (a context processor)."""
    theme = request.COOKIES.get("theme", "")
    found: dict[str, Any] = {
        "request_id": getattr(request, "request_id", ""),
        "theme": theme if theme in {"light", "dark"} else "",
    }
    actor = getattr(request, "actor", None)
    if isinstance(actor, Actor):
        work = pending_work(actor)
        found |= {
            "actor": actor,
            "workspace": getattr(request, "workspace", None),
            "areas": _areas(actor, request.path, work),
            "unread": work.unread,
            "may_compose": actor.has(Right.COMPOSE),
            "may_review": actor.has(Right.REVIEW),
        }
    return found


def _areas(actor: Actor, path: str, work: PendingWork) -> tuple[Area, ...]:
    counts = {"admin-environments": work.submissions, "health": work.health}
    links = [
        (one.area, Link(label=one.label, url=one.url, waiting=counts.get(one.route, 0)))
        for one in allowed(actor, PAGES)
    ]
    current = _current([link.url for _, link in links], path)
    return tuple(
        Area(title=title, links=tuple(replace(link, current=link.url == current) for _, link in found))
        for title, found in groupby(links, key=itemgetter(0))
    )


def _current(urls: list[str], path: str) -> str:
    """Return the sidebar link of a page: the longest one that its path starts with."""
    if path.startswith("/environments/") and path.endswith("/review"):
        return reverse("admin-environments")
    return max((url for url in urls if path.startswith(url)), key=len, default="")
