"""`/sources`: package indexes of the workspace. Passwords are never returned."""

from __future__ import annotations

from typing import Any

from ninja import Router, Status
from pydantic import Field

from assay.api.access import Caller, needs, raises
from assay.api.schemas import Body
from assay.core.errors import ConflictError
from assay.core.roles import Right
from assay.flow import package_indexes
from assay.flow.package_indexes import IndexInput
from assay.store.models import PackageIndex

router = Router(tags=["Package indexes"])


class SourceIn(Body):
    """A package index. An empty password keeps the stored one."""

    name: str
    url: str
    patterns: list[str] = Field(default_factory=list)
    is_default: bool = False
    allow_private: bool = False
    username: str = ""
    password: str = ""


def document(index: PackageIndex) -> dict[str, Any]:
    """Return a package index without its password."""
    return {
        "name": index.name,
        "url": index.url,
        "patterns": index.patterns,
        "is_default": index.is_default,
        "allow_private": index.allow_private,
        "username": index.username,
        "has_password": bool(index.secret),
    }


def index_input(body: SourceIn) -> IndexInput:
    """Return the body as input of the flow."""
    return IndexInput(**{**body.model_dump(), "patterns": tuple(body.patterns)})


@router.get("/sources", response=dict[str, Any])
@needs(Right.ADMINISTER)
def listing(request: Caller, workspace: str) -> dict[str, Any]:
    """List the package indexes in the order of their use, the default one last."""
    return {"items": [document(one) for one in package_indexes.list_indexes(request.actor)], "next": None}


@router.post("/sources", response={201: dict[str, Any]})
@needs(Right.ADMINISTER)
@raises(ConflictError)
def add(request: Caller, workspace: str, body: SourceIn) -> Status[dict[str, Any]]:
    """Add a package index after the others."""
    return Status(201, document(package_indexes.add_index(request.actor, index_input(body))))


@router.put("/sources/{name}", response=dict[str, Any])
@needs(Right.ADMINISTER)
@raises(ConflictError)
def change(request: Caller, workspace: str, name: str, body: SourceIn) -> dict[str, Any]:
    """Change a package index."""
    return document(package_indexes.change_index(request.actor, name, index_input(body)))


@router.delete("/sources/{name}", response={204: None})
@needs(Right.ADMINISTER)
@raises(ConflictError)
def remove(request: Caller, workspace: str, name: str) -> Status[None]:
    """Remove a package index."""
    package_indexes.remove_index(request.actor, name)
    return Status(204, None)


@router.post("/sources/{name}/try", response=dict[str, Any])
@needs(Right.ADMINISTER)
def check_connection(request: Caller, workspace: str, name: str) -> dict[str, Any]:
    """Test the connection to a package index."""
    return {"answer": package_indexes.check_connection(request.actor, name)}
