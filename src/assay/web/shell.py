"""What surrounds every page: navigation with what waits, theme, who is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from assay.core.roles import Actor, Right
from assay.store.models import Workspace
from assay.store.reads.reviews import waiting


@dataclass(frozen=True, kw_only=True)
class Link:
    """One link of the sidebar; `waiting` counts what waits for this person."""

    label: str
    url: str
    current: bool
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
            "workspace": Workspace.objects.only("title").get(pk=actor.workspace_id),
            "areas": _areas(actor, request.path),
            "may_compose": actor.has(Right.COMPOSE),
            "may_review": actor.has(Right.REVIEW),
        }
    return found


def _areas(actor: Actor, path: str) -> tuple[Area, ...]:
    def link(label: str, name: str, *, count: int = 0) -> Link:
        url = reverse(name)
        current = name == "admin-environments" if path.endswith("/review") else path.startswith(url)
        return Link(label=label, url=url, current=current, waiting=count)

    studio = (link("Environments", "environments"), link("Launch", "launch"), link("My servers", "servers"))
    areas = [Area(title="Studio", links=studio)]
    if actor.has(Right.COMPOSE):
        areas.append(Area(title="Runtimes", links=(link("Scripts", "runtimes"),)))
    if actor.has(Right.REVIEW):
        queue = link("Python Environments", "admin-environments", count=waiting(actor))
        own = (link("Package sources", "package-sources"),) if actor.has(Right.ADMINISTER) else ()
        links = (queue, link("Consistency", "consistency"), *own, link("Audit", "audit"))
        areas.append(Area(title="Admin", links=links))
    return tuple(areas)
