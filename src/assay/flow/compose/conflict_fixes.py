"""Fixes for a resolution conflict; a fix is offered only after it has been resolved successfully."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from subprocess import Popen
from tempfile import TemporaryDirectory

from assay.core.conflicts.fixes import Dependency, Fix, dependencies_in, fixes
from assay.core.conflicts.message import parse
from assay.core.conflicts.words import Line, chain
from assay.core.errors import AssayError, ResolutionError
from assay.core.lock import Lock
from assay.core.roles import Actor, Right, check_right
from assay.engine.engines import engine_of
from assay.engine.interface import Credentials, ResolveRequest
from assay.flow.assess.context import names_in_use
from assay.flow.compose.draft import SpecInput, check_spec_input
from assay.flow.compose.resolve import resolve_request
from assay.flow.package_indexes import indexes_in
from assay.flow.paths import engine_paths, home, interpreter, interpreters
from assay.store.approved_libraries import approved_names

SECONDS = 10.0  # for all candidates together; one that is not resolved by then is not offered
NOT_FOUND = "was not found"  # uv's words for a name that no index has
MAX_CONCURRENT = 2  # concurrent resolutions; the author's next preview needs CPU too


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Why a spec does not resolve: the error, its chain in plain words, the dependencies, and fixes that resolve."""

    error: ResolutionError
    chain: tuple[Line, ...]
    dependencies: tuple[Dependency, ...]
    fixes: tuple[tuple[Fix, Lock], ...]


class _RunningTrials:
    """The running trial resolutions of each person; a newer request ends the earlier ones."""

    def __init__(self) -> None:
        self._running: dict[int, list[Popen[str]]] = {}
        self._guard = threading.Lock()

    def begin(self, person: int) -> list[Popen[str]]:
        """Kill the person's running processes, and return the list for their new ones."""
        with self._guard:
            for process in self._running.get(person, ()):
                with contextlib.suppress(OSError):
                    process.kill()
            mine = self._running[person] = []
        return mine


_trials = _RunningTrials()


def explain_conflict(actor: Actor, spec_input: SpecInput) -> Conflict | None:
    """Return why a spec does not resolve and the fixes that work, None when it does resolve."""
    check_right(actor, Right.COMPOSE)
    checked = check_spec_input(actor, spec_input)
    mine = _trials.begin(actor.id)
    sources = indexes_in(actor.workspace_id)
    request, secrets = resolve_request(checked, sources), sources.credentials
    (home() / "tmp").mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="fixes-", dir=home() / "tmp") as folder:
        try:
            _resolve(request, folder, "0", mine, secrets)
        except ResolutionError as error:
            python = None if checked.base else checked.python
            found = fixes(
                checked.spec.libraries,
                error.detail,
                python=python,
                pythons=tuple(interpreters()),
                similar=_similar(actor, checked.spec.names) if NOT_FOUND in error.detail else {},
            )
            return Conflict(
                error=error,
                chain=chain(parse(error.detail)),
                dependencies=dependencies_in(error.detail),
                fixes=_resolvable(request, found, folder, mine, secrets),
            )
    return None


def _similar(actor: Actor, names: tuple[str, ...]) -> dict[str, str]:
    """Map each name that resembles a widely used one, or one of the workspace, to that name."""
    known = names_in_use(approved_names(actor.workspace_id))
    found = {name: known.find(name) for name in names}
    return {name: one.name for name, one in found.items() if one}


def _resolvable(
    request: ResolveRequest, candidates: tuple[Fix, ...], folder: str, mine: list[Popen[str]], secrets: Credentials
) -> tuple[tuple[Fix, Lock], ...]:
    """Return the candidates that resolve, in their order."""
    until = time.monotonic() + SECONDS
    found: list[tuple[Fix, Lock]] = []
    with ThreadPoolExecutor(MAX_CONCURRENT) as pool:
        running = [
            (fix, pool.submit(_resolve, _request_with(request, fix), folder, str(number), mine, secrets))
            for number, fix in enumerate(candidates, 1)
        ]
        for fix, one in running:
            try:
                found.append((fix, one.result(max(0.0, until - time.monotonic()))))
            except (AssayError, TimeoutError):
                continue
        pool.shutdown(wait=False, cancel_futures=True)
        for process in list(mine):
            if process.poll() is None:
                process.kill()
    return tuple(found)


def _request_with(request: ResolveRequest, fix: Fix) -> ResolveRequest:
    changed = replace(request, libraries=fix.libraries)
    if fix.python is None:
        return changed
    return replace(changed, python=fix.python, python_path=interpreter(fix.python).path)


def _resolve(request: ResolveRequest, folder: str, name: str, mine: list[Popen[str]], secrets: Credentials) -> Lock:
    with TemporaryDirectory(prefix=f"{name}-", dir=folder) as workdir:
        cache = engine_paths().cache
        return engine_of(request).preview(
            request, cache=cache, workdir=workdir, started=mine.append, credentials=secrets
        )
