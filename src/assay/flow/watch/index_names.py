"""The lists of names of all package indexes: refreshed when they are due, each in a file of its own.

Indexes that several workspaces use with the same sign-in share a file. An index that does not respond keeps the
names it had; how old they are stands beside them.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac

from assay.core.errors import AssayError, NotFoundError, UnavailableError
from assay.core.roles import Actor, Right, check_right
from assay.engine.interface import Index
from assay.flow.build.wakeup import wake_worker
from assay.flow.package_indexes import PackageIndexes, indexes_in
from assay.flow.paths import home
from assay.sources.index_names import ACCEPT, read_names
from assay.store.models import Workspace
from assay.store.name_table import open_names, write_names

CHUNK = 1 << 20  # bytes read at once
MAX_SECONDS = 600.0  # for one list
RETRY = timedelta(minutes=30)  # to wait after a failure
WANTED, CHECKED = ".wanted", ".json"  # beside the table: a refresh was asked for; the outcome of the last one


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The outcome of the last refresh; `error` is '' when the index responded."""

    at: datetime
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class NamesState:
    """The names of an index: how many (None: none yet), when fetched, the last check, whether a refresh waits."""

    index: Index
    count: int | None
    fetched_at: datetime | None
    checked: Checked | None
    waiting: bool


def names_path(source: Index, sources: PackageIndexes) -> Path:
    """Return the file with the names of an index, one for each address and each sign-in, who may see other names."""
    signed_in = sources.network().credentials_for(source.url) or ()
    key = "\n".join((source.url.rstrip("/"), *signed_in))
    return home() / "names" / f"{salted_hmac('names of an index', key, algorithm='sha256').hexdigest()[:32]}.sqlite3"


def refresh_due(now: datetime | None = None) -> int:
    """Refresh the names of every index that is due or was asked for; return how many were checked.

    Files of indexes that no workspace has any more are removed.
    """
    now, done, seen = now or timezone.now(), 0, set[Path]()
    for workspace_id in Workspace.objects.order_by("pk").values_list("pk", flat=True):
        sources = indexes_in(workspace_id)
        for source in sources.every:
            path = names_path(source, sources)
            if path in seen:
                continue
            seen.add(path)
            if _is_due(path, now):
                _refresh(source, sources, path)
                done += 1
    _remove_others(seen)
    return done


def is_any_due(now: datetime | None = None) -> bool:
    """Return whether the names of an index are due: one or two queries per workspace."""
    now = now or timezone.now()
    for workspace_id in Workspace.objects.values_list("pk", flat=True):
        sources = indexes_in(workspace_id)
        if any(_is_due(names_path(one, sources), now) for one in sources.every):
            return True
    return False


def is_requested() -> bool:
    """Return whether an administrator asked for a refresh; reads one directory."""
    return any(path.suffix == WANTED for path in _files())


def request_refresh(actor: Actor, name: str) -> None:
    """Ask the worker to refresh the names of an index now. Raises NotFoundError."""
    check_right(actor, Right.ADMINISTER)
    sources = indexes_in(actor.workspace_id)
    source = next((one for one in sources.every if one.name == name), None)
    if source is None:
        raise NotFoundError(f"There is no package index {name[:40]!r}.", hint="Check the name.")
    mark = names_path(source, sources).with_suffix(WANTED)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    wake_worker()


def names_states(sources: PackageIndexes) -> list[NamesState]:
    """Return the state of the names of each index, the default index first."""
    return [_state(one, names_path(one, sources)) for one in sources.every]


def _state(source: Index, path: Path) -> NamesState:
    table = open_names(path)
    with table or contextlib.nullcontext():
        count, fetched_at = (table.count, table.fetched_at) if table else (None, None)
    return NamesState(
        index=source,
        count=count,
        fetched_at=fetched_at,
        checked=_checked(path),
        waiting=path.with_suffix(WANTED).exists(),
    )


def _checked(path: Path) -> Checked | None:
    try:
        stored = json.loads(path.with_suffix(CHECKED).read_text())
        return Checked(at=datetime.fromisoformat(stored["at"]), error=stored["error"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_due(path: Path, now: datetime) -> bool:
    if path.with_suffix(WANTED).exists():
        return True
    checked = _checked(path)
    if not settings.NAMES_HOURS:
        return False
    wait = RETRY if checked and checked.error else timedelta(hours=settings.NAMES_HOURS)
    return checked is None or not path.exists() or now - checked.at >= wait


def _refresh(source: Index, sources: PackageIndexes, path: Path) -> None:
    """Fetch the names of an index if they have changed, and note the outcome; an error leaves the earlier names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(WANTED).unlink(missing_ok=True)
    error = ""
    try:
        _fetch(source, sources, path)
    except AssayError as failed:
        error = failed.detail
    outcome = asdict(Checked(at=timezone.now(), error=error))
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({**outcome, "at": outcome["at"].isoformat()}))
    fresh.replace(path.with_suffix(CHECKED))


def _fetch(source: Index, sources: PackageIndexes, path: Path) -> None:
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - slow import, needed only here

    headers = {"Accept": ACCEPT, "Accept-Encoding": "gzip", **_conditions(path)}
    try:
        response = sources.network().open(f"{source.url.rstrip('/')}/", headers)
        with contextlib.closing(response):
            if response.status == HTTPStatus.NOT_MODIFIED:
                return
            if response.status != HTTPStatus.OK:
                raise UnavailableError(
                    f"The index responded with status {response.status}.", hint="Check its address and credentials."
                )
            chunks = _within(MAX_SECONDS, response.stream(CHUNK, decode_content=True))
            write_names(
                path,
                read_names(chunks, response.headers.get("Content-Type", "")),
                {
                    "url": source.url,
                    "fetched_at": timezone.now().isoformat(),
                    "etag": response.headers.get("ETag", ""),
                    "modified": response.headers.get("Last-Modified", ""),
                },
            )
    except (HTTPError, OSError) as error:
        host = urlsplit(source.url).hostname
        raise UnavailableError(f"{host} does not respond: {error}", hint="Try later.") from error


def _within(seconds: float, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield chunks until the time is over. Raises UnavailableError then."""
    until = time.monotonic() + seconds
    for chunk in chunks:
        if time.monotonic() > until:
            raise UnavailableError(f"The list took longer than {seconds:.0f} s.", hint="Try later.")
        yield chunk


def _conditions(path: Path) -> dict[str, str]:
    """Return the headers that ask for the list only if it has changed."""
    table = open_names(path)
    if table is None:
        return {}
    with table:
        given = {"If-None-Match": table.facts.get("etag", ""), "If-Modified-Since": table.facts.get("modified", "")}
    return {name: value for name, value in given.items() if value}


def _remove_others(kept: set[Path]) -> None:
    for path in _files():
        if path.with_suffix(".sqlite3") not in kept:
            path.unlink(missing_ok=True)


def _files() -> Iterator[Path]:
    folder = home() / "names"
    yield from folder.iterdir() if folder.is_dir() else ()
