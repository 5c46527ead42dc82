"""Findings in lines: what belongs together, what a line says, and notes by kind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.policy.findings import EFFECT_RANK, Effect, Finding
from assay.core.policy.policy import BY_KIND
from assay.core.review.finding_groups import LONGEST, MANY, group_findings, group_notes, short_words


def finding(
    words: str,
    *,
    library: str = "",
    version: str = "",
    kind: str = "deny",
    effect: Effect = Effect.WARN,
    names: tuple[str, ...] = (),
    assessed: bool = True,
) -> Finding:
    """Return a finding whose key is its words."""
    return Finding(
        key=words,
        kind=kind,
        effect=effect,
        words=words,
        advice="",
        rule="r",
        library=library,
        version=version,
        names=names,
        assessed=assessed,
    )


def problem(number: int, effect: Effect = Effect.BLOCK) -> Finding:
    """Return a known vulnerability of pillow 8.0.0, with the text of its record."""
    words = f"pillow 8.0.0 has PYSEC-{number} (high), also CVE-{number}: Overflow in TIFF: bad"
    return finding(
        words, library="pillow", version="8.0.0", kind="vulnerability", effect=effect, names=(f"PYSEC-{number}",)
    )


@pytest.mark.parametrize(
    ("findings", "subject", "predicate", "words"),
    [
        (
            [finding("six 1.16.0 was yanked: broken", library="six", version="1.16.0")],
            "six 1.16.0",
            "was yanked: broken",
            "six 1.16.0 was yanked: broken",
        ),
        (
            [finding("reqeusts resembles requests", library="reqeusts", version="1.0")],
            "reqeusts 1.0",
            "resembles requests",
            "reqeusts resembles requests",
        ),
        (
            [finding("The project six is archived", library="six", version="1.16.0")],
            "six 1.16.0",
            "The project six is archived",
            "The project six is archived",
        ),
        ([finding("Too old", library="six", version="1")], "six 1", "Too old", "six: Too old"),
        ([finding("5001 MB; at most 5000 MB")], "", "5001 MB; at most 5000 MB", "5001 MB; at most 5000 MB"),
        ([problem(1)], "pillow 8.0.0", "has PYSEC-1 (high)", "pillow 8.0.0 has PYSEC-1 (high)"),
        (
            [problem(1), problem(2)],
            "pillow 8.0.0",
            "has PYSEC-1 (high), PYSEC-2 (high)",
            "pillow 8.0.0 has PYSEC-1 (high), PYSEC-2 (high)",
        ),
        (
            [problem(one) for one in range(1, 6)],
            "pillow 8.0.0",
            "has PYSEC-1 (high), PYSEC-2 (high), PYSEC-3 (high) and 2 more",
            "pillow 8.0.0 has PYSEC-1 (high), PYSEC-2 (high), PYSEC-3 (high) and 2 more",
        ),
    ],
)
def test_a_line_says_what_was_found(findings: list[Finding], subject: str, predicate: str, words: str) -> None:
    """The fact itself, never only a number; of many, the first by name."""
    (group,) = group_findings(findings)
    assert (group.subject, group.predicate, group.words) == (subject, predicate, words)


def test_the_worst_come_first_and_kinds_stay_apart() -> None:
    """A library with two kinds of findings has two lines; within one effect the order stays."""
    young = finding("b 1 is young", library="b", version="1", kind="young-project")
    yanked = finding("b 1 was yanked", library="b", version="1", kind="yanked")
    mixed = [problem(1, Effect.WARN), problem(2)]
    groups = group_findings([young, *mixed, yanked])
    assert [(one.effect, one.library, one.version) for one in groups] == [
        (Effect.BLOCK, "pillow", "8.0.0"),
        (Effect.WARN, "b", "1"),
        (Effect.WARN, "b", "1"),
    ]
    assert [one.predicate for one in groups[1:]] == ["is young", "was yanked"]


def test_many_warnings_of_one_kind_are_one_line() -> None:
    """Two hundred libraries from another index would hide everything else; what blocks keeps its own lines."""

    def moved(count: int, effect: Effect = Effect.WARN) -> list[Finding]:
        return [
            finding(f"a{at} 1 moved", library=f"a{at}", version="1", kind="other-index", effect=effect)
            for at in range(count)
        ]

    other = finding("b 1 was yanked", library="b", version="1", kind="yanked")
    assert len(group_findings([*moved(5), other])) == 6
    first, last = group_findings([*moved(6), other])
    assert (first.predicate, first.subject, first.effect) == (
        "6 libraries come from another index than before: a0, a1, a2 and 3 more",
        "",
        Effect.WARN,
    )
    assert len(first.findings) == 6
    assert last.library == "b"
    assert len(group_findings(moved(6, Effect.BLOCK))) == 6
    assert len(group_findings([replace(one, kind="deny") for one in moved(6)])) == 6


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from(list(Effect)))))
def test_every_finding_stands_in_one_group(drawn: list[tuple[str, str, Effect]]) -> None:
    """None is lost or doubled, and no group stands above a worse one."""
    findings = [
        finding(str(at), library=library, kind=kind, effect=effect)
        for at, (library, kind, effect) in enumerate(drawn)
    ]
    groups = group_findings(findings)
    assert sorted(one.key for group in groups for one in group.findings) == sorted(one.key for one in findings)
    ranks = [EFFECT_RANK[one.effect] for one in groups]
    assert ranks == sorted(ranks, reverse=True)
    assert sorted(one.key for group in group_notes(findings) for one in group.findings) == sorted(
        one.key for one in findings
    )


def test_many_notes_of_one_kind_are_a_number() -> None:
    """One or two are written out; more become one line with the words of their kind."""
    new = [finding(f"a{at} is new here", library=f"a{at}", kind="new-library") for at in range(105)]
    assert [one.words for one in group_notes(new)] == ["105 libraries are new to this workspace"]
    assert [one.words for one in group_notes(new[:2])] == ["a0 is new here", "a1 is new here"]
    odd = [finding(f"x{at}", kind="unheard-of") for at in range(3)]
    assert [one.words for one in group_notes([*new, *odd])] == [
        "105 libraries are new to this workspace",
        "x0, and 2 more",
    ]


def test_what_was_not_assessed_is_no_fact() -> None:
    """Many notes that nobody could look at are never summed up as if something had been found."""
    unknown = [finding(f"n{at} not assessed", kind="yanked", assessed=False) for at in range(3)]
    assert [one.words for one in group_notes(unknown)] == ["n0 not assessed, and 2 more"]


def test_what_was_not_assessed_comes_last() -> None:
    """Facts first; that there is no feed is not repeated."""
    unknown = finding("yanked: not assessed", kind="yanked", assessed=False)
    feed = replace(finding("no feed", kind="vulnerability", assessed=False), key="advisories/not-assessed")
    young = finding("a is young", kind="young-project")
    assert [one.words for one in group_notes([feed, unknown, young])] == ["a is young", "yanked: not assessed"]


def test_every_kind_has_its_words() -> None:
    """A kind that may turn up many times in one version has words for that; the others are about the whole."""
    whole = {"size", "count", "python", "drift", "require", "kernel-failure", "growth", "python-end-of-life"}
    strict = {"malware", "deny", "allow-only", "licences-allowed", "sources", "similar-name"}
    assert BY_KIND.keys() - whole - strict <= MANY.keys()
    assert all("{}" in words for words in MANY.values())


@pytest.mark.parametrize(
    ("words", "short"),
    [
        ("It ends.", "It ends"),
        ("two\nlines  and  blanks", "two lines and blanks"),
        ("word " * 60, f"{'word ' * 27}word…"),
        ("x" * 200, "x" * 139 + "…"),
    ],
)
def test_words_fit_a_line(words: str, short: str) -> None:
    """Long ones end at a word, with dots."""
    assert short_words(finding(words)) == short
    assert len(short) <= LONGEST
