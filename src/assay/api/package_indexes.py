"""`/sources` and `/index-names`: package indexes of the workspace, and their names. Passwords are never returned."""

from __future__ import annotations

from typing import Any

from ninja import Router, Status
from pydantic import Field

from assay.api.access import Caller, needs, raises
from assay.api.schemas import Body
from assay.core.errors import ConflictError
from assay.core.roles import Right
from assay.flow import package_indexes
from assay.flow.package_indexes import IndexInput, indexes_in
from assay.flow.watch.index_names import NamesState, names_states, request_refresh
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


def names_document(state: NamesState) -> dict[str, Any]:
    """Return the state of an index's names."""
    return {
        "index": state.index.name,
        "count": state.count,
        "fetched_at": state.fetched_at,
        "checked_at": state.checked.at if state.checked else None,
        "error": state.checked.error if state.checked else "",
        "refresh_requested": state.waiting,
    }


@router.get("/index-names", response=dict[str, Any])
@needs(Right.ADMINISTER)
def names(request: Caller, workspace: str) -> dict[str, Any]:
    """List how many names of each package index are known, and how old they are.

    The search for libraries uses them. The default index comes first. `count` is null until they were fetched once.
    """
    states = names_states(indexes_in(request.actor.workspace_id))
    return {"items": [names_document(one) for one in states], "next": None}


@router.post("/index-names/{name}/refresh", response={202: dict[str, Any]})
@needs(Right.ADMINISTER)
def refresh_names(request: Caller, workspace: str, name: str) -> Status[dict[str, Any]]:
    """Refresh the names of a package index.

    The worker fetches them within seconds to minutes; `GET /index-names` shows the result.
    """
    request_refresh(request.actor, name)
    return Status(202, {"index": name, "refresh_requested": True})
