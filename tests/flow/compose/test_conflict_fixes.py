"""Conflicts with fixes that were tried, and new versions in which nothing moves that need not."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from subprocess import Popen

import pytest
from django.conf import settings
from support.index import LocalIndex
from support.people import built, draft, person

from assay.core.comparison.diff import UnrequestedChange
from assay.core.conflicts.fixes import Fix
from assay.core.errors import ResolutionError
from assay.core.lock import Lock
from assay.core.roles import Role
from assay.engine.interface import Index, ResolveRequest
from assay.flow.access import find_version
from assay.flow.build.build import checked_spec_of
from assay.flow.compose import conflict_fixes
from assay.flow.compose.conflict_fixes import explain_conflict
from assay.flow.compose.draft import SpecInput, new_version
from assay.flow.compose.resolve import preview, resolve_request
from assay.flow.package_indexes import indexes_in
from assay.flow.paths import interpreter, interpreters
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
    offered = {fix.words: fix.libraries for fix, _ in conflict.fixes}
    assert offered["Use other>=3.0 instead of other==3.0"] == ("app==1.0", "other>=3.0")
    assert "Use app>=1.0 instead of app==1.0" not in offered
    assert {(one.dependent, one.requirement) for one in conflict.dependencies} == {
        ("other<=3.0", "shared>=2"),
        ("app", "shared<2"),
        ("", "app==1.0"),
        ("", "other==3.0"),
    }
    for fix, lock in conflict.fixes:
        assert preview(ana, spec_input(*fix.libraries), "page").lock.digest == lock.digest


def test_a_misspelled_name_is_corrected(index: LocalIndex) -> None:
    """The widely used name that it resembles is offered, when the index has it."""
    index.add("requests", "2.0")
    found = explain_conflict(person("ana"), spec_input("reqests>=2"))
    assert found is not None
    assert [(fix.words, fix.libraries) for fix, _ in found.fixes] == [
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


def test_what_does_not_end_in_time_is_not_offered(
    processes: list[Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the limit the running trials are ended, and those that have not begun never begin."""
    monkeypatch.setattr(conflict_fixes, "SECONDS", 0.5)
    begun = []

    def endless(_request: object, _folder: str, name: str, mine: list[Popen[str]], _secrets: object) -> Lock:
        begun.append(name)
        if name == "0":
            raise ResolutionError("Because app==1.0 depends on shared<2 and other==3.0 depends on shared>=2, no.")
        process = Popen(["sleep", "60"], text=True)
        processes.append(process)
        mine.append(process)
        raise ResolutionError(f"It ended with {process.wait()}.")

    monkeypatch.setattr(conflict_fixes, "_resolve", endless)
    conflict = explain_conflict(person("ana"), spec_input("app==1.0", "other==3.0", "more"))
    assert conflict is not None
    assert conflict.fixes == ()
    assert len(begun) == 1 + conflict_fixes.MAX_CONCURRENT
    assert [process.returncode for process in processes] == [-signal.SIGKILL] * conflict_fixes.MAX_CONCURRENT


def test_a_newer_request_ends_the_trials_of_the_older_one(processes: list[Popen[str]]) -> None:
    """Of the same person; those of others go on."""
    for number in (1, 2):
        processes.append(Popen(["sleep", "60"], text=True))
        conflict_fixes._trials.begin(number).append(processes[-1])
    assert conflict_fixes._trials.begin(1) == []
    assert processes[0].wait(10) == -signal.SIGKILL
    assert processes[1].poll() is None
    conflict_fixes._trials.begin(2)


def test_a_fix_by_another_python_is_tried_with_that_python() -> None:
    """The request names its interpreter; the other fields stay."""
    python = next(iter(interpreters()))
    request = ResolveRequest(python="3.1", python_path="/nowhere", libraries=("six<1",), index=INDEX)
    fix = Fix(words="w", libraries=("six",), python=python)
    changed = conflict_fixes._request_with(request, fix)
    assert (changed.python, changed.python_path, changed.libraries) == (python, interpreter(python).path, ("six",))
    same = conflict_fixes._request_with(request, replace(fix, python=None))
    assert (same.python, same.libraries) == ("3.1", ("six",))


@pytest.fixture
def processes() -> Iterator[list[Popen[str]]]:
    """Return a list of processes, each of which is ended with the test."""
    begun: list[Popen[str]] = []
    yield begun
    for process in begun:
        process.kill()
        process.wait()
