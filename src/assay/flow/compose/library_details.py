"""What is known of one library while composing: the versions that fit, its newest release, licence and findings."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import timedelta
from email.message import Message
from http import HTTPStatus
from urllib.parse import quote

from django.utils import timezone
from packaging.utils import InvalidName, canonicalize_name

from assay.core.errors import NotFoundError, UnavailableError
from assay.core.lock import File, LockedLibrary
from assay.core.lock import Lock as LockValue
from assay.core.policy.facts import Project
from assay.core.policy.findings import Finding
from assay.core.releases import ProjectFile, Release, fitting
from assay.core.roles import Actor, Right, check_right
from assay.engine.interface import Index
from assay.engine.resolving.compatibility import tag_ranks, this_platform
from assay.engine.wheel_store.licence_files import declared_licence
from assay.flow.access import find_reference, workspace_of
from assay.flow.assess.assess import preview_findings
from assay.flow.assess.facts import library_fact
from assay.flow.assess.policy import current_policy
from assay.flow.package_indexes import PackageIndexes, indexes_in
from assay.flow.paths import installed_interpreters, interpreters
from assay.flow.watch.index_names import names_path
from assay.flow.work_slots import waiting
from assay.sources.project_files import MAX_METADATA, read_files, read_headers, summary_of
from assay.sources.projects import ACCEPT, MAX_RESPONSE, read_project
from assay.store.models import LockedFile
from assay.store.reads.live_libraries import LiveVersion, live_in

KEPT_SECONDS = 600.0  # an answer of an index; people look at the same names again while they compose
KEPT = 64  # answers in memory of each process


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What an index says of a project: its files, and its state."""

    files: tuple[ProjectFile, ...]
    project: Project


@dataclass(frozen=True, kw_only=True)
class LibraryDetails:
    """One library for one Python. `releases` fit, the newest first; summary, licence and findings are of the first.

    `in_base` is the version that the chosen base has and keeps, '' for none.
    """

    name: str
    index: str
    python: str
    project: Project
    releases: tuple[Release, ...]
    summary: str = ""
    licence: str = ""
    findings: tuple[Finding, ...] = ()
    live: tuple[LiveVersion, ...] = ()
    in_base: str = ""

    @property
    def newest(self) -> Release | None:
        """The newest release that fits."""
        return self.releases[0] if self.releases else None


def library_versions(actor: Actor, name: str, *, python: str = "", base: str = "") -> LibraryDetails:
    """Return a library with the releases that fit a Python, or that of a base; without summary, licence and findings.

    Releases that are younger than the policy allows are left out, and source distributions where the workspace
    forbids them. Raises NotFoundError and UnavailableError.
    """
    check_right(actor, Right.COMPOSE)
    name, sources = _normal(name), indexes_in(actor.workspace_id)
    based = find_reference(actor, base, path="base") if base else None
    offered = installed_interpreters() if based else interpreters()
    found = based.python if based else python if python in offered else next(iter(offered), "")
    listing = _listing(name, sources)
    days = current_policy(actor.workspace_id).policy.cool_down_days
    locked = LockValue.from_dict(based.lock.content).by_name if based and based.lock else {}
    interpreter = offered.get(found)
    return LibraryDetails(
        name=name,
        index=sources.owner_of(name).name,
        python=found,
        project=listing.project,
        releases=fitting(
            listing.files,
            python=interpreter.version if interpreter else found,
            ranks=tag_ranks(found),
            sources=workspace_of(actor).allow_sdists,
            until=timezone.now().date() - timedelta(days=days) if days else None,
        ),
        in_base=locked[name].version if name in locked else "",
    )


def library_details(
    actor: Actor, name: str, *, python: str = "", base: str = "", environment: str = ""
) -> LibraryDetails:
    """Return a library with the facts of its newest release that fits, and the findings that a reviewer would see.

    Raises NotFoundError and UnavailableError.
    """
    found = library_versions(actor, name, python=python, base=base)
    live = live_in(actor, [found.name]).get(found.name, ())
    if found.newest is None:
        return replace(found, live=live)
    sources = indexes_in(actor.workspace_id)
    locked = _as_locked(found, found.newest, sources.owner_of(found.name))
    headers = _headers(found.newest.file, sources)
    built = LockedFile.objects.filter(key=library_fact(locked, "").key).values_list("licence", flat=True).first()
    return replace(
        found,
        live=live,
        summary=summary_of(headers) if headers else "",
        licence=built or (declared_licence(headers) if headers else ""),
        findings=_findings(actor, found, locked, environment=environment, base=base),
    )


def _findings(
    actor: Actor, found: LibraryDetails, locked: LockedLibrary, *, environment: str, base: str
) -> tuple[Finding, ...]:
    lock = LockValue(python=found.python, platform=this_platform(), libraries=(locked,))
    findings = preview_findings(
        actor.workspace_id,
        lock,
        direct=(found.name,),
        environment=environment,
        base=base,
        known={found.name: found.project},
    )
    # What could not be assessed at all says so: no finding would read as "nothing is known against it".
    return tuple(one for one in findings if one.library == found.name or not (one.library or one.assessed))


def _as_locked(found: LibraryDetails, release: Release, source: Index) -> LockedLibrary:
    file = release.file
    return LockedLibrary(
        name=found.name,
        version=str(release.version),
        index=source.url,
        file=File(
            name=file.name,
            url=file.url,
            size=file.size,
            sha256=file.sha256,
            uploaded=file.uploaded.isoformat() if file.uploaded else "",
        ),
    )


def _normal(name: str) -> str:
    try:
        return canonicalize_name(name, validate=True)
    except InvalidName as error:
        raise NotFoundError(f"{name[:40]!r} is no library name.", hint="Check the spelling.") from error


def _listing(name: str, sources: PackageIndexes) -> Listing:
    """Return what the owner of a name says of it, kept for minutes. Raises NotFoundError and UnavailableError."""
    source = sources.owner_of(name)
    key = (names_path(source, sources).name, name)
    known = _kept.get(key)
    if known is not None:
        return known
    address = f"{source.url.rstrip('/')}/{quote(name)}/"
    status, content = _get(address, {"Accept": ACCEPT}, sources, MAX_RESPONSE)
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        raise NotFoundError(f"The index {source.name} has no library {name}.", hint="Check the spelling.")
    if status != HTTPStatus.OK:
        raise UnavailableError(f"The index responded with status {status} for {name}.", hint="Try again later.")
    found = Listing(files=read_files(name, content, address), project=read_project(name, content))
    _kept.put(key, found)
    return found


def _headers(file: ProjectFile, sources: PackageIndexes) -> Message | None:
    """Return the metadata of a file: that beside it if it is what was announced, else from inside the wheel."""
    from assay.engine.fetching.wheel_metadata import read_wheel_metadata  # noqa: PLC0415 - slow import, only here

    if not file.metadata:
        inside = read_wheel_metadata(sources.network(), file.url, file.size) if file.is_wheel and file.size else None
        return read_headers(inside) if inside else None
    try:
        status, content = _get(f"{file.url}.metadata", {}, sources, MAX_METADATA)
    except UnavailableError:
        return None
    if status != HTTPStatus.OK or hashlib.sha256(content).hexdigest() != file.metadata:
        return None
    return read_headers(content)


def _get(address: str, headers: dict[str, str], sources: PackageIndexes, most: int) -> tuple[int, bytes]:
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - slow import, needed only here

    try:
        with waiting(), contextlib.closing(sources.network().open(address, headers)) as response:
            content = response.read(most + 1) if response.status == HTTPStatus.OK else b""
    except (HTTPError, OSError) as error:
        raise UnavailableError(f"The index does not respond: {error}", hint="Try again later.") from error
    if len(content) > most:
        raise UnavailableError("The response of the index is too large.", hint="Check the index.")
    return response.status, content


class _Kept:
    """The last answers of indexes, for minutes."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, str], tuple[float, Listing]] = OrderedDict()
        self._guard = threading.Lock()

    def get(self, key: tuple[str, str]) -> Listing | None:
        """Return an answer that is not too old."""
        with self._guard:
            at, found = self._answers.get(key, (0.0, None))
            return found if time.monotonic() - at < KEPT_SECONDS else None

    def put(self, key: tuple[str, str], found: Listing) -> None:
        """Keep an answer; the oldest goes."""
        with self._guard:
            self._answers[key] = (time.monotonic(), found)
            self._answers.move_to_end(key)
            while len(self._answers) > KEPT:
                self._answers.popitem(last=False)

    def clear(self) -> None:
        """Forget all."""
        with self._guard:
            self._answers.clear()


_kept = _Kept()
