"""The tables of an environment: its versions, the libraries of one version, and its use."""

from __future__ import annotations

from django.db.models import F, QuerySet

from assay.store.models import Environment, Version
from assay.store.reads.keyset import read_page
from assay.store.reads.ordering import Columns
from assay.store.reads.unused import UnusedLibraries
from assay.store.reads.usage import UseRow, uses
from assay.web.access import Visit
from assay.web.studio.library_facts import LibraryLine, library_lines
from assay.web.tables import Column, ListTable, QueryTable
from assay.web.templatetags.assay import chain

PAGE = 50
LIBRARIES = 100  # of one page
IMPORTED = (("yes", "Imported"), ("never", "Never in 90 days"), ("unused", "Unused"))
ORIGINS = (("asked", "Direct"), ("base", "Base"), ("needed", "Dependency"))


def _built(version: Version, field: str) -> int | None:
    """Return a field of a version's lock, None before it is built."""
    return getattr(version.lock, field, None)


def _why(line: LibraryLine) -> str:
    """Return why a library is installed: `direct`, the chain from a direct one, or `base`."""
    return "direct" if line.row.direct else chain(line.row.via) or line.row.origin


VERSIONS: tuple[Column[Version], ...] = (
    Column(name="version", label="Version", value=lambda row: row.number),
    Column(name="status", label="Status", value=lambda row: row.status),
    Column(name="author", label="Author", value=lambda row: row.author.get_username()),
    Column(name="python", label="Python", value=lambda row: row.python),
    Column(name="libraries", label="Libraries", value=lambda row: _built(row, "libraries_count"), number=True),
    Column(name="size", label="Size", value=lambda row: _built(row, "size"), number=True),
    Column(name="published", label="Published", value=lambda row: row.published_at),
    Column(name="lock", label="Lock", value=lambda row: row.digest, sorts=False),
)

VERSION_ORDERS: Columns = {
    "version": F("number"),
    "status": F("status"),
    "author": F("author__username"),
    "python": F("python"),
    "libraries": F("lock__libraries_count"),
    "size": F("lock__size"),
    "published": F("published_at"),
}

USES: tuple[Column[UseRow], ...] = (
    Column(name="user", label="User", value=lambda row: row.person),
    Column(name="type", label="Type", value=lambda row: row.kind),
    Column(name="project", label="Project", value=lambda row: row.runtime, shown=False),
    Column(name="version", label="Version", value=lambda row: row.version),
    Column(name="lock", label="Lock", value=lambda row: row.digest, sorts=False),
    Column(name="started", label="Started", value=lambda row: row.started),
    Column(name="seconds", label="Duration", value=lambda row: row.seconds, number=True, sorts=False),
)

FACTS: tuple[Column[LibraryLine], ...] = (
    Column(name="library", label="Library", value=lambda line: line.row.name),
    Column(name="version", label="Version", value=lambda line: line.row.version),
    Column(name="uploaded", label="Uploaded", value=lambda line: line.row.uploaded, shown=False),
    Column(name="newest", label="Newest", value=lambda line: line.provenance.get("newest") or "", shown=False),
    Column(name="why", label="Why", value=_why),
    Column(name="licence", label="Licence", value=lambda line: line.licence),
    Column(name="index", label="Index", value=lambda line: line.row.index),
    Column(name="attested", label="Attested", value=lambda line: line.provenance.get("attested"), shown=False),
    Column(
        name="imported",
        label="Imported",
        value=lambda line: line.imported.sessions if line.imported.of else None,
        number=True,
        hint="In how many sessions of the last 90 days, in all versions of this environment that have the library",
    ),
    Column(name="sessions", label="Sessions", value=lambda line: line.imported.of, shown=False),
    Column(name="last_imported", label="Last imported", value=lambda line: line.imported.last, shown=False),
    Column(name="unused", label="Unused", value=lambda line: line.unused, shown=False),
    Column(name="import_seconds", label="Import time", value=lambda line: line.seconds, number=True),
    Column(name="size", label="Size", value=lambda line: line.row.size, number=True),
    Column(name="hash", label="Hash", value=lambda line: line.row.hash, shown=False),
)


def versions_table(request: Visit, environment: Environment, versions: QuerySet[Version]) -> QueryTable[Version]:
    """Return the table of the versions that the visitor may see, newest first unless the query string sorts it."""
    return QueryTable(
        request,
        VERSIONS,
        name=f"{environment.slug}-versions",
        default="-version",
        size=PAGE,
        reads=lambda order, limit, cursor: read_page(versions, VERSION_ORDERS, order, limit=limit, cursor=cursor),
    )


def uses_table(request: Visit, environment: Environment) -> QueryTable[UseRow]:
    """Return the table of uses of an environment, newest first unless the query string sorts it."""
    return QueryTable(
        request,
        USES,
        name=f"{environment.slug}-usage",
        default="-started",
        size=PAGE,
        reads=lambda order, limit, cursor: uses(environment, order, limit, cursor),
    )


def libraries_table(request: Visit, version: Version, use: UnusedLibraries) -> ListTable[LibraryLine]:
    """Return the table of libraries that match the filters, direct ones first unless the query string sorts it."""
    text, origin, imported = (request.GET.get(name, "").strip().casefold() for name in ("text", "origin", "imported"))
    found = [
        line
        for line in library_lines(version, use)
        if _fits(line, text) and origin in {"", line.row.origin} and _used(line, imported)
    ]
    name = f"{version.environment.slug}-{version.number}-libraries"
    return ListTable(request, FACTS, name=name, size=LIBRARIES, rows=found)


def _fits(line: LibraryLine, text: str) -> bool:
    row = line.row
    return not text or any(text in one.casefold() for one in (row.name, row.summary, line.licence or row.licence))


def _used(line: LibraryLine, imported: str) -> bool:
    """Return whether a library fits a choice of `IMPORTED`; without a known choice each does."""
    if imported == "yes":
        return line.imported.sessions > 0
    if imported == "never":
        return line.imported.of > 0 and not line.imported.sessions
    return line.unused or imported != "unused"
