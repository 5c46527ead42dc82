"""Update of a whole old list: the newest set of what was asked for that resolves, and the Python where it did."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp

from assay.core.conflicts.fixes import Candidate, Change
from assay.core.conflicts.update_old import (
    Removed,
    Replaced,
    UpdatedLibrary,
    UpdateState,
    begin,
    new_lines,
    relaxed,
    updated_libraries,
    with_sources,
)
from assay.core.errors import AssayError, ConflictError, ResolutionError
from assay.core.roles import Actor, Right, check_right
from assay.engine.interface import ResolveRequest
from assay.flow.compose.draft import SpecInput, check_spec_input
from assay.flow.compose.fix_trials import Trials
from assay.flow.compose.resolution_cache import cached_failure
from assay.flow.compose.resolve import full_request
from assay.flow.paths import home, interpreters

SECONDS = 60.0  # for all resolutions together
MOST = 40  # resolutions; each relaxes all libraries that a conflict names, or leaves one out


@dataclass(frozen=True, kw_only=True)
class OldUpdate:
    """The newest set of what was asked for that resolves, beside the old one.

    `resolves`: the old list resolves as it is. `python` is another offered Python on which it does, None when there
    is none. `libraries` are the new lines, `rows` compare the versions, `count` is the number of all libraries.
    """

    resolves: bool
    python: str | None
    libraries: tuple[str, ...]
    rows: tuple[UpdatedLibrary, ...]
    removed: tuple[Removed, ...]
    replaced: tuple[Replaced, ...]
    count: int


class _Running:
    """The trials of each person's running update; a newer one ends those of the one before it."""

    def __init__(self) -> None:
        self._trials: dict[int, tuple[Trials, ...]] = {}
        self._guard = threading.Lock()

    def begin(self, person: int, *trials: Trials) -> None:
        with self._guard:
            previous, self._trials[person] = self._trials.get(person, ()), trials
        for one in previous:
            one.end()

    def is_current(self, person: int, *trials: Trials) -> bool:
        return self._trials.get(person) == trials

    def finish(self, person: int, *trials: Trials) -> None:
        for one in trials:
            one.end()
        with self._guard:
            if self._trials.get(person) == trials:
                del self._trials[person]


_running = _Running()


def update_old(actor: Actor, spec_input: SpecInput) -> OldUpdate:
    """Find the newest set of what a spec asks for that resolves. Version limits without a library are dropped.

    Raises ResolutionError when there is none, and ConflictError when a newer call of this person replaced this one.
    """
    check_right(actor, Right.COMPOSE)
    checked = check_spec_input(actor, spec_input)
    request, credentials = full_request(actor, checked)
    offered = sorted(interpreters(), key=lambda one: -int(one.partition(".")[2]))  # here: threads use no database
    others = () if checked.base else tuple(one for one in offered if one != checked.python)
    (home() / "tmp").mkdir(exist_ok=True)
    folder = Path(mkdtemp(prefix="update-old-", dir=home() / "tmp"))
    trials = tuple(Trials(request, credentials, folder) for _ in range(3))
    _running.begin(actor.id, *trials)
    try:
        with ThreadPoolExecutor(1) as pool:
            unchanged = pool.submit(_unchanged, request, trials, others)
            state, versions = _newest(replace(request, constraints=(), preferred=()), trials[2])
            resolves, python = unchanged.result()
    except AssayError:
        if not _running.is_current(actor.id, *trials):
            raise ConflictError("A newer request replaced this one.", hint="Try again.") from None
        raise
    finally:
        _running.finish(actor.id, *trials)
        shutil.rmtree(folder, ignore_errors=True)
    return OldUpdate(
        resolves=resolves,
        python=python,
        libraries=new_lines(state, versions),
        rows=updated_libraries(request.libraries, state, versions),
        removed=state.removed,
        replaced=state.replaced,
        count=len(versions),
    )


def _unchanged(request: ResolveRequest, trials: Sequence[Trials], others: Sequence[str]) -> tuple[bool, str | None]:
    """Return whether a request resolves as it is, and the first of the other Pythons on which it does when not."""
    as_it_is = Candidate(change=Change.PYTHON, libraries=request.libraries)
    if cached_failure(request) is None and list(trials[0].run([as_it_is], bool)):
        return True, None
    tried = [Candidate(change=Change.PYTHON, libraries=request.libraries, python=one) for one in others]
    found = {candidate.python for candidate, _ in trials[1].run(tried, bool, lambda *_: True)}
    return False, next((one for one in others if one in found), None)


def _newest(request: ResolveRequest, trials: Trials) -> tuple[UpdateState, Mapping[str, str]]:
    """Find the newest set: with wheels first, then with what can be built from source. Raises ResolutionError."""
    state, versions = _with_wheels(replace(request, allow_sdists=False, sdists_refused_by="draft"), trials)
    more = with_sources(state, versions) if request.allow_sdists else None
    if more is not None:
        with contextlib.suppress(ResolutionError):
            lock = trials.resolve(replace(request, libraries=more.libraries))
            return more, {one.name: one.version for one in lock.libraries}
    if not state.lines and not request.pins:
        reasons = "\n".join(f"{one.line}: {one.reason}" for one in state.removed)
        raise ResolutionError(reasons, hint="None of these libraries can be installed here.", path="libraries")
    return state, versions


def _with_wheels(request: ResolveRequest, trials: Trials) -> tuple[UpdateState, Mapping[str, str]]:
    """Relax requirements and leave libraries out until the rest resolves. Raises ResolutionError at the end."""
    state = begin(request.libraries, request.python)
    until = time.monotonic() + SECONDS
    for _ in range(MOST):
        if not state.lines and not request.pins:
            return state, {}
        try:
            lock = trials.resolve(replace(request, libraries=state.libraries))
        except ResolutionError as error:
            following = relaxed(state, error.detail) if time.monotonic() < until else None
            if following is None:
                raise
            state = following
        else:
            return state, {one.name: one.version for one in lock.libraries}
    raise ResolutionError(
        f"No set was found in {MOST} attempts.",
        hint="Remove some of the libraries, then try again.",
        path="libraries",
    )
