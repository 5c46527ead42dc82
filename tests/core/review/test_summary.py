"""The sentence on top of a review, as tables: what is said, in which order, and what is not said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.drawn import locks
from support.people import lock_of

from assay.core.comparison.diff import ComparedVersion, Comparison, compare
from assay.core.lock import Lock
from assay.core.policy.findings import Effect, Finding
from assay.core.report import Check
from assay.core.review.summary import Summary, summarise, summarise_checks

BEFORE = {"six": "1.16.0", "idna": "2.8", "rich": "13.0.0", "pygments": "2.1.0"}
NEEDS = {"rich": ("pygments", "idna"), "xgboost": ("scipy", "numpy"), "dask": ("cloudpickle",)}
UNCHANGED = "The same libraries as geo@1"
SAME = f"{UNCHANGED}; nothing found."


def side(
    label: str, pins: dict[str, str], direct: tuple[str, ...], needs: dict[str, tuple[str, ...]], **settings: str
) -> ComparedVersion:
    """Return a side that pins these, with who needs whom."""
    lock = lock_of(pins)
    libraries = tuple(replace(one, dependencies=needs.get(one.name, ())) for one in lock.libraries)
    plain = {"Python": "3.11", "Base": "none", "Direct libraries": ", ".join(direct)}
    return ComparedVersion(
        label=label, lock=replace(lock, libraries=libraries), direct=direct, settings={**plain, **settings}
    )


def change(
    add: dict[str, str] | None = None,
    without: tuple[str, ...] = (),
    direct: tuple[str, ...] = ("six", "rich"),
    needs: dict[str, tuple[str, ...]] | None = None,
    **settings: str,
) -> Comparison:
    """Compare geo@1 with what it becomes."""
    after = {name: version for name, version in {**BEFORE, **(add or {})}.items() if name not in without}
    first = side("geo@1", BEFORE, ("six", "rich"), NEEDS)
    return compare([first, side("geo@2", after, direct, needs or NEEDS, **settings)])


def finding(words: str, effect: Effect, kind: str = "deny", library: str = "six") -> Finding:
    """Return a finding about a library."""
    return Finding(key=words, kind=kind, effect=effect, words=words, advice="", rule="r", library=library)


def told(comparison: Comparison, findings: tuple[Finding, ...] = (), **more: Any) -> str:  # noqa: ANN401 - facts
    """Return the sentence."""
    return summarise(comparison, findings, **more).sentence


@pytest.mark.parametrize(
    ("comparison", "sentence"),
    [
        (change(), SAME),
        (
            change({"xgboost": "2.1", "scipy": "1.14"}, direct=("six", "rich", "xgboost")),
            "Adds xgboost and 1 library it needs; nothing found.",
        ),
        (
            change({"xgboost": "2", "scipy": "1", "numpy": "2"}, direct=("six", "rich", "xgboost")),
            "Adds xgboost and 2 libraries it needs; nothing found.",
        ),
        (
            change({"xgboost": "2", "scipy": "1", "dask": "1"}, direct=("six", "rich", "xgboost", "dask")),
            "Adds dask, xgboost and 1 library they need; nothing found.",
        ),
        (
            change(dict.fromkeys("abcde", "1"), direct=("six", "rich", *"abcde")),
            "Adds a, b, c and 2 more; nothing found.",
        ),
        (
            change({"mdurl": "1"}, needs={**NEEDS, "rich": ("pygments", "idna", "mdurl")}),
            "Adds 1 library that others need; nothing found.",
        ),
        (
            change(without=("rich", "pygments", "idna"), direct=("six",)),
            "Removes rich and 2 libraries it needed; nothing found.",
        ),
        (change(without=("idna",)), "Removes 1 library no longer needed; nothing found."),
        (
            change(without=("six", "rich", "pygments"), direct=("idna",)),
            "Removes rich, six and 1 library they needed; nothing found.",
        ),
        (
            change({"rich": "14.0.0", "six": "1.17.0", "idna": "2.9", "pygments": "2.1.1"}),
            "1 major update (rich); 2 minor updates; 1 patch update; nothing found.",
        ),
        (change({"six": "1.15.0"}), "1 downgrade (six); nothing found."),
        (change(Python="3.12"), "Python 3.11 → 3.12; nothing found."),
        (change({"six": "1.17.0"}, Base="ds101@2"), "Base none → ds101@2; 1 minor update; nothing found."),
    ],
)
def test_changes_are_summed_up(comparison: Comparison, sentence: str) -> None:
    """What comes, what goes, what moves: direct libraries by name, the others by number."""
    assert told(comparison) == sentence


def test_the_same_version_from_elsewhere_is_told() -> None:
    """Another index, and another file at the same version, are changes with a name."""
    lock = lock_of(BEFORE)
    six, idna, *others = lock.libraries
    moved = replace(six, index="https://other.example/simple")
    rebuilt = replace(idna, file=replace(idna.file, sha256="0" * 64))
    after = replace(lock, libraries=(moved, rebuilt, *others))
    found = compare([ComparedVersion(label="geo@1", lock=lock), ComparedVersion(label="geo@2", lock=after)])
    assert told(found) == (
        "1 library from another index (six); 1 library with another file at the same version (idna); nothing found."
    )


def test_without_a_version_before_the_whole_is_told() -> None:
    """A first version installs so many libraries; its settings are no change."""
    nothing = ComparedVersion(label="nothing", lock=Lock(python="3.11", platform=""))
    found = compare([nothing, side("geo@1", BEFORE, ("six", "rich"), NEEDS)])
    assert told(found, new={"six", "idna"}) == (
        "Installs 4 libraries, 2 of them direct; 2 libraries are new to this workspace; nothing found."
    )


def test_what_the_issue_asks_for() -> None:
    """A usual update in one sentence."""
    added = {"xgboost": "2.1", "scipy": "1.14", "six": "1.17.0", "idna": "2.9", "rich": "13.1.0", "pygments": "2.2.0"}
    found = change(added, direct=("six", "rich", "xgboost"))
    assert told(found, new={"xgboost"}) == (
        "Adds xgboost and 1 library it needs; 4 minor updates; 1 library is new to this workspace; nothing found."
    )


BLOCKS = (
    finding("six 1.16.0 was yanked", Effect.BLOCK),
    finding("idna 2.8 does not import", Effect.BLOCK, library="idna"),
    finding("rich 13 is denied", Effect.BLOCK, library="rich"),
    finding("rich 13 is denied twice", Effect.BLOCK, library="rich"),
)
WARNING = finding("idna 2.8 moves to an older version", Effect.WARN, "downgrade", "idna")
NOTE = finding("six has no known licence", Effect.NOTE, "licence-unknown")
VULNERABLE = [
    replace(finding(f"six 1 has X-{at} (high), also Y: text", Effect.BLOCK, "vulnerability"), names=(f"X-{at}",))
    for at in range(3)
]
MANY = [finding(f"l{at} 1 moves", Effect.WARN, "downgrade", f"l{at}") for at in range(6)]
NEW = finding("six is new to this workspace", Effect.NOTE, "new-library")


@pytest.mark.parametrize(
    ("findings", "more", "effect", "sentence"),
    [
        (
            BLOCKS[:1],
            {},
            Effect.BLOCK,
            "1 finding blocks: six 1.16.0 was yanked. The same libraries as geo@1.",
        ),
        (
            BLOCKS,
            {},
            Effect.BLOCK,
            (
                "4 findings block: six 1.16.0 was yanked; idna 2.8 does not import; and 2 others. "
                "The same libraries as geo@1."
            ),
        ),
        (
            (WARNING, BLOCKS[0]),
            {},
            Effect.BLOCK,
            f"1 finding blocks: six 1.16.0 was yanked. 1 warning. {UNCHANGED}.",
        ),
        (
            (WARNING, replace(WARNING, key="other", library="six", words="six 1 moves, too: far")),
            {},
            Effect.WARN,
            f"2 warnings: idna 2.8 moves to an older version; six 1 moves. {UNCHANGED}.",
        ),
        (
            (BLOCKS[2], BLOCKS[3], *VULNERABLE, BLOCKS[0]),
            {},
            Effect.BLOCK,
            (
                "6 findings block: rich 13 is denied and 1 more; six 1 has X-0 (high) and 2 more; and 1 other. "
                f"{UNCHANGED}."
            ),
        ),
        (
            (BLOCKS[0], replace(BLOCKS[0], key="lesser", effect=Effect.WARN, words="six 1.16.0 is young")),
            {},
            Effect.BLOCK,
            f"1 finding blocks: six 1.16.0 was yanked. 1 warning. {UNCHANGED}.",
        ),
        (MANY, {}, Effect.WARN, f"6 warnings: 6 libraries move to an older version. {UNCHANGED}."),
        ((NOTE,), {}, None, "The same libraries as geo@1; 1 note; nothing else found."),
        (
            tuple(replace(NOTE, key=str(at), library=f"a{at}") for at in range(50)),
            {},
            None,
            "The same libraries as geo@1; 1 note; nothing else found.",
        ),
        ((NEW,), {}, None, SAME),
        ((NEW,), {"new": {"six"}}, None, f"{UNCHANGED}; 1 library is new to this workspace; nothing found."),
        ((NOTE, WARNING), {}, Effect.WARN, f"1 warning: idna 2.8 moves to an older version. {UNCHANGED}."),
        ((), {"waived": 1}, None, "The same libraries as geo@1; 1 finding is waived; nothing else found."),
        ((), {"waived": 2}, None, "The same libraries as geo@1; 2 findings are waived; nothing else found."),
        (
            (),
            {"assessed": False},
            None,
            "The same libraries as geo@1; vulnerabilities are not assessed; nothing else found.",
        ),
        ((), {"failed": ["imports"]}, None, "The same libraries as geo@1; 1 check did not pass: imports."),
        (
            BLOCKS[:1],
            {"failed": ["imports", "kernel"], "waived": 1, "assessed": False},
            Effect.BLOCK,
            (
                "1 finding blocks: six 1.16.0 was yanked. The same libraries as geo@1; 1 finding is waived; "
                "vulnerabilities are not assessed."
            ),
        ),
    ],
)
def test_what_was_found_comes_first(
    findings: tuple[Finding, ...], more: dict[str, Any], effect: Effect | None, sentence: str
) -> None:
    """What blocks, then what warns, by their words; "nothing found" only where nothing was."""
    summary = summarise(change(), findings, **more)
    assert (summary.effect, summary.sentence) == (effect, sentence)


@given(locks, locks, st.lists(st.sampled_from([*BLOCKS, WARNING, NOTE, NEW])))
def test_it_never_says_nothing_when_something_is_there(before: Lock, after: Lock, findings: list[Finding]) -> None:
    """For any two locks: one line; calm words exactly when nothing blocks or warns; its effect is the worst one."""
    comparison = compare([ComparedVersion(label="a@1", lock=before), ComparedVersion(label="a@2", lock=after)])
    summary: Summary = summarise(comparison, findings)
    loud = [one for one in findings if one.effect is not Effect.NOTE]
    assert "\n" not in summary.sentence
    assert ("nothing" in summary.sentence) == (not loud)
    assert (summary.effect is None) == (not loud)
    assert bool(summary.found) == bool(loud)
    assert summary.changes[0].isupper() or summary.changes[0].isdigit()
    assert ("findings block" in summary.sentence or "finding blocks" in summary.sentence) == (
        summary.effect is Effect.BLOCK
    )


@pytest.mark.parametrize(
    ("states", "words"),
    [
        (["passed"] * 9, "9 checks passed"),
        (["passed"], "1 check passed"),
        (
            ["passed", "noted", "failed", "skipped", "noted"],
            "failed: c2; noted: c1, c4; not assessed: c3; 1 check passed",
        ),
        ([], "0 checks passed"),
    ],
)
def test_checks_are_one_line(states: list[str], words: str) -> None:
    """A number when all passed; what did not is named by its state, failures first."""
    checks = [Check(name=f"c{at}", state=state, detail="") for at, state in enumerate(states)]
    assert summarise_checks(checks) == words
