"""The libraries of a version as rows of the API."""

from __future__ import annotations

from datetime import date

from ninja import Schema


class ImportedOut(Schema):
    """In how many of how many sessions of the environment a library was imported in 90 days, and the last day."""

    sessions: int
    of: int
    last: date | None


class LibraryRowOut(Schema):
    """One installed library. `unused`: never imported in 90 days, and needed by nothing that was."""

    name: str
    version: str
    direct: bool
    via: list[str]
    size: int
    licence: str
    index: str
    hash: str
    imported: ImportedOut
    unused: bool


class LibraryList(Schema):
    """All libraries of a version."""

    items: list[LibraryRowOut]
