"""The grammar of uv's explanations: what is written from parts is read as the same parts, and no text is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.conflicts.message import Fact, Kind, Message, Package, Step, parse
from assay.core.conflicts.words import chain
from assay.engine.resolving.uv_errors import explain

NAMES = st.sampled_from(["numpy", "scikit-learn", "a.b_c", "zope.interface", "py2x", "which-one", "and-more", "is"])
MARKERS = st.sampled_from(["", "", "python_full_version < '3.12'", "sys_platform == 'linux' and extra == 'x'"])
RANGES = st.sampled_from([">=1,<2", "==1.5.3", "<2", ">1.0rc1", "==1.*", "!=2.0", ">=1!2.0,<=1!3", "==1.0+cu118"])
PACKAGES = st.builds(
    Package,
    name=NAMES,
    extra=st.sampled_from(["", "", "[new]", "[a,b]"]),
    marker=MARKERS,
    ranges=st.lists(RANGES, max_size=3, unique=True).map(tuple),
)
REASONS = st.sampled_from(
    [
        "has no wheels with a matching Python ABI tag (e.g., `cp311`)",
        "have no usable wheels",
        "was not found in the package registry",
        "was yanked (reason: broken, and worse)",
        "requires Python >=3.12",
        "could not be fetched from the network (`500 Internal Server Error`)",
    ]
)
REQUIRES = st.builds(
    Fact,
    kind=st.just(Kind.REQUIRES),
    subjects=st.lists(PACKAGES, max_size=1).map(tuple),
    objects=st.lists(PACKAGES, min_size=1, max_size=2).map(tuple),
)
FACTS = st.one_of(
    REQUIRES,
    st.builds(Fact, kind=st.sampled_from([Kind.AVAILABLE]), subjects=st.tuples(PACKAGES.filter(lambda p: p.ranges))),
    st.builds(Fact, kind=st.just(Kind.MISSING), subjects=st.tuples(PACKAGES.filter(lambda p: len(p.ranges) < 2))),
    st.builds(Fact, kind=st.just(Kind.UNUSABLE), subjects=st.tuples(PACKAGES), reason=REASONS),
    st.builds(
        Fact,
        kind=st.just(Kind.PYTHON),
        subjects=st.just((Package(name="Python", ranges=(">=3.12",)),)),
        reason=st.just("3.11.7"),
    ),
    st.builds(
        Fact,
        kind=st.just(Kind.INCOMPATIBLE),
        subjects=st.lists(PACKAGES, min_size=2, max_size=3).map(tuple),
        step=st.integers(1, 9),
    ),
)
CONCLUSIONS = st.one_of(
    REQUIRES,
    st.builds(Fact, kind=st.sampled_from([Kind.EXCLUDED, Kind.NEEDED]), subjects=st.tuples(PACKAGES)),
    st.builds(Fact, kind=st.just(Kind.INCOMPATIBLE), subjects=st.lists(PACKAGES, min_size=2, max_size=3).map(tuple)),
    st.just(Fact(kind=Kind.UNSATISFIABLE, subjects=(Package(name=""),))),
)
STEPS = st.lists(
    st.builds(
        Step,
        reasons=st.lists(FACTS, min_size=1, max_size=2).map(tuple),
        conclusion=CONCLUSIONS,
        number=st.integers(0, 9),
    ),
    min_size=1,
    max_size=4,
)


def written(package: Package, some: str = "one of:", *, every: bool = False) -> str:
    """Write ranges as uv does: several ones below each other."""
    if len(package.ranges) > 1:
        return some + "".join(f"\n    {one}" for one in package.texts) + "\n"
    return "all versions of " * (every and not package.ranges) + package.texts[0]


def joined(left: str, right: str) -> str:
    """Put blanks and commas between them, unless the first ends a list."""
    return left + right.lstrip(", ") if left.endswith("\n") else left + right


def subjects(packages: tuple[Package, ...]) -> str:
    """Write subjects as uv does, two by `and`, more by commas."""
    text = ""
    for number, one in enumerate(packages):
        between = (" and " if len(packages) == 2 else ", ") if number else ""
        text += between + (written(one, "all of:", every=True) if one.name else "your requirements")
    return text


def clause(fact: Fact) -> str:  # noqa: PLR0911 - one form per kind
    """Write one fact as uv does."""
    known = f"we know from ({fact.step}) that " if fact.step else ""
    match fact.kind:
        case Kind.REQUIRES:
            start = joined(subjects(fact.subjects), " depends on ") if fact.subjects else "you require "
            text = start + written(fact.objects[0])
            return joined(text, f" and {written(fact.objects[1])}") if len(fact.objects) > 1 else text
        case Kind.AVAILABLE if len(fact.subjects[0].ranges) > 1:
            one = fact.subjects[0]
            label = one.texts[0].removesuffix(one.ranges[0])
            return f"only the following versions of {label} {written(one, 'are available:')}"
        case Kind.AVAILABLE:
            return f"only {written(fact.subjects[0])} is available"
        case Kind.MISSING:
            start = "there is no version of " if fact.subjects[0].ranges else "there are no versions of "
            return start + written(fact.subjects[0])
        case Kind.UNUSABLE:
            return joined(subjects(fact.subjects), f" {fact.reason}")
        case Kind.PYTHON:
            return f"the current Python version ({fact.reason}) does not satisfy {written(fact.subjects[0])}"
        case Kind.INCOMPATIBLE:
            return known + joined(subjects(fact.subjects), " are incompatible")
        case Kind.EXCLUDED:
            return joined(subjects(fact.subjects), " cannot be used")
        case Kind.NEEDED:
            return joined(subjects(fact.subjects), " must be used")
    return "your requirements are unsatisfiable"


def message(steps: list[Step]) -> str:
    """Write an explanation as uv does."""
    text = "error: No solution found when resolving dependencies\n  cause: "
    for position, step in enumerate(steps):
        reasons = ""
        for number, fact in enumerate(step.reasons):
            reasons = joined(reasons, " and ") + clause(fact) if number else clause(fact)
        assert step.conclusion is not None
        end = joined(joined(reasons, ", "), "we can conclude that ") + clause(step.conclusion)
        number = f" ({step.number})" if step.number else ""
        text += f"{'And because' if position else 'Because'} {end}{'' if end.endswith(chr(10)) else '.'}{number}\n"
    return text


@given(STEPS)
def test_what_is_written_from_parts_is_read_as_the_same_parts(steps: list[Step]) -> None:
    """Names, extras, markers, every range, reasons and numbers of steps."""
    found = parse(explain(message(steps)).detail)
    assert _told(found) == _told(Message(steps=tuple(steps)))
    assert [one.number for one in found.steps] == [one.number for one in steps]
    assert not found.notes


def _told(found: Message) -> list[tuple[list[Fact], Fact | None]]:
    """Return the facts; whether two things are required by one clause or by two is the same."""
    told = []
    for step in found.steps:
        facts: list[Fact] = []
        for one in step.reasons:
            facts += [Fact(kind=one.kind, objects=(each,)) for each in one.objects] if not one.subjects else [one]
        told.append((facts, step.conclusion))
    return told


@given(st.text(max_size=60), st.text(max_size=60))
def test_unknown_text_is_kept(one: str, two: str) -> None:
    """Whatever the words are, they are found in some fact, conclusion or note."""
    found = parse(f"Because {one} zz, {two} zz.")
    assert found.steps or found.notes or found.opening
    assert parse("something else happened").opening == ("something else happened",)


def test_two_known_steps_end_in_one_sentence() -> None:
    """Uv says nothing of a conclusion when both reasons were said before."""
    first, second = (f"we know from ({one}) that {one}x cannot be used" for one in (1, 2))
    found = parse(f"Because {first} and {second}, c>1 cannot be used.")
    assert [(one.kind, one.step) for one in found.steps[0].reasons] == [(Kind.EXCLUDED, 1), (Kind.EXCLUDED, 2)]
    assert found.steps[0].conclusion == Fact(kind=Kind.EXCLUDED, subjects=(Package(name="c", ranges=(">1",)),))


def test_contradictions_are_facts() -> None:
    """A requirement that excludes itself, of a library and of the spec; and clauses that no rule knows."""
    found = parse("Because odd==1.0 depends on x<1 and x>=2, which are incompatible and only odd==1.0 is available.")
    assert [(one.kind, one.reason) for one in found.facts] == [
        (Kind.REQUIRES, "which are incompatible"),
        (Kind.AVAILABLE, ""),
    ]
    assert next(parse("you require x<1 and x>=2, which are incompatible").facts).reason == "which are incompatible"
    assert next(parse("Because of the weather, one, two.").facts).kind is Kind.OTHER
    assert parse("Because you require a.\nSo the sky falls.").steps[0].conclusion == Fact(
        kind=Kind.OTHER, reason="the sky falls"
    )
    assert parse("Because only the following versions of x, you require a.").steps[0].reasons[0].kind is Kind.OTHER
    assert parse("Because only the following versions of x are available: .").steps[0].reasons[0].kind is Kind.OTHER
    assert parse("Because only x counts.").steps[0].reasons[0].kind is Kind.OTHER
    assert parse("Because x depends on.").steps[0].reasons[0].kind is Kind.OTHER
    assert parse("Because all of: .").steps[0].reasons[0].kind is Kind.OTHER
    assert parse("Because the current Python version (3.1) does not satisfy .").steps[0].reasons[0].kind is Kind.OTHER
    assert parse("Because there is no version of .").steps[0].reasons[0].kind is Kind.OTHER


CHAINS = [
    (
        (
            "Because all versions of a depend on one of: x<1 x>2 and a<=1 was yanked (reason: bad).",
            "So all versions of a cannot be used.",
            "And because we know from (1) that a cannot be used and you require a.",
        ),
        (
            "Every version of a requires x<1 or x>2",
            "a<=1 was withdrawn by the authors: bad",
            "So every version of a cannot be used",
            "You require a",
        ),
    ),
    (
        (
            "Because nope was not found in the package registry and x has a strange file.",
            "So x must be used.",
            "And because you require x, y and z==1.",
        ),
        (
            "nope is in no package index of the workspace",
            "Every version of x has a strange file",
            "So every version of x is needed",
        ),
    ),
    (
        (
            "Because the current Python version (3.11.7) does not satisfy Python>3.11 and x==1 depends on Python>3.",
            "So your requirements and y are incompatible.",
        ),
        (
            "This is Python 3.11.7, not Python>3.11",
            "x==1 requires Python>3",
            "So your list and every version of y exclude each other",
        ),
    ),
    (
        (
            "Because there is no version of x==9 and only x<=3 is available.",
            "So the sky falls.",
            "Wheels are available for `x` (v1).",
        ),
        ("The index has no x==9", "The index has only x<=3", "So the sky falls", "Wheels are available for x (v1)"),
    ),
    (
        ("Because only the following versions of x are available: x<1 x==2 x==3 x==4 x>5.",),
        ("The index has only x<1 or x==2, 2 more ranges or x>5",),
    ),
    (
        (
            "numpy 1.19 has no wheel for Python 3.12. It has one for 3.9.",
            "Because you require numpy==1.19.",
        ),
        ("numpy 1.19 has no wheel for Python 3.12. It has one for 3.9", "You require numpy==1.19"),
    ),
    (
        ("you require x<1 and x>=2, which are incompatible",),
        ("You require x<1 and x>=2, which are incompatible",),
    ),
    (
        ("Because a, b and c are incompatible and your requirements are unsatisfiable.",),
        (
            "Every version of a, every version of b and every version of c exclude each other",
            "Nothing satisfies all requirements",
        ),
    ),
]


@pytest.mark.parametrize(("detail", "lines"), CHAINS)
def test_the_chain_is_in_plain_words(detail: tuple[str, ...], lines: tuple[str, ...]) -> None:
    """One line per fact, without what was said before and without what the page says anyway."""
    told = [one.text for one in chain(parse("\n".join(detail)))]
    assert told[: len(lines)] == list(lines)
