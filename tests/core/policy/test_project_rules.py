"""Look-alike names, young projects and old Python versions, as facts."""

from __future__ import annotations

from datetime import date

import pytest

from assay.core.policy.facts import Context, LibraryFact, NamesInUse, Project, VersionFacts
from assay.core.policy.findings import Effect, Finding
from assay.core.policy.library_rules import Rule
from assay.core.policy.policy import Evaluator, Policy
from assay.core.policy.project_rules import PythonEndOfLife, SimilarName, YoungProject
from assay.core.similar_names import NameIndex

TODAY = date(2026, 6, 15)
NAMES = NamesInUse(
    most_used=NameIndex(["requests", "numpy"]), in_use=NameIndex(["acme-tools"]), long_history=frozenset({"request"})
)


def findings(rule: Rule, *names: str, python: str = "3.11", **context: object) -> list[Finding]:
    """Return what one rule finds in a version with these libraries."""
    libraries = tuple(LibraryFact(key=name, name=name, version="1.0") for name in names)
    facts = VersionFacts(reference="ds@1", digest="d", python=python, size=1, libraries=libraries)
    world = Context(today=TODAY, **context)  # type: ignore[arg-type]  # passed on as given
    return Evaluator(Policy(rules=(rule,)), world).findings(facts)


def test_a_new_look_alike_blocks() -> None:
    """One edit away from a widely used name or from one of the workspace."""
    found = findings(SimilarName(), "reqeusts", "acme-tool", "requests", "request", names=NAMES)
    assert [(one.effect, one.library) for one in found] == [
        (Effect.BLOCK, "acme-tool"),
        (Effect.BLOCK, "reqeusts"),
    ]
    assert found[1].words == "reqeusts differs from requests by two swapped letters"
    assert "If requests is meant, ask for it." in found[1].advice


def test_a_look_alike_that_is_known_only_warns() -> None:
    """It is published somewhere here, or it differs by more than a slip of the hand."""
    known = findings(SimilarName(), "reqeusts", names=NAMES, known=frozenset({"reqeusts"}))
    affix = findings(SimilarName(), "python-requests", names=NAMES)
    assert [one.effect for one in (*known, *affix)] == [Effect.WARN, Effect.WARN]


@pytest.mark.parametrize(
    ("first", "releases", "effect"),
    [
        (date(2026, 3, 17), 10, Effect.NOTE),
        (date(2026, 3, 18), 10, Effect.BLOCK),
        (date(2026, 3, 17), 9, Effect.BLOCK),
        (None, 10, Effect.BLOCK),
    ],
)
def test_the_name_of_an_established_project_is_no_imitation(
    first: date | None, releases: int, effect: Effect
) -> None:
    """It has had ten releases in 90 days or more; what the index does not say counts for nothing."""
    projects = {"requests2": Project(name="requests2", first_at=first, releases=releases)}
    (found,) = findings(SimilarName(), "requests2", names=NAMES, projects=projects)
    assert found.effect is effect


def test_names_are_compared_only_when_the_context_has_them() -> None:
    """A policy without the rule does not read them."""
    assert findings(SimilarName(), "reqeusts") == []


def project(first: date | None, releases: int) -> dict[str, Project]:
    """Return what the index has of the library `new`."""
    return {"new": Project(name="new", first_at=first, releases=releases)}


@pytest.mark.parametrize(
    ("first", "releases", "words"),
    [
        (date(2026, 6, 1), 3, "The first release of new is of 2026-06-01, 14 days ago"),
        (date(2026, 6, 1), 1, "The first release of new is of 2026-06-01, 14 days ago, and there is no other"),
        (date(2025, 1, 1), 1, "The first release of new is of 2025-01-01, and there is no other"),
        (date(2020, 1, 1), 1, ""),
        (date(2025, 1, 1), 2, ""),
        (None, 1, ""),
    ],
)
def test_young_projects(first: date | None, releases: int, words: str) -> None:
    """An old project with one release is finished; without times nothing is known."""
    found = findings(YoungProject(), "new", projects=project(first, releases))
    assert [one.words for one in found] == ([words] if words else [])
    assert all(one.effect is Effect.WARN for one in found)


def test_a_project_that_was_not_queried_is_reported() -> None:
    """It stops nothing."""
    (found,) = findings(YoungProject(), "new")
    assert (found.effect, found.assessed) == (Effect.NOTE, False)


@pytest.mark.parametrize(
    ("python", "words"),
    [
        ("3.9", "Security fixes for Python 3.9 ended on 31 October 2025"),
        ("3.10", ""),
        ("3.11", ""),
        ("2.7", ""),
    ],
)
def test_python_versions_without_security_fixes(python: str, words: str) -> None:
    """Dates are data; what is not listed is not reported."""
    found = findings(PythonEndOfLife(), "six", python=python)
    assert [one.words for one in found] == ([words] if words else [])


def test_support_that_ends_soon() -> None:
    """From so many days before the end."""
    (found,) = findings(PythonEndOfLife(days=200), "six", python="3.10")
    assert found.words == "Security fixes for Python 3.10 end on 31 October 2026"
    assert found.key.endswith("/soon")
    assert PythonEndOfLife().sentence.startswith(
        "Warn about Python versions without security fixes, or with less than 90"
    )
    assert "projects younger than 90 days" in YoungProject().sentence
    assert "one edit away" in SimilarName().sentence
