"""Conflicts with fixes that were tried, and new versions in which nothing moves that need not."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from subprocess import Popen

import pytest
from django.conf import settings
from support.index import LocalIndex
from support.people import built, draft, person

from assay.core.comparison.diff import UnrequestedChange
from assay.core.conflicts.fixes import Candidate, Change, Move, candidates
from assay.core.errors import AssayError, ResolutionError
from assay.core.lock import Lock
from assay.core.roles import Role
from assay.engine.interface import Index, ResolveRequest
from assay.flow.access import find_version
from assay.flow.build.build import checked_spec_of
from assay.flow.compose import fix_search, fix_trials
from assay.flow.compose.conflict_fixes import Problem, explain_conflict, find_problem, found_fixes
from assay.flow.compose.draft import SpecInput, new_version
from assay.flow.compose.fix_search import cancel_search, read_search, start_search
from assay.flow.compose.fix_trials import Trials
from assay.flow.compose.resolution_cache import cache_failure, cached_failure
from assay.flow.compose.resolve import preview, resolve_request
from assay.flow.package_indexes import indexes_in
from assay.flow.paths import installed_interpreters, interpreter
from assay.flow.review.review import approve, submit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalIndex]:
    """Serve an index, and let it be the installation's."""
    index = LocalIndex()
    monkeypatch.setattr(settings, "INDEX_URL", index.url)
    yield index
    index.close()


INDEX = Index(name="default", url="https://index.example/simple")


def spec_input(*libraries: str, keep: str | None = None) -> SpecInput:
    """Ask for libraries on Python 3.11."""
    return SpecInput(base=None, python="3.11", libraries=libraries, keep=keep)


def test_only_what_was_tried_is_offered(index: LocalIndex) -> None:
    """Loosening `other` ends the conflict, loosening `app` does not: only the first is offered, with leaving out."""
    index.add("shared", "1.0")
    index.add("shared", "2.0")
    index.add("app", "1.0", requires=("shared<2",))
    index.add("other", "3.0", requires=("shared>=2",))
    index.add("other", "3.5", requires=("shared",))
    ana = person("ana")
    with pytest.raises(ResolutionError):
        preview(ana, spec_input("app==1.0", "other==3.0"), "page")
    conflict = explain_conflict(ana, spec_input("app==1.0", "other==3.0"))
    assert conflict is not None
    offered = {fix.words: fix.libraries for fix in conflict.fixes}
    assert offered["Use other>=3.5 instead of other==3.0"] == ("app==1.0", "other>=3.5")
    assert "Remove other" not in offered
    assert offered["Remove app"] == ("other==3.0",)
    assert conflict.fixes[0].effect == "other 3.0 → 3.5"
    assert {(one.dependent, one.requirement) for one in conflict.dependencies} == {
        ("other<=3.0", "shared>=2"),
        ("app", "shared<2"),
        ("", "app==1.0"),
        ("", "other==3.0"),
    }
    assert "Every version of app requires shared<2" in [line.text for line in conflict.chain]
    for fix in conflict.fixes:
        assert len(preview(ana, spec_input(*fix.libraries), "page").lock.libraries) == fix.count


def test_it_is_compared_with_the_last_preview_and_the_kept_version(index: LocalIndex) -> None:
    """How many other libraries move counts from the lock that the author saw last; tokens are of one workspace."""
    index.add("shared", "1.0")
    index.add("app", "1.0", requires=("shared<2",))
    ana = person("ana")
    seen = preview(ana, spec_input("app"), "page")
    index.add("shared", "2.0")
    index.add("other", "3.0", requires=("shared>=2",))
    index.add("app", "2.0", requires=("shared",))
    failed = spec_input("app<2", "other")
    problem = find_problem(ana, failed, shown=seen.shown)
    assert problem is not None
    assert problem.before == {"app": "1.0", "shared": "1.0"}
    first = min(found_fixes(problem), key=lambda fix: fix.rank)
    assert first.effect == "app 1.0 → 2.0, 1 more library moves"
    for token in ("", "x", seen.shown[:-1]):
        other = find_problem(ana, failed, shown=token)
        assert other is not None
        assert other.before == {}
    lock = seen.lock
    draft(ana, "geo", "app")
    built(ana, "geo", lock=lock)
    kept = find_problem(ana, replace(failed, keep="geo@1"))
    assert kept is not None
    assert kept.before == {"app": "1.0", "shared": "1.0"}


def test_the_failure_of_a_preview_is_not_resolved_again(index: LocalIndex) -> None:
    """The search for fixes starts with it; failures of the network are no conflicts."""
    index.add("app")
    ana = person("ana")
    with pytest.raises(ResolutionError):
        preview(ana, spec_input("app>1"), "page")
    served = len(index.served)
    assert find_problem(ana, spec_input("app>1")) is not None
    assert len(index.served) == served
    request = ResolveRequest(python="3.1", python_path="/nowhere", libraries=("six<1",), index=INDEX)
    cache_failure(request, ResolutionError("error sending request"))
    assert cached_failure(request) is None


def test_a_misspelled_name_is_corrected(index: LocalIndex) -> None:
    """The widely used name that it resembles is offered, when the index has it."""
    index.add("requests", "2.0")
    found = explain_conflict(person("ana"), spec_input("reqests>=2"))
    assert found is not None
    assert [(fix.words, fix.libraries) for fix in found.fixes] == [
        ("Use requests instead of reqests", ("requests>=2",))
    ]
    assert "not found" in found.error.detail


def test_what_resolves_has_no_conflict(index: LocalIndex) -> None:
    """A request that a newer keystroke has answered is none any more."""
    index.add("fine")
    assert explain_conflict(person("ana"), spec_input("fine")) is None


def test_nothing_moves_that_need_not(index: LocalIndex) -> None:
    """A new version that adds one library keeps the others; what must move is told; updating all is a choice."""
    index.add("stays", "1.0")
    index.add("pushed", "1.0")
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    draft(ana, "geo", "stays", "pushed")
    first = preview(ana, spec_input("stays", "pushed"), "page").lock
    version = built(ana, "geo", lock=first)
    submit(ana, "geo", 1, "")
    approve(ben, "geo", 1, digest=version.digest, note="")
    index.add("stays", "2.0")
    index.add("pushed", "2.0")
    index.add("fresh", "1.0", requires=("pushed>=2",))
    second = new_version(ana, "geo")
    assert second.parsed_spec.keep == "geo@1"
    asked = resolve_request(checked_spec_of(ana, find_version(ana, "geo", 2)), indexes_in(ana.workspace_id))
    assert set(asked.preferred) == {"stays==1.0", "pushed==1.0"}
    seen = preview(ana, spec_input("stays", "pushed", "fresh", keep="geo@1"), "page")
    assert versions(seen.lock) == {"stays": "1.0", "pushed": "2.0", "fresh": "1.0"}
    assert seen.moved == (UnrequestedChange(name="pushed", before="1.0", after="2.0"),)
    assert seen.new_bytes == seen.lock.download_size
    asked_for = preview(ana, spec_input("stays>=2", "pushed", keep="geo@1"), "page")
    assert (versions(asked_for.lock)["stays"], asked_for.moved) == ("2.0", ())
    updated = preview(ana, spec_input("stays", "pushed", "fresh"), "page")
    assert versions(updated.lock) == {"stays": "2.0", "pushed": "2.0", "fresh": "1.0"}


def versions(lock: Lock) -> dict[str, str]:
    """Return each library's version."""
    return {one.name: one.version for one in lock.libraries}


@pytest.fixture
def endless(processes: list[Popen[str]], monkeypatch: pytest.MonkeyPatch) -> list[Popen[str]]:
    """Let each trial run until it is killed; return their processes."""

    class Endless:
        def preview(self, _request: object, *, started: Callable[[Popen[str]], None], **_: object) -> Lock:
            process = Popen(["sleep", "60"], text=True)
            processes.append(process)
            started(process)
            raise ResolutionError(f"It ended with {process.wait()}.")

    monkeypatch.setattr(fix_trials, "engine_of", lambda _: Endless())
    return processes


REQUEST = ResolveRequest(python="3.1", python_path="/nowhere", libraries=("app==1", "other==3", "more"), index=INDEX)
TRIED = candidates(REQUEST.libraries, "app and other exclude each other")


def test_what_does_not_end_in_time_is_not_offered(
    endless: list[Popen[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """At the limit the running trials are ended, and those that have not begun never begin."""
    monkeypatch.setattr(fix_trials, "SECONDS", 0.3)
    assert list(Trials(REQUEST, {}, tmp_path).run(TRIED, bool)) == []
    assert [process.returncode for process in endless] == [-signal.SIGKILL] * fix_trials.MAX_CONCURRENT
    assert list(tmp_path.iterdir()) == []


def test_a_slow_trial_gives_way(endless: list[Popen[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """To those that wait; one that is cancelled ends at once."""
    monkeypatch.setattr(fix_trials, "SLOW_SECONDS", 0.0)
    assert list(Trials(REQUEST, {}, tmp_path).run(TRIED, lambda: len(endless) > 3)) == []
    assert 3 < len(endless) < len(TRIED)
    assert {process.returncode for process in endless} == {-signal.SIGKILL}


def test_nothing_starts_after_the_end(endless: list[Popen[str]], tmp_path: Path) -> None:
    """Not even what was about to."""
    trials = Trials(REQUEST, {}, tmp_path)
    trials.end()
    with pytest.raises(AssayError, match="ended"):
        trials.resolve(REQUEST)
    assert endless == []
    process = Popen(["sleep", "60"], text=True)
    endless.append(process)
    trials._start(process)
    assert process.wait(10) == -signal.SIGKILL
    trials.end()


def test_a_fix_by_another_python_is_tried_with_that_python(tmp_path: Path) -> None:
    """The request names its interpreter; the other fields stay."""
    python = next(iter(installed_interpreters()))
    trials = Trials(REQUEST, {}, tmp_path)
    candidate = Candidate(change=Change.PYTHON, libraries=("six", ""), python=python)
    changed = trials.request_of(candidate)
    assert (changed.python, changed.python_path, changed.libraries) == (python, interpreter(python).path, ("six",))
    same = trials.request_of(replace(candidate, python=None, constraints=("six<1",)))
    assert (same.python, same.libraries, same.constraints) == ("3.1", ("six",), ("six<1",))


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "It did not happen."
        time.sleep(0.01)


def test_a_constraint_that_conflicts_can_be_cleared(index: LocalIndex) -> None:
    """As an import of exact versions leaves them; the search keeps it over its file."""
    index.add("shared", "1.0")
    index.add("shared", "2.0")
    index.add("app", "1.0", requires=("shared>=2",))
    ana = person("ana")
    limited = replace(spec_input("app"), constraints=("shared==1.0",))
    problem = find_problem(ana, limited)
    assert problem is not None
    name = start_search(ana, problem)
    until(lambda: (found := read_search(ana, name)) and found.done)
    found = read_search(ana, name)
    assert found is not None
    assert [(fix.words, fix.constraints, fix.effect) for fix in found.fixes] == [
        ("Clear the constraint shared==1.0", (), "shared 1.0 → 2.0")
    ]


def test_a_search_shows_what_it_has_found(index: LocalIndex) -> None:
    """In any process, best first, until it is done; only its own person sees it."""
    index.add("shared", "1.0")
    index.add("shared", "2.0")
    index.add("app", "1.0", requires=("shared<2",))
    index.add("other", "3.0", requires=("shared>=2",))
    index.add("other", "3.5", requires=("shared",))
    ana, ben = person("ana"), person("ben")
    problem = find_problem(ana, spec_input("app==1.0", "other==3.0"))
    assert problem is not None
    name = start_search(ana, problem)
    until(lambda: (found := read_search(ana, name)) and found.done)
    found = read_search(ana, name)
    assert found is not None
    assert [fix.words for fix in found.fixes] == ["Use other>=3.5 instead of other==3.0", "Remove app"]
    assert found.fixes[0].moves == (Move(name="other", before="3.0", after="3.5"),)
    assert read_search(ben, name) is None
    assert read_search(ana, "../1") is None
    os.utime(settings.HOME / "tmp/fixes" / str(ana.id) / name / "state.json", (1, 1))
    assert read_search(ana, name) == found
    cancel_search(ana)
    assert read_search(ana, name) is None


@pytest.mark.parametrize("how", ["cancelled", "left", "replaced"])
def test_a_search_ends_with_its_page(endless: list[Popen[str]], how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When its person types on, leaves the page or starts another one; nothing is left running."""
    ana = person("ana")
    error = ResolutionError("Because app depends on shared<2 and other depends on shared>=2.")
    problem = Problem(error=error, request=REQUEST, credentials={}, python=None, similar={}, before={})
    name = start_search(ana, problem)
    until(lambda: len(endless) == fix_trials.MAX_CONCURRENT)
    mine = list(endless)
    folder = settings.HOME / "tmp/fixes" / str(ana.id)
    if how == "left":
        monkeypatch.setattr(fix_search, "LEFT_SECONDS", 0.0)
    elif how == "cancelled":
        cancel_search(ana)
    else:
        start_search(ana, problem)
    until(lambda: all(process.poll() is not None for process in mine))
    assert {process.wait() for process in mine} == {-signal.SIGKILL}
    if how == "replaced":
        assert not (folder / name).exists()
        cancel_search(ana)
    until(lambda: not [one for one in threading.enumerate() if one.name.startswith("fixes-")])
    assert how == "left" or not list(folder.glob("*"))


@pytest.fixture
def processes() -> Iterator[list[Popen[str]]]:
    """Return a list of processes, each of which is ended with the test."""
    begun: list[Popen[str]] = []
    yield begun
    for process in begun:
        process.kill()
        process.wait()


def test_no_fix_is_offered_twice(index: LocalIndex) -> None:
    """A newer version and any version end at the same release."""
    index.add("shared", "2.0")
    conflict = explain_conflict(person("ana"), spec_input("shared==1.0"))
    assert conflict is not None
    assert [fix.libraries for fix in conflict.fixes] == [("shared>=2.0",)]
