"""Updating an old list with a real resolver: newer versions, other Pythons, and what cannot be had."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from subprocess import Popen

import pytest
from django.conf import settings
from support.index import LocalIndex
from support.people import person, published

from assay.core.conflicts.update_old import Removed, Replaced
from assay.core.errors import ConflictError, ForbiddenError, ResolutionError
from assay.core.roles import Role
from assay.engine.interpreters import find_interpreters
from assay.engine.sandbox import isolation
from assay.flow.compose import fix_trials
from assay.flow.compose import update_old as module
from assay.flow.compose.draft import SpecInput
from assay.flow.compose.resolve import preview
from assay.flow.compose.update_old import update_old

pytestmark = pytest.mark.django_db(transaction=True)
PYTHONS = sorted(find_interpreters(), key=lambda one: -int(one.partition(".")[2]))
PYTHON = PYTHONS[0]


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalIndex]:
    """Serve an index, and let it be the installation's."""
    index = LocalIndex()
    monkeypatch.setattr(settings, "INDEX_URL", index.url)
    yield index
    index.close()


def old(*libraries: str, python: str = PYTHON) -> SpecInput:
    """Return an old list."""
    return SpecInput(base=None, python=python, libraries=libraries, only_binary=True)


def test_the_newest_set_that_resolves(index: LocalIndex) -> None:
    """Old pins that no longer fit; a former name, a backport, a source, and one that no index has."""
    index.add("shared", "1.0")
    index.add("shared", "2.0")
    index.add("app", "1.0", requires=("shared<2",))
    index.add("app", "3.4.5", requires=("shared>=2",))
    index.add("other", "1.0", requires=("shared>=2",))
    index.add("scikit-learn", "1.7.2")
    index.add_source("only-source", backend="")
    asked = ("app==1.0", "other==1.0", "sklearn", "enum34", "only-source==1.0", "lost==1.0", "shared<3")
    ana = person("ana")
    with pytest.raises(ResolutionError):
        preview(ana, old(*asked), "page")
    found = update_old(ana, old(*asked))
    assert (found.resolves, found.python, found.count) == (False, None, 4)
    assert found.libraries == ("app>=3.4", "other>=1.0", "scikit-learn", "shared<3")
    assert [(one.name, one.before, one.after) for one in found.rows] == [
        ("app", "1.0", "3.4.5"),
        ("other", "1.0", "1.0"),
        ("scikit-learn", "", "1.7.2"),
        ("shared", "", "2.0"),
    ]
    assert set(found.removed) == {
        Removed(line="enum34", reason="is part of Python since 3.4"),
        Removed(line="lost==1.0", reason="is in no package index of the workspace"),
        Removed(line="only-source==1.0", reason="has no wheel for this Python and system"),
    }
    assert found.replaced == (Replaced(before="sklearn", after="scikit-learn", reason="was renamed to scikit-learn"),)
    assert len(preview(ana, old(*found.libraries), "page").lock.libraries) == found.count


def test_only_what_has_no_wheel_at_all_is_built(index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old version that has only a source gives way to a newer one with a wheel."""
    monkeypatch.setattr(isolation, "isolation", lambda: "bubblewrap")
    index.add_source("only-source", "1.0", backend="")
    index.add_source("both", "1.0", backend="")
    index.add("both", "2.0")
    asked = replace(old("only-source==1.0", "both<2"), only_binary=False)
    found = update_old(person("ana"), asked)
    assert [(one.name, one.after) for one in found.rows] == [("both", "2.0"), ("only-source", "1.0")]
    assert (found.removed, found.libraries) == ((), ("both>=2.0", "only-source>=1.0"))
    metadata = "Metadata-Version: 2.2\nName: stuck\nVersion: 1.0\nRequires-Dist: both<2\n"
    index.add_source("stuck", "1.0", backend="", files={"PKG-INFO": metadata})
    broken = update_old(person("ben"), replace(asked, libraries=("both==2.0", "stuck")))
    assert [one.line for one in broken.removed] == ["stuck"]


@pytest.mark.skipif(len(PYTHONS) < 2, reason="one Python")
def test_another_python_is_found_first(index: LocalIndex) -> None:
    """The newest one on which the list resolves as it is; beside the update for the Python that was chosen."""
    newest, *others = PYTHONS
    for one in others:
        tag = f"cp{one.replace('.', '')}"
        index.add("old", "1.0", tag=f"{tag}-{tag}-manylinux_2_17_x86_64")
    tag = f"cp{newest.replace('.', '')}"
    index.add("old", "2.0", tag=f"{tag}-{tag}-manylinux_2_17_x86_64")
    ana = person("ana")
    for _ in range(2):  # the second time the failure is known
        found = update_old(ana, old("old==1.0", python=newest))
        assert (found.resolves, found.python) == (False, others[0])
        assert found.libraries == ("old>=2.0",)


def test_what_resolves_can_be_updated_too(index: LocalIndex) -> None:
    """And a base stays: its Python is not changed, its versions hold."""
    index.add("app", "1.0")
    index.add("app", "2.0")
    index.add("six", "1.0")
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    found = update_old(ana, old("app==1.0"))
    assert (found.resolves, found.python, found.libraries) == (True, None, ("app>=2.0",))
    published(ana, ben, "core", ["six"], {"six": "1.0"})
    on_base = update_old(ana, SpecInput(base="core@1", python=None, libraries=("app==0.1", "lost")))
    assert (on_base.resolves, on_base.python, on_base.libraries, on_base.count) == (False, None, ("app>=2.0",), 2)


def test_when_nothing_is_left_it_says_why(index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line with its reason; and there is an end of attempts and of time."""
    ana = person("ana")
    with pytest.raises(ResolutionError, match="lost: is in no package index") as raised:
        update_old(ana, old("lost", "enum34"))
    assert "enum34: is part of Python since 3.4" in raised.value.detail
    index.add("app", "1.0")
    with monkeypatch.context() as patch:
        patch.setattr(module, "MOST", 1)
        with pytest.raises(ResolutionError, match="1 attempts"):
            update_old(ana, old("app==2.0"))
    monkeypatch.setattr(module, "SECONDS", -1.0)
    with pytest.raises(ResolutionError, match="app"):
        update_old(ana, old("app==2.0"))
    with pytest.raises(ForbiddenError):
        update_old(person("vera", Role.VIEWER), old("app"))


def test_a_newer_update_ends_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the same person; nothing is left running."""
    processes: list[Popen[str]] = []
    ana = person("ana")

    class Endless:
        def preview(self, _request: object, *, started: Callable[[Popen[str]], None], **_: object) -> None:
            process = Popen(["sleep", "60"], text=True)
            processes.append(process)
            started(process)
            if len(processes) == 2:
                module._running.begin(ana.id)
            process.wait()
            raise ResolutionError("It was ended.")

    monkeypatch.setattr(fix_trials, "engine_of", lambda _: Endless())
    with pytest.raises(ConflictError, match="newer"):
        update_old(ana, old("app"))
    assert all(process.returncode for process in processes)
    module._running.finish(ana.id)
