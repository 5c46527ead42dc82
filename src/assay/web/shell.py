"""What surrounds every page: navigation with what waits, theme, who is signed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from assay.core.roles import Actor, Right
from assay.flow.notify.notifications import unread
from assay.store.reads.health import open_health
from assay.store.reads.reviews import waiting


@dataclass(frozen=True, kw_only=True)
class Link:
    """One link of the sidebar; `waiting` counts what waits for this person."""

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
    """Give templates what the frame of a page shows."""
    theme = request.COOKIES.get("theme", "")
    found: dict[str, Any] = {
        "request_id": getattr(request, "request_id", ""),
        "theme": theme if theme in {"light", "dark"} else "",
    }
    actor = getattr(request, "actor", None)
    if isinstance(actor, Actor):
        found |= {
            "actor": actor,
            "workspace": getattr(request, "workspace", None),
            "areas": _areas(actor, request.path),
            "unread": unread(actor),
            "may_compose": actor.has(Right.COMPOSE),
            "may_review": actor.has(Right.REVIEW),
        }
    return found


def _areas(actor: Actor, path: str) -> tuple[Area, ...]:
    areas = [Area(title="Studio", links=(_link("Environments"), _link("Launch"), _link("My servers", "servers")))]
    if actor.has(Right.COMPOSE):
        areas.append(Area(title="Runtimes", links=(_link("Projects", "runtimes"), _link("Apps"), _link("Secrets"))))
    if actor.has(Right.REVIEW):
        queue = _link("Python Environments", "admin-environments", count=waiting(actor))
        watched = (_link("Health", count=open_health(actor)), _link("Consistency"), _link("Policy"))
        areas.append(Area(title="Admin", links=(queue, *watched, *_settings(actor), _link("Audit log", "audit"))))
    return tuple(replace(area, links=_marked(area.links, _here(areas, path))) for area in areas)


def _settings(actor: Actor) -> tuple[Link, ...]:
    """Return what only administrators set, most used first."""
    if not actor.has(Right.ADMINISTER):
        return ()
    workspace = _link("Workspace")
    return (workspace, _link("Package indexes", "package-indexes"), _link("Applications"), _link("Webhooks"))


def _link(label: str, name: str = "", *, count: int = 0) -> Link:
    return Link(label=label, url=reverse(name or label.lower()), waiting=count)


def _here(areas: list[Area], path: str) -> str:
    """Return the link under which a page lies: the longest that its address begins with."""
    if path.endswith("/review"):
        return reverse("admin-environments")
    fitting = [one.url for area in areas for one in area.links if path.startswith(one.url)]
    return max(fitting, key=len, default="")


def _marked(links: tuple[Link, ...], here: str) -> tuple[Link, ...]:
    return tuple(replace(one, current=one.url == here) for one in links)
