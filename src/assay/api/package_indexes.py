"""`/sources`: where libraries may come from. Secrets go in and never come out."""

from __future__ import annotations

from typing import Any

from ninja import Router, Status
from pydantic import Field

from assay.api.access import Caller, needs
from assay.api.schemas import Body
from assay.core.roles import Right
from assay.flow import package_indexes
from assay.flow.package_indexes import IndexInput
from assay.store.models import PackageSource

router = Router(tags=["sources"])


class SourceIn(Body):
    """A package source. An empty password keeps the one that is stored."""

    name: str
    url: str
    patterns: list[str] = Field(default_factory=list)
    is_default: bool = False
    allow_private: bool = False
    username: str = ""
    password: str = ""


def document(source: PackageSource) -> dict[str, Any]:
    """Return a source without its secret."""
    return {
        "name": source.name,
        "url": source.url,
        "patterns": source.patterns,
        "is_default": source.is_default,
        "allow_private": source.allow_private,
        "username": source.username,
        "has_password": bool(source.secret),
    }


def wanted(body: SourceIn) -> IndexInput:
    """Return the body as a wish."""
    return IndexInput(**{**body.model_dump(), "patterns": tuple(body.patterns)})


@router.get("/sources", response=dict[str, Any])
@needs(Right.ADMINISTER)
def listing(request: Caller, workspace: str) -> dict[str, Any]:
    """List the sources in the order in which they are asked; the default one last."""
    return {"items": [document(one) for one in package_indexes.list_indexes(request.actor)], "next": None}


@router.post("/sources", response={201: dict[str, Any]})
@needs(Right.ADMINISTER)
def add(request: Caller, workspace: str, body: SourceIn) -> Status[dict[str, Any]]:
    """Add a source behind the others."""
    return Status(201, document(package_indexes.add_index(request.actor, wanted(body))))


@router.put("/sources/{name}", response=dict[str, Any])
@needs(Right.ADMINISTER)
def change(request: Caller, workspace: str, name: str, body: SourceIn) -> dict[str, Any]:
    """Change a source."""
    return document(package_indexes.change_index(request.actor, name, wanted(body)))


@router.delete("/sources/{name}", response={204: None})
@needs(Right.ADMINISTER)
def remove(request: Caller, workspace: str, name: str) -> Status[None]:
    """Remove a source."""
    package_indexes.remove_index(request.actor, name)
    return Status(204, None)


@router.post("/sources/{name}/try", response=dict[str, Any])
@needs(Right.ADMINISTER)
def attempt(request: Caller, workspace: str, name: str) -> dict[str, Any]:
    """Ask a source, and say in words how it answers."""
    return {"answer": package_indexes.check_connection(request.actor, name)}
