"""Slimmer versions, resolved by uv from an index on loopback: what is left out, what stays, and why not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from support.imports import know_modules
from support.index import LocalIndex
from support.people import built, draft, person, published, spec_input, visitor

from assay.core.comparison.diff import UnrequestedChange
from assay.core.errors import ConflictError, ForbiddenError
from assay.core.lock import Lock
from assay.core.roles import Actor, Role
from assay.flow.access import find_version
from assay.flow.compose.draft import check_spec_input, edit_spec, new_version
from assay.flow.compose.resolve import resolve_checked
from assay.flow.retire import deprecate, retire
from assay.flow.review import review
from assay.flow.usage.slim import create_slim, plan_slim
from assay.store.models import LibraryUse, Version
from assay.store.reads.imports import LibraryImports, library_imports
from assay.store.reads.unused import unused_libraries

pytestmark = pytest.mark.django_db
MODULES = {
    "sole": "sole",
    "pandas": "pandas",
    "numpy": "numpy",
    "scikit-learn": "sklearn",
    "matplotlib": "matplotlib",
    "cycler": "cycler",
    "seaborn": "seaborn",
    "ipykernel": "ipykernel",
}
SIZES = {"pandas": 40, "numpy": 30, "scikit_learn": 20, "matplotlib": 10, "cycler": 1, "seaborn": 2, "ipykernel": 3}
SPEC = ("pandas", "scikit-learn", "matplotlib", "seaborn", "ipykernel", "data")


@pytest.fixture(autouse=True)
def index(settings: Any) -> Iterator[LocalIndex]:  # noqa: ANN401 - pytest-django's settings
    """Serve what data people use; `data` has no module."""
    index = LocalIndex()
    index.add("numpy")
    index.add("cycler")
    index.add("pandas", requires=("numpy",))
    index.add("scikit-learn", requires=("numpy",))
    index.add("matplotlib", requires=("numpy", "cycler"))
    index.add("seaborn", requires=("matplotlib", "pandas"))
    index.add("ipykernel")
    index.add("data")
    index.add("sole")
    settings.INDEX_URL = index.url
    yield index
    index.close()


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer."""
    return person("ben", Role.REVIEWER)


NEEDS = {
    "pandas": ("numpy",),
    "scikit-learn": ("numpy",),
    "matplotlib": ("cycler", "numpy"),
    "seaborn": ("matplotlib", "pandas"),
}


def resolved(actor: Actor, *libraries: str, base: str | None = None) -> Lock:
    """Resolve for real; a build finds what each library needs."""
    lock = resolve_checked(actor, check_spec_input(actor, spec_input(*libraries, base=base)), "tests")[1]
    return replace(
        lock, libraries=tuple(replace(one, dependencies=NEEDS.get(one.name, ())) for one in lock.libraries)
    )


@pytest.fixture
def lab(ana: Actor, ben: Actor) -> Version:
    """Return a published version of all of them."""
    draft(ana, "lab", *SPEC)
    return publish(ana, ben, "lab", 1, resolved(ana, *SPEC))


def publish(ana: Actor, ben: Actor, slug: str, number: int, lock: Lock) -> Version:
    """Build with a lock and publish."""
    version = built(ana, slug, number, lock)
    know_modules(version, MODULES, **SIZES)
    review.submit(ana, slug, number, "please")
    review.approve(ben, slug, number, digest=version.digest)
    return find_version(ana, slug, number)


def use(version: Version, of: int, days: int = 3, **sessions: int) -> None:
    """Count sessions some days ago: all of them, and those that imported a library."""
    day = (timezone.now() - timedelta(days=days)).date()
    LibraryUse.objects.bulk_create(
        LibraryUse(version=version, day=day, library=name.replace("_", "-"), sessions=count)
        for name, count in {"": of, **sessions}.items()
    )


def names(found: Any) -> list[str]:  # noqa: ANN401 - libraries that are left out
    """Return the names."""
    return [one.name for one in found]


def test_what_nobody_imports_is_left_out(ana: Actor, lab: Version) -> None:
    """Resolved first: its dependencies go too, what kernels need and what no import can show stays."""
    use(lab, 57, pandas=41, numpy=50, scikit_learn=9)
    use(lab, 9, days=100, seaborn=9)  # too long ago
    found = plan_slim(ana, "lab", 1)
    assert (names(found.dropped), names(found.removed), found.kept) == (["matplotlib", "seaborn"], ["cycler"], ())
    assert found.spec.libraries == ("pandas", "scikit-learn", "ipykernel", "data")
    assert (found.sessions, found.saved, found.size, found.moved, found.added) == (57, 13, 106 + 500, (), ())
    assert sorted(one.name for one in found.lock.libraries) == [
        "data",
        "ipykernel",
        "numpy",
        "pandas",
        "scikit-learn",
    ]
    assert not Version.objects.filter(number=2).exists()
    made, same = create_slim(ana, "lab", 1)
    assert (made.reference, made.status, made.parsed_spec.keep) == ("lab@2", "draft", "lab@1")
    assert made.parsed_spec.libraries == same.spec.libraries == found.spec.libraries


def test_a_person_chooses(ana: Actor, lab: Version) -> None:
    """A library that is kept keeps what it needs, though that was chosen to go."""
    use(lab, 5, pandas=5, numpy=5, scikit_learn=1)
    found = plan_slim(ana, "lab", 1, ["seaborn"])
    assert (names(found.dropped), names(found.kept), found.saved) == (["seaborn"], ["matplotlib"], 2)
    assert found.candidates == ("matplotlib", "seaborn")
    with pytest.raises(ConflictError, match="Nothing is left out"):
        plan_slim(ana, "lab", 1, ["matplotlib"])
    with pytest.raises(ConflictError, match="Nothing is left out"):
        create_slim(ana, "lab", 1, ())


def test_what_was_imported_meanwhile_is_not_left_out(ana: Actor, lab: Version) -> None:
    """Compare and set: the list that was shown is no longer the current one."""
    use(lab, 5, pandas=5, numpy=5, scikit_learn=1)
    shown = names(plan_slim(ana, "lab", 1).dropped)
    use(lab, 1, days=0, seaborn=1)
    with pytest.raises(ConflictError, match="matplotlib, seaborn: imported in 90 days, needed"):
        create_slim(ana, "lab", 1, shown)
    with pytest.raises(ConflictError, match="Every direct library of lab@1 was imported"):
        create_slim(ana, "lab", 1)


def test_an_imported_dependency_is_asked_for_then(ana: Actor, ben: Actor) -> None:
    """What only a left out library brings stays by name; other releases are told."""
    draft(ana, "lab", "seaborn")
    lab = publish(ana, ben, "lab", 1, resolved(ana, "seaborn"))
    use(lab, 5, pandas=5, numpy=5)
    found = plan_slim(ana, "lab", 1)
    assert (found.spec.libraries, found.added, names(found.removed)) == (
        ("pandas",),
        ("pandas",),
        ["cycler", "matplotlib"],
    )


def test_other_releases_are_told(ana: Actor, ben: Actor, index: LocalIndex) -> None:
    """A release that the index no longer has is replaced."""
    index.add("old", "2.0")
    draft(ana, "lab", "old", "seaborn")
    locked = resolved(ana, "old", "seaborn")
    index.wheels = [one for one in index.wheels if one.name != "old"]
    index.add("old", "3.0")
    lab = publish(ana, ben, "lab", 1, locked)
    use(lab, 5, pandas=5)
    found = plan_slim(ana, "lab", 1)
    assert found.moved == (UnrequestedChange(name="old", before="2.0", after="3.0"),)


def test_sessions_of_other_versions_count_for_what_they_have(ana: Actor, ben: Actor, lab: Version) -> None:
    """A library that is new in a version is not "never imported" for sessions that could not have it."""
    use(lab, 57, pandas=41, numpy=50, matplotlib=3)
    new_version(ana, "lab")
    edit_spec(ana, "lab", 2, spec_input("pandas", "matplotlib", "seaborn", "cycler"))
    second = publish(ana, ben, "lab", 2, resolved(ana, "pandas", "matplotlib", "seaborn", "cycler"))
    since = (timezone.now() - timedelta(days=90)).date()
    with CaptureQueriesContext(connection) as queries:
        found = library_imports(second, since=since)
    assert len(queries) == 2
    assert found.sessions == 57
    assert (found.libraries["pandas"].sessions, found.libraries["pandas"].of) == (41, 57)
    use(second, 2, days=1, numpy=2, pandas=2)
    found = library_imports(find_version(ana, "lab", 2), since=since)
    assert (found.libraries["pandas"].sessions, found.libraries["pandas"].of) == (43, 59)
    assert found.libraries["seaborn"] == LibraryImports(sessions=0, of=59, last=None)
    draft(ana, "other", "pandas")
    new = new_version(ana, "lab")
    edit_spec(ana, "lab", 3, spec_input("pandas", "ipykernel", "scikit-learn", "matplotlib"))
    third = publish(ana, ben, "lab", new.number, resolved(ana, "pandas", "ipykernel", "scikit-learn", "matplotlib"))
    assert library_imports(third, since=since).libraries["scikit-learn"].of == 57
    assert names(plan_slim(ana, "lab", 3).dropped) == ["scikit-learn"]


def test_a_new_library_is_unknown(ana: Actor, ben: Actor) -> None:
    """Nothing is known of a library that no session could import."""
    published(ana, ben, "lab", ["pandas"], {"pandas": "1.0", "numpy": "1.0"})
    first = find_version(ana, "lab", 1)
    use(first, 9, pandas=9, numpy=9)
    new_version(ana, "lab")
    edit_spec(ana, "lab", 2, spec_input("pandas", "matplotlib"))
    second = publish(ana, ben, "lab", 2, resolved(ana, "pandas", "matplotlib"))
    found = unused_libraries(second, since=(timezone.now() - timedelta(days=90)).date())
    assert (found.unused.direct, found.imports.libraries["matplotlib"].of, found.size) == ((), 0, 0)


def test_a_base_stays(ana: Actor, ben: Actor, lab: Version) -> None:
    """What the base brings is not saved and not listed; nothing but the base may remain."""
    draft(ana, "plus", "cycler", "sole", base="lab@1")
    plus = publish(ana, ben, "plus", 1, resolved(ana, "cycler", "sole", base="lab@1"))
    use(plus, 5, pandas=5)
    found = plan_slim(ana, "plus", 1)
    assert (names(found.dropped), names(found.removed), found.spec.libraries) == (["sole"], [], ("cycler",))
    assert found.version.base == lab


def test_why_there_is_no_slimmer_version(ana: Actor, ben: Actor, lab: Version) -> None:
    """No session, not published, nothing left, retired, no right: each with its reason."""
    with pytest.raises(ConflictError, match="No session of lab was recorded in 90 days"):
        plan_slim(ana, "lab", 1)
    draft(ana, "only", "cycler")
    use(publish(ana, ben, "only", 1, resolved(ana, "cycler")), 3)
    with pytest.raises(ConflictError, match="no library would be left"):
        plan_slim(ana, "only", 1)
    draft(ana, "mine", "pandas")
    with pytest.raises(ConflictError, match="mine@1 is draft"):
        plan_slim(ana, "mine", 1)
    with pytest.raises(ForbiddenError):
        plan_slim(person("eve", Role.VIEWER), "lab", 1)
    admin = person("ada", Role.ADMIN)
    deprecate(admin, "lab", 1, reason="old")
    use(lab, 5, days=1, pandas=5)
    assert plan_slim(ana, "lab", 1).dropped
    retire(admin, "lab", 1, reason="gone", force=True)
    with pytest.raises(ConflictError, match="lab@1 is retired"):
        plan_slim(ana, "lab", 1)


def test_the_page_of_libraries(ana: Actor, lab: Version) -> None:
    """How often each was imported, what is saved, filters, and exports; unknown and switched off are told apart."""
    client = visitor(ana)
    address = "/environments/lab/1/?tab=libraries"
    assert "No session was recorded" in client.get(address).content.decode()
    use(lab, 57, pandas=41, numpy=50, scikit_learn=9)
    with CaptureQueriesContext(connection) as queries:
        text = client.get(address).content.decode()
    assert len(queries) <= 22
    assert "2 direct libraries were never imported in 57 sessions in 90 days" in text
    assert "41 of 57" in text
    assert text.count('<span class="badge warn">unused</span>') == 3
    assert "kernels need it" in text
    assert "it has no modules" in text
    for choice, count in (("yes", 3), ("never", 5), ("unused", 3), ("nonsense", 8)):
        assert client.get(f"{address}&imported={choice}").content.decode().count("data-row") == count, choice
    rows = json.loads(b"".join(client.get(f"{address}&format=json").streaming_content))
    one = next(row for row in rows if row["library"] == "pandas")
    assert (one["imported"], one["sessions"], one["unused"]) == (41, 57, False)
    assert one["last_imported"]


def test_the_page_that_drafts_it(ana: Actor, lab: Version) -> None:
    """A list to choose from, resolved; the draft opens in the editor; what cannot be says why."""
    client = visitor(ana)
    assert "No session of lab was recorded" in client.get("/environments/lab/1/slim").content.decode()
    use(lab, 57, pandas=41, numpy=50, scikit_learn=9)
    text = client.get("/environments/lab/1/slim").content.decode()
    assert text.count('name="drop"') == 2
    assert "Every remaining library keeps its version." in text
    moved = client.post("/environments/lab/1/slim", {"drop": ["seaborn"], "action": "preview"})
    assert moved["Location"] == "/environments/lab/1/slim?drop=seaborn"
    assert "you keep it" in client.get(moved["Location"]).content.decode()
    refused = client.post("/environments/lab/1/slim", {})
    assert (refused.status_code, "Nothing is left out" in refused.content.decode()) == (409, True)
    made = client.post("/environments/lab/1/slim", {"drop": ["seaborn", "matplotlib"]}, follow=True)
    assert made.redirect_chain == [("/environments/lab/2/edit", 302)]
    assert "lab@2 is a new draft without matplotlib, seaborn: 13 B less." in made.content.decode()
    assert find_version(ana, "lab", 2).parsed_spec.libraries == ("pandas", "scikit-learn", "ipykernel", "data")
