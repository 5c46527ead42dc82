"""Resolution: turn a spec into a request for the engine, and its result into a preview."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory

from django.core.signing import BadSignature, Signer
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from assay.core.comparison.diff import UnrequestedChange, unrequested_changes
from assay.core.comparison.similarity import Profile
from assay.core.errors import ConflictError, ResolutionError
from assay.core.lock import Lock, LockedLibrary
from assay.core.roles import Actor, Right, check_right
from assay.core.spec import Correction
from assay.engine.engines import engine_of
from assay.engine.interface import Credentials, Resolved, ResolveRequest
from assay.engine.sdists.stored import is_stored
from assay.engine.wheel_store.store import key_of
from assay.flow.assess.policy import current_policy
from assay.flow.compose.draft import CheckedSpec, SpecInput, check_spec_input
from assay.flow.compose.resolution_cache import cache_failure, cache_resolution, cached_resolution, lock_of
from assay.flow.compose.resolution_cache import key_of as key_of_request
from assay.flow.package_indexes import PackageIndexes, indexes_in
from assay.flow.paths import engine_paths, home, installed_interpreter, interpreters
from assay.flow.work_slots import waiting
from assay.store.models import Version
from assay.store.reads.libraries import direct_names, lines_of

SALT = "assay.preview"


@dataclass(frozen=True, kw_only=True)
class FromSource:
    """A library that has only a source distribution. `built`: an earlier build made its wheel.

    `pending`: its dependencies are certain only once it is built.
    """

    name: str
    version: str
    built: bool
    pending: bool

    @property
    def words(self) -> str:
        """Say what a build does with it."""
        only = f"{self.name} has only a source distribution"
        if self.built:
            return f"{only}; an earlier build made its wheel, which is reused."
        later = " Its dependencies are certain once it is built." if self.pending else ""
        return f"{only}; a build makes its wheel in the sandbox first.{later}"


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What would be installed. `added` counts the libraries that the base lacks; `need` is for searching versions.

    `moved` are the unrequested changes from the version whose pins are preferred (`kept`, '' for none);
    `new_bytes` is the size of the files that no environment of this installation has yet. `shown` is a token for
    `shown_lock`, with which a search for fixes compares.
    """

    lock: Lock
    direct: tuple[str, ...]
    need: Profile
    corrections: tuple[Correction, ...]
    added: int
    kept: str
    moved: tuple[UnrequestedChange, ...]
    new_bytes: int
    shown: str
    from_source: tuple[FromSource, ...] = ()


class _LatestResolutions:
    """The newest resolution of each person and page; a newer one kills the one before it.

    Requests of a page may overtake each other on their way, so that not the last to arrive counts but the one that
    was sent last: the one with the highest number.
    """

    def __init__(self) -> None:
        self._running: dict[str, tuple[int, Popen[str]]] = {}
        self._guard = threading.Lock()

    def start(self, key: str, number: int, process: Popen[str]) -> None:
        """Make this the current resolution of the key and kill the previous one; kill this if a newer one runs."""
        with self._guard:
            before, previous = self._running.get(key, (number, None))
            if before <= number:
                self._running[key] = (number, process)
        ended = previous if before <= number else process
        if ended is not None and ended.poll() is None:
            ended.kill()

    def is_current(self, key: str, process: Popen[str] | None) -> bool:
        """Return whether no newer resolution has started."""
        return key in self._running and self._running[key][1] is process

    def finish(self, key: str, process: Popen[str] | None) -> None:
        """Remove a resolution that has ended."""
        with self._guard:
            if self.is_current(key, process):
                del self._running[key]


_latest = _LatestResolutions()


def resolve_request(checked: CheckedSpec, sources: PackageIndexes, *, cool_down_days: int = 0) -> ResolveRequest:
    """Return the resolve request of a checked spec: its libraries, and the pins of its base.

    `cool_down_days` is the policy's: a release that it would block as too new is not chosen.
    """
    return ResolveRequest(
        python=checked.python,
        python_path=installed_interpreter(checked.python).path,
        libraries=checked.spec.libraries,
        pins=pins_of(checked.base),
        preferred=pins_of(checked.kept) if checked.kept and checked.kept.python == checked.python else (),
        constraints=checked.spec.constraints,
        index=sources.index,
        other_indexes=sources.others,
        allow_sdists=sources.allow_sdists and not checked.spec.only_binary,
        sdists_refused_by=_refused_by(checked, sources),
        offered=tuple(interpreters()),
        cool_down_days=max(checked.spec.cool_down_days, cool_down_days),
    )


def full_request(actor: Actor, checked: CheckedSpec) -> tuple[ResolveRequest, Credentials]:
    """Return the request of a preview, with the workspace's indexes and its policy's cool-down period."""
    sources = indexes_in(actor.workspace_id)
    cool_down_days = current_policy(actor.workspace_id).policy.cool_down_days
    return resolve_request(checked, sources, cool_down_days=cool_down_days), sources.credentials


def shown_lock(actor: Actor, token: str) -> Lock | None:
    """Return the lock of a preview by its token, None for a token of another workspace or an old one."""
    try:
        workspace, _, key = Signer(salt=SALT).unsign(token).partition(":")
    except BadSignature:
        return None
    return lock_of(key) if workspace == str(actor.workspace_id) else None


def _refused_by(checked: CheckedSpec, sources: PackageIndexes) -> str:
    """Return who refuses builds from source: the workspace, the draft, or nobody ('')."""
    if not sources.allow_sdists:
        return "workspace"
    return "draft" if checked.spec.only_binary else ""


def pins_of(base: Version | None) -> tuple[str, ...]:
    """Return `name==version` for each library of a base."""
    if base is None or base.lock is None:
        return ()
    return tuple(f"{one.name}=={one.version}" for one in Lock.from_dict(base.lock.content).libraries)


def resolve_checked(
    actor: Actor, checked: CheckedSpec, turn: str, *, preferred: tuple[str, ...] | None = None, cached: bool = False
) -> tuple[ResolveRequest, Lock]:
    """Resolve a checked spec and cache the lock; `preferred` replaces the pins of the version that the spec keeps.

    With `cached`, an identical request of the last minutes is not resolved again. A newer call with the same `turn`
    cancels this one. Raises ConflictError when cancelled so, and ResolutionError.
    """
    request, resolved = _resolve(actor, checked, turn, preferred=preferred, cached=cached)
    return request, resolved.lock


def _resolve(
    actor: Actor,
    checked: CheckedSpec,
    turn: str,
    *,
    number: int = 0,
    preferred: tuple[str, ...] | None = None,
    cached: bool = False,
) -> tuple[ResolveRequest, Resolved]:
    """Resolve as `resolve_checked` does. A lock of which a part is pending is not cached: a build may change it."""
    key = f"{actor.id}:{turn}"
    mine: list[Popen[str]] = []

    def started(process: Popen[str]) -> None:
        mine.append(process)
        _latest.start(key, number, process)

    request, credentials = full_request(actor, checked)
    if preferred is not None:
        request = replace(request, preferred=preferred)
    known = cached_resolution(request) if cached else None
    if known is not None:
        return request, Resolved(lock=known)
    (home() / "tmp").mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="preview-", dir=home() / "tmp") as workdir:
        try:
            with waiting():
                resolved = engine_of(request).preview(
                    request,
                    paths=engine_paths(),
                    workdir=workdir,
                    started=started,
                    credentials=credentials,
                )
        except Exception as error:
            if mine and not _latest.is_current(key, mine[-1]):
                raise ConflictError("A newer request replaced this one.", hint="Try again.") from None
            if isinstance(error, ResolutionError):
                cache_failure(request, error)
            raise
        finally:
            _latest.finish(key, mine[-1] if mine else None)
    if not resolved.pending:
        cache_resolution(request, resolved.lock)
    return request, resolved


def preview(actor: Actor, spec_input: SpecInput, turn: str, *, number: int = 0) -> Preview:
    """Resolve a spec without storing a version. Another call with the same `turn` and no lower `number` cancels this.

    Raises ConflictError when cancelled so, and ResolutionError when the libraries conflict.
    """
    check_right(actor, Right.COMPOSE)
    checked = check_spec_input(actor, spec_input)
    request, resolved = _resolve(actor, checked, turn, number=number)
    lock = resolved.lock
    return Preview(
        lock=lock,
        direct=direct_names(checked.spec.names, checked.base),
        need=Profile(
            python=lock.python,
            lines=lines_of(checked.spec.libraries, checked.base),
            versions={one.name: one.version for one in lock.libraries},
            digest=lock.digest,
        ),
        corrections=checked.corrections,
        added=len(lock.libraries) - len(request.pins),
        kept=checked.kept.reference if checked.kept else "",
        moved=_moved(checked, lock),
        new_bytes=new_bytes(lock),
        shown=Signer(salt=SALT).sign(f"{actor.workspace_id}:{key_of_request(request)}"),
        from_source=tuple(_from_source(one, resolved) for one in lock.libraries if not one.file.is_wheel),
    )


def _from_source(library: LockedLibrary, resolved: Resolved) -> FromSource:
    built = is_stored(engine_paths(), library, resolved.lock.python)
    return FromSource(
        name=library.name, version=library.version, built=built, pending=library.name in resolved.pending
    )


def _moved(checked: CheckedSpec, lock: Lock) -> tuple[UnrequestedChange, ...]:
    """Return the libraries that change although their line is the same as in the kept version."""
    if checked.kept is None or checked.kept.lock is None:
        return ()
    before = set(checked.kept.parsed_spec.libraries)
    edited = [Requirement(line) for line in checked.spec.libraries if line not in before]
    return unrequested_changes(
        Lock.from_dict(checked.kept.lock.content), lock, {canonicalize_name(one.name) for one in edited}
    )


def new_bytes(lock: Lock) -> int:
    """Return the size in bytes of a lock's files that are not in the wheel store yet."""
    store = Path(engine_paths().wheels)
    return sum(one.file.size for one in lock.libraries if not (store / key_of(one, lock.python)).is_dir())
