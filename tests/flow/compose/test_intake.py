"""Dependency files are read together, and exact versions reduced to what was asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from support.index import LocalIndex
from support.people import person

from assay.core.errors import ForbiddenError, InvalidInputError, ResolutionError
from assay.core.roles import Actor, Role
from assay.flow.compose.intake import MAX_FILES, Intake, read_files, reduce_to_intent
from assay.flow.paths import installed_interpreters

pytestmark = pytest.mark.django_db
FREEZE = b"app==1.0\nshared==1.0\nlone==2.0\n"
NEWEST = next(iter(installed_interpreters()))


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalIndex]:
    """Serve an index in which app requires shared."""
    index = LocalIndex()
    index.add("shared", "1.0")
    index.add("app", "1.0", requires=("shared",))
    index.add("lone", "2.0")
    monkeypatch.setattr(settings, "INDEX_URL", index.url)
    yield index
    index.close()


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


def read(actor: Actor, **texts: str) -> Intake:
    """Read texts by file name; two underscores stand for the dot."""
    return read_files(actor, [(name.replace("__", "."), text.encode()) for name, text in texts.items()])


def test_limits(ana: Actor) -> None:
    """No file, too many files, too large files; viewers compose nothing."""
    for files in ([], [("a.txt", b"six")] * (MAX_FILES + 1), [("a.txt", b"x" * 3_000_000)] * 3):
        with pytest.raises(InvalidInputError):
            read_files(ana, files)
    with pytest.raises(ForbiddenError):
        read_files(person("vic", Role.VIEWER), [("a.txt", b"six")])


def test_a_broken_file_does_not_stop_the_others(ana: Actor) -> None:
    """It is listed with its error."""
    found = read(ana, pyproject__toml="[project", more__txt="six")
    assert [one.error is None for one in found.combined.files] == [False, True]
    assert found.combined.libraries == ("six",)


def test_python(ana: Actor) -> None:
    """A named Python, the newest that all specifiers allow, the given one; else none with what was asked."""
    assert read(ana, environment__yml=f"dependencies:\n  - python={NEWEST}\n  - six").python == NEWEST
    assert read(ana, pyproject__toml='[project]\nrequires-python=">=3.9"\ndependencies=["six"]').python == NEWEST
    old = read(ana, pyproject__toml='[project]\nrequires-python="<3.8"\ndependencies=["six"]')
    assert (old.python, old.asked_python) == (None, "<3.8")
    assert read(ana, a__txt="six").python is None
    assert read_files(ana, [("a.txt", b"six")], python=NEWEST).python == NEWEST
    odd = read(
        ana,
        pyproject__toml='[project]\nrequires-python=">=3.9"\ndependencies=["six"]',
        setup__cfg=("[options]\npython_requires = what\ninstall_requires = six\n"),
    )
    assert odd.python == NEWEST


def test_a_freeze_is_reduced_by_resolving(ana: Actor, index: LocalIndex) -> None:  # noqa: ARG001 - a fixture
    """What nothing else requires was asked for; everything keeps its version."""
    found = read_files(ana, [("requirements.txt", FREEZE)])
    assert (found.locked, found.direct, dict(found.requires)) == (True, None, {})
    assert found.reducible
    assert not read_files(ana, [("requirements.txt", b"six==1.0\n")]).reducible
    intent = reduce_to_intent(ana, found, NEWEST)
    assert intent.libraries == ("app", "lone")
    assert intent.constraints == ("app==1.0", "shared==1.0", "lone==2.0")
    assert intent.others == ("shared",)
    with pytest.raises(ForbiddenError):
        reduce_to_intent(person("vic", Role.VIEWER), found, NEWEST)


def test_a_freeze_that_does_not_resolve(ana: Actor, index: LocalIndex) -> None:  # noqa: ARG001 - a fixture
    """The reason is that of the resolution."""
    with pytest.raises(ResolutionError):
        reduce_to_intent(ana, read_files(ana, [("requirements.txt", b"app==1.0\ngone==2.0\n")]), NEWEST)


def test_a_library_without_a_wheel_counts_as_asked_for(ana: Actor, index: LocalIndex) -> None:
    """Its own requirements are known once it is built."""
    index.add_source("old", "1.0", backend="")
    found = read_files(ana, [("requirements.txt", FREEZE + b"old==1.0\n")])
    assert reduce_to_intent(ana, found, NEWEST).libraries == ("app", "lone", "old")


def test_what_was_asked_for_stands_beside_the_lock(ana: Actor) -> None:
    """A project file names it for the lock that was given along."""
    lock = (
        'lock-version = "1.0"\n[[packages]]\nname = "app"\nversion = "1.0"\n'
        '[[packages]]\nname = "lone"\nversion = "2"\n'
    )
    found = read(
        ana, pyproject__toml='[project]\ndependencies = ["app>=0.5"]', pylock__toml=lock, empty__txt="-r x.txt"
    )
    assert found.direct == {"app"}
    intent = reduce_to_intent(ana, found, NEWEST)
    assert (intent.libraries, intent.others) == (("app",), ("lone",))


def test_the_graph_of_a_lock(ana: Actor) -> None:
    """A lock that says what requires what is reduced without resolving."""
    lock = (
        'lock-version = "1.0"\n[[packages]]\nname = "app"\nversion = "1.0"\ndependencies = [{name = "shared"}]\n'
        '[[packages]]\nname = "shared"\nversion = "3"\n'
    )
    assert reduce_to_intent(ana, read(ana, pylock__toml=lock), NEWEST).libraries == ("app",)


def test_what_a_lock_names_as_direct(ana: Actor) -> None:
    """A lock of uv names what its project requires."""
    lock = (
        'version = 1\nrequires-python = ">=3.9"\n'
        '[[package]]\nname = "me"\nversion = "0"\nsource = { virtual = "." }\ndependencies = [{ name = "app" }]\n'
        '[[package]]\nname = "app"\nversion = "1.0"\nsource = { registry = "https://index.example/simple" }\n'
        'dependencies = [{ name = "shared" }]\n'
        '[[package]]\nname = "shared"\nversion = "1.0"\nsource = { registry = "https://index.example/simple" }\n'
    )
    assert reduce_to_intent(ana, read(ana, uv__lock=lock), NEWEST).libraries == ("app",)


def test_constraints_are_not_asked_for(ana: Actor, index: LocalIndex) -> None:  # noqa: ARG001 - a fixture
    """A limit that was given along with a freeze does not stand for what was asked for."""
    found = read_files(ana, [("freeze.txt", FREEZE), ("constraints.txt", b"shared<2\n")])
    assert found.direct is None
    assert reduce_to_intent(ana, found, NEWEST).libraries == ("app", "lone")


def test_a_list_beside_an_unrelated_lock_loses_nothing(ana: Actor) -> None:
    """What the list does not lead to keeps its roots."""
    lock = (
        'lock-version = "1.0"\n[[packages]]\nname = "app"\nversion = "1.0"\ndependencies = [{name = "shared"}]\n'
        '[[packages]]\nname = "shared"\nversion = "3"\n'
    )
    found = read(ana, r__txt="lone", pylock__toml=lock)
    assert reduce_to_intent(ana, found, NEWEST).libraries == ("lone", "app")
