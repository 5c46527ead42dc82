"""Fixes for a resolution conflict; a fix is offered only after it has been resolved successfully."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from assay.core.conflicts.fixes import Dependency, Fix, best_first, candidates, dependencies_in, fix_of
from assay.core.conflicts.message import parse
from assay.core.conflicts.words import Line, chain
from assay.core.errors import ResolutionError
from assay.core.lock import Lock
from assay.core.roles import Actor, Right, check_right
from assay.engine.interface import Credentials, ResolveRequest
from assay.flow.assess.context import names_in_use
from assay.flow.compose.draft import CheckedSpec, SpecInput, check_spec_input
from assay.flow.compose.fix_trials import Trials
from assay.flow.compose.resolution_cache import cache_failure, cached_failure
from assay.flow.compose.resolve import full_request, shown_lock
from assay.flow.paths import home
from assay.store.approved_libraries import approved_names

NOT_FOUND = "was not found"  # uv's words for a name that no index has


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A spec that does not resolve, with all that a search for fixes needs; it reads the database no more.

    `before` are the versions that are known of the present state, by name.
    """

    error: ResolutionError
    request: ResolveRequest
    credentials: Credentials
    python: str | None
    similar: Mapping[str, str]
    before: Mapping[str, str]

    @property
    def chain(self) -> tuple[Line, ...]:
        """Why it does not resolve, in plain words."""
        return chain(parse(self.error.detail))


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Why a spec does not resolve: the error, its chain in plain words, the dependencies, and fixes that resolve."""

    error: ResolutionError
    chain: tuple[Line, ...]
    dependencies: tuple[Dependency, ...]
    fixes: tuple[Fix, ...]


def explain_conflict(actor: Actor, spec_input: SpecInput) -> Conflict | None:
    """Return why a spec does not resolve and the fixes that work, best first; None when it does resolve."""
    problem = find_problem(actor, spec_input)
    if problem is None:
        return None
    return Conflict(
        error=problem.error,
        chain=problem.chain,
        dependencies=dependencies_in(problem.error.detail),
        fixes=best_first(found_fixes(problem)),
    )


def find_problem(actor: Actor, spec_input: SpecInput, *, shown: str = "") -> Problem | None:
    """Resolve a spec and return why it fails, None when it does not; `shown` is the token of the last preview."""
    check_right(actor, Right.COMPOSE)
    checked = check_spec_input(actor, spec_input)
    request, credentials = full_request(actor, checked)
    error = cached_failure(request) or _failure(request, credentials)
    if error is None:
        return None
    return Problem(
        error=error,
        request=request,
        credentials=credentials,
        python=None if checked.base else checked.python,
        similar=_similar(actor, checked.spec.names) if NOT_FOUND in error.detail else {},
        before=_before(actor, checked, shown),
    )


def found_fixes(problem: Problem, cancelled: Callable[[], bool] = bool, folder: Path | None = None) -> Iterator[Fix]:
    """Yield fixes as they are found. Ends early when `cancelled`; `folder` is for temporary files."""
    libraries = problem.request.libraries
    tried = candidates(
        libraries,
        problem.error.detail,
        python=problem.python,
        pythons=problem.request.offered,
        similar=problem.similar,
        constraints=problem.request.constraints,
    )
    with _temporary(folder) as place:
        for candidate, lock in Trials(problem.request, problem.credentials, place).run(tried, cancelled):
            versions = {one.name: one.version for one in lock.libraries}
            yield fix_of(candidate, libraries, problem.before, versions, problem.request.constraints)


class _temporary:  # noqa: N801 - used as a function
    """A folder under `tmp`, removed at the end even while a killed process still writes there."""

    def __init__(self, folder: Path | None) -> None:
        self._given = folder

    def __enter__(self) -> Path:
        (home() / "tmp").mkdir(exist_ok=True)
        self._path = self._given or Path(mkdtemp(prefix="fixes-", dir=home() / "tmp"))
        return self._path

    def __exit__(self, *_: object) -> None:
        if self._given is None:
            shutil.rmtree(self._path, ignore_errors=True)


def _failure(request: ResolveRequest, credentials: Credentials) -> ResolutionError | None:
    with _temporary(None) as folder:
        try:
            Trials(request, credentials, folder).resolve(request)
        except ResolutionError as error:
            cache_failure(request, error)
            return error
    return None


def _similar(actor: Actor, names: tuple[str, ...]) -> dict[str, str]:
    """Map each name that resembles a widely used one, or one of the workspace, to that name."""
    known = names_in_use(approved_names(actor.workspace_id))
    found = {name: known.find(name) for name in names}
    return {name: one.name for name, one in found.items() if one}


def _before(actor: Actor, checked: CheckedSpec, shown: str) -> dict[str, str]:
    """Return the versions of the kept version, or of the author's last preview."""
    lock = shown_lock(actor, shown)
    if checked.kept is not None and checked.kept.lock is not None:
        lock = Lock.from_dict(checked.kept.lock.content)
    return {one.name: one.version for one in lock.libraries} if lock else {}
