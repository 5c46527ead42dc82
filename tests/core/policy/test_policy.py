"""Policy as tables: each kind of rule, the facts it sees, and what it says in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.advisories.advisory import Advisory, AdvisoryIndex, Affected, EventType, Severity
from assay.core.licences.expressions import avoids, choices, satisfied_by
from assay.core.policy.facts import Context, LibraryFact, Project, SimilarVersion, VersionFacts
from assay.core.policy.findings import (
    Effect,
    Fact,
    Finding,
    Waiver,
    open_blocks,
    stops_at,
    strongest,
    weaker,
)
from assay.core.policy.library_rules import (
    AllowOnly,
    Deny,
    Fix,
    LicencesAllowed,
    LicencesDenied,
    LicenceUnknown,
    Malware,
    MinimumAge,
    Rule,
    Sources,
    Vulnerability,
    join_or,
)
from assay.core.policy.policy import BY_KIND, DEFAULT, Evaluator, Policy, _finding, missing_defaults
from assay.core.policy.version_rules import (
    Count,
    Drift,
    MaximumAge,
    NearDuplicate,
    ProjectStatus,
    PythonVersions,
    Require,
    Size,
    Spread,
    Yanked,
)
from assay.core.roles import Role

TODAY = date(2026, 6, 15)
OTHER_TABLES = ("build_rules", "change_rules", "project_rules")  # whose tests are in modules of their own
PIN = {"library": "pillow"}


def library(name: str = "pillow", version: str = "8.0.0", **more: object) -> LibraryFact:
    """Return a library as a lock holds it."""
    given = {"key": f"{name}-{version}", "licence": "MIT", "uploaded": date(2021, 1, 1), "index": "https://a/simple"}
    return LibraryFact(**{"name": name, "version": version, **given, **more})  # type: ignore[arg-type]  # passed on as given


def version(*libraries: LibraryFact, **more: object) -> VersionFacts:
    """Return a built version."""
    given = {"reference": "geo@1", "digest": "d", "python": "3.11", "size": 6_000_000_000}
    return VersionFacts(**{**given, "libraries": libraries or (library(),), **more})  # type: ignore[arg-type]  # as above


def record(name: str, severity: Severity, *, fixed: str = "") -> Advisory:
    """Return a record of every version of pillow, or of those before a fix."""
    told = ((EventType.INTRODUCED, "0"), *(((EventType.FIXED, fixed),) if fixed else ()))
    return Advisory(
        id=name, affected=(Affected(library="pillow", ranges=(told,)),), severity=severity, summary="Bad."
    )


WORLD = Context(
    today=TODAY,
    advisories=AdvisoryIndex(
        [
            record("PYSEC-1", Severity.CRITICAL, fixed="8.1"),
            record("PYSEC-2", Severity.MEDIUM),
            record("PYSEC-3", Severity.UNKNOWN, fixed="9.0"),
            record("MAL-1", Severity.UNKNOWN),
        ]
    ),
    projects={
        "pillow": Project(
            name="pillow",
            newest="12.0",
            newest_at=date(2026, 1, 1),
            status="archived",
            status_reason="gone",
            yanked={"8.0.0": "broken"},
        )
    },
    in_use={"pillow": frozenset({"9.0", "9.1"})},
)
OPEN = {"licence": "", "wheel": False, "index": "https://b/simple", "uploaded": date(2026, 6, 10)}
TABLE: list[tuple[Rule, VersionFacts, list[str]]] = [
    (Deny(library="pillow", versions="<9"), version(), ["deny/pillow/8.0.0"]),
    (Deny(library="pillow", versions=">=9"), version(), []),
    (Deny(library="pillow"), version(library(version="8.0.0rc1")), ["deny/pillow/8.0.0rc1"]),
    (Deny(library="pillow", versions="<9"), version(library(version="8.0.0rc1")), ["deny/pillow/8.0.0rc1"]),
    (Deny(library="pillow", versions="<9"), version(library(version="2004d-x")), []),
    (AllowOnly(libraries=("pil*",)), version(library(), library("numpy")), ["allow-only/numpy"]),
    (Require(**PIN, versions=">=8"), version(), []),
    (Require(**PIN, versions=">=9"), version(), ["require/pillow/8.0.0"]),
    (Require(library="ipykernel"), version(), ["require/ipykernel/missing"]),
    (LicencesAllowed(licences=("MIT",)), version(), []),
    (LicencesAllowed(licences=("ISC",)), version(), ["licence/pillow/MIT"]),
    (LicencesAllowed(licences=("ISC",)), version(library(**OPEN)), ["licence/pillow/unknown"]),
    (LicencesDenied(licences=("mit",)), version(), ["licence/pillow/MIT"]),
    (LicencesDenied(licences=("GPL-3.0-only",)), version(library(licence="MIT OR GPL-3.0-only")), []),
    (LicenceUnknown(), version(library(**OPEN)), ["licence/pillow/unknown"]),
    (LicenceUnknown(), version(), []),
    (Malware(), version(), ["malware/pillow/8.0.0/MAL-1"]),
    (
        Vulnerability(severity=Severity.HIGH),
        version(),
        ["vulnerability/pillow/8.0.0/PYSEC-1/critical/8.1", "vulnerability/pillow/8.0.0/PYSEC-3/unknown/9.0"],
    ),
    (
        Vulnerability(severity=Severity.LOW, fix=Fix.WITHOUT),
        version(),
        ["vulnerability/pillow/8.0.0/PYSEC-2/medium/no fix"],
    ),
    (
        Vulnerability(severity=Severity.HIGH, unknown_as=Severity.LOW),
        version(),
        ["vulnerability/pillow/8.0.0/PYSEC-1/critical/8.1"],
    ),
    (Vulnerability(severity=Severity.HIGH), version(library(version="9.0")), []),
    (MinimumAge(days=7), version(library(**OPEN)), ["minimum-age/pillow/8.0.0"]),
    (MinimumAge(days=5), version(library(**OPEN)), []),
    (MinimumAge(days=7), version(library(uploaded=None)), []),
    (MaximumAge(days=1000), version(), ["maximum-age/pillow/8.0.0"]),
    (MaximumAge(days=2000), version(), []),
    (MaximumAge(days=1826), version(), []),
    (MaximumAge(days=1825), version(), ["maximum-age/pillow/8.0.0"]),
    (MaximumAge(days=1), version(library(uploaded=None)), []),
    (MaximumAge(days=1), version(library("numpy")), ["projects/not-assessed"]),
    (Yanked(), version(), ["yanked/pillow/8.0.0"]),
    (Yanked(), version(library(version="8.1")), []),
    (ProjectStatus(), version(), ["project-status/pillow/archived"]),
    (ProjectStatus(statuses=("quarantined",)), version(), []),
    (Sources(indexes=("https://a/simple/",)), version(), []),
    (
        Sources(indexes=("https://a/simple",)),
        version(library(**OPEN)),
        ["sources/pillow/8.0.0/sdist", "sources/pillow/https://b/simple"],
    ),
    (Sources(indexes=("https://a/simple",)), version(library(index="https://a/simple/")), []),
    (Sources(sdists=True), version(library(**OPEN)), []),
    (PythonVersions(allowed=("3.12",)), version(), ["python/3.11"]),
    (PythonVersions(allowed=("3.11",)), version(), []),
    (Size(megabytes=5000), version(), ["size/60"]),
    (Size(megabytes=6000), version(), []),
    (Size(megabytes=6000), version(size=6_000_000_001), ["size/60"]),
    (Count(libraries=1), version(library(), library("numpy")), ["count/2"]),
    (Count(libraries=2), version(library(), library("numpy")), []),
    (Spread(versions=2), version(), ["spread/pillow/8.0.0"]),
    (Spread(versions=2), version(library(version="9.1")), []),
    (Spread(versions=3), version(), []),
    (Spread(versions=1), version(library("numpy")), []),
    (Spread(versions=0), version(library("numpy", "1.0")), ["spread/numpy/1.0"]),
    (
        NearDuplicate(percent=90),
        version(near=(SimilarVersion(reference="ds@2", shared=0.95),)),
        ["near-duplicate/ds@2"],
    ),
    (NearDuplicate(percent=50), version(near=(SimilarVersion(reference="a@1", shared=0.5),)), ["near-duplicate/a@1"]),
    (NearDuplicate(percent=50), version(near=(SimilarVersion(reference="a@1", shared=0.499),)), []),
    (NearDuplicate(percent=96), version(near=(SimilarVersion(reference="ds@2", shared=0.95),)), []),
    (Drift(behind=1), version(base="ds@1", base_behind=2), ["drift/ds@1/2"]),
    (Drift(behind=2), version(base="ds@1", base_behind=2), []),
]


@pytest.mark.parametrize(("rule", "facts", "keys"), TABLE, ids=lambda one: getattr(one, "kind", ""))
def test_each_rule_sees_its_facts(rule: Rule, facts: VersionFacts, keys: list[str]) -> None:
    """The keys of the findings, and that every finding says what it is and under which rule."""
    found = Evaluator(Policy(rules=(rule,)), WORLD).findings(facts)
    assert sorted(one.key for one in found) == keys
    held = {one.name: one.version for one in facts.libraries}
    for one in found:
        assert one.words
        assert one.advice
        subject = one.key.split("/")[1]
        assert one.library == (subject if subject in held or one.kind == "require" else "")
        assert one.version == held.get(one.library, "")
        assert one.rule == rule.sentence
        assert Finding.from_dict(one.to_dict()) == one


def test_every_kind_is_in_the_table() -> None:
    """A new kind of rule has its lines above."""
    others = {rule for rule in BY_KIND.values() if rule.__module__.rpartition(".")[2] in OTHER_TABLES}
    assert {type(rule) for rule, _, _ in TABLE} | others == set(BY_KIND.values())


def test_unknown_is_never_clean() -> None:
    """Without a feed the rules that rest on it say so; that is a note and stops nothing."""
    blind = Evaluator(
        Policy(rules=(Vulnerability(effect=Effect.BLOCK), Malware(effect=Effect.BLOCK))), Context(today=TODAY)
    )
    (finding,) = blind.findings(version())
    assert (finding.key, finding.effect, finding.assessed) == ("advisories/not-assessed", Effect.NOTE, False)
    assert finding.words == "Advisories are not assessed: no advisory feed is loaded"
    assert "assay admin advisories load" in finding.advice


def test_scope_and_strongest_effect() -> None:
    """A rule counts where its tags and bases say; of two rules about one fact the stronger one shows."""
    policy = Policy(
        rules=(
            Deny(library="pillow", effect=Effect.WARN),
            Deny(library="pillow", effect=Effect.BLOCK, tags=("prod",), bases=("ds",), waived_by=Role.ADMIN),
        )
    )
    evaluator = Evaluator(policy, WORLD)
    effects = {
        (): Effect.WARN,
        ("prod",): Effect.WARN,
        ("prod", "ds@2"): Effect.BLOCK,
        ("ds@2",): Effect.WARN,
    }
    for where, effect in effects.items():
        tags = frozenset(one for one in where if "@" not in one)
        base = next((one for one in where if "@" in one), "")
        (finding,) = evaluator.findings(version(tags=tags, base=base))
        assert finding.effect is effect, where


def test_waivers_hold_for_the_fact_until_they_expire() -> None:
    """A waiver opens the way for one fact only: another severity, fix or version is another fact."""
    now = datetime(2026, 6, 15, tzinfo=UTC)
    evaluator = Evaluator(Policy(rules=(Vulnerability(effect=Effect.BLOCK, severity=Severity.CRITICAL),)), WORLD)
    findings = evaluator.findings(version())
    waiver = Waiver(key=findings[0].key, reason="r", by="ben", at=now, until=now + timedelta(days=1))
    assert open_blocks(findings, [], now) == findings
    assert open_blocks(findings, [waiver], now) == []
    assert open_blocks(findings, [waiver], now + timedelta(days=1)) == findings
    assert open_blocks(evaluator.findings(version(library(version="8.0.1"))), [waiver], now) != []


def test_the_default_policy_reads_as_sentences() -> None:
    """Every rule of it says what it does; the cool-down counts only where it blocks."""
    for rule in DEFAULT.rules:
        assert rule.sentence.split()[0] in {"Block", "Warn", "Note"}
    assert DEFAULT.quarantines
    assert DEFAULT.cool_down_days == 0
    assert Policy(rules=(MinimumAge(days=9, effect=Effect.BLOCK),)).cool_down_days == 9
    sentence = Deny(library="foo", versions="<2", reason="slow", effect=Effect.BLOCK, tags=("a", "b")).sentence
    assert sentence == "Block foo <2 (slow) in environments tagged a or b. A reviewer may waive it."


names = st.sampled_from(["MIT", "ISC", "GPL-3.0-only", "Apache-2.0"])
expressions = st.recursive(
    names,
    lambda inner: st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda one: f"({' '.join(one)})"),
    max_leaves=8,
)


@given(expressions, st.frozensets(names))
def test_licence_expressions_mean_what_boolean_logic_says(expression: str, allowed: frozenset[str]) -> None:
    """OR is a choice, AND is both: the same as evaluating the expression with allowed licences being true."""
    logic = expression.replace("AND", "and").replace("OR", "or")
    for name in ("MIT", "ISC", "GPL-3.0-only", "Apache-2.0"):
        logic = logic.replace(name, str(name in allowed))
    assert satisfied_by(expression, allowed) == eval(logic)  # noqa: S307 - only True, False, and, or
    everything = frozenset({"MIT", "ISC", "GPL-3.0-only", "Apache-2.0"})
    assert avoids(expression, everything - allowed) == satisfied_by(expression, allowed)


def test_licence_expressions_that_are_none() -> None:
    """What is not an expression is an error; an exception belongs to its licence."""
    for text in ("", "MIT OR", "(MIT", "MIT)", "AND", "MIT ISC"):
        with pytest.raises(ValueError):  # noqa: PT011 - the message is for people
            choices(text)
    assert choices("GPL-2.0-only WITH Classpath-exception-2.0") == (
        frozenset({"GPL-2.0-only WITH Classpath-exception-2.0"}),
    )
    assert satisfied_by("GPL-2.0-only WITH Classpath-exception-2.0", frozenset({"GPL-2.0-only"}))


def test_a_rule_without_words_cannot_be_made() -> None:
    """Every kind of rule says what it speaks of."""
    with pytest.raises(TypeError, match="what"):
        Rule()  # type: ignore[abstract]  # what is tested


def test_a_finding_is_its_fact_under_its_rule() -> None:
    """Every field arrives; a fact that was not assessed, or that has a limit, is never stronger."""
    rule = Deny(library="pillow", effect=Effect.BLOCK, waived_by=Role.ADMIN, stop_after=30)
    fact = Fact(key="k", words="w", advice="a", library="pillow", version="8.0.0", names=("CVE-1",), fixed="8.1")
    found = _finding(rule, fact)
    assert found == Finding(
        key="k",
        kind="deny",
        effect=Effect.BLOCK,
        words="w",
        advice="a",
        rule=rule.sentence,
        library="pillow",
        version="8.0.0",
        names=("CVE-1",),
        waived_by="admin",
        stop_after=30,
        fixed="8.1",
    )
    assert _finding(rule, replace(fact, assessed=False)) == replace(found, effect=Effect.NOTE, assessed=False)
    assert _finding(rule, replace(fact, at_most=Effect.WARN)).effect is Effect.WARN


def test_every_library_is_evaluated() -> None:
    """Findings of one library do not hide those of another; the rules about the version come on top."""
    rules = (Deny(library="pillow"), Deny(library="numpy"), Count(libraries=1))
    evaluator = Evaluator(Policy(rules=rules), WORLD)
    facts = version(library(), library("numpy", "1.0"))
    for _ in range(2):
        assert [one.key for one in evaluator.findings(facts)] == ["count/2", "deny/numpy/1.0", "deny/pillow/8.0.0"]


def finding(key: str, effect: Effect, *, name: str = "", rule: str = "r", stop_after: int = 0) -> Finding:
    """Return a finding."""
    return Finding(
        key=key, kind="deny", effect=effect, words="w", advice="", rule=rule, library=name, stop_after=stop_after
    )


def test_one_finding_for_each_fact() -> None:
    """The strongest, of equal ones the first; the list is by effect, library and key."""
    warn, block = finding("b", Effect.WARN, name="six"), finding("b", Effect.BLOCK, name="six")
    note = finding("a", Effect.NOTE, name="attrs")
    others = [finding("d", Effect.WARN, name="idna"), finding("c", Effect.WARN, name="idna")]
    for both in ([warn, block], [block, warn]):
        assert strongest([note, *others, *both]) == [block, others[1], others[0], note]
    assert strongest([warn, replace(warn, rule="later")]) == [warn]


NOW = datetime(2026, 6, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("findings", "days"),
    [
        ([], None),
        ([finding("a", Effect.BLOCK)], None),
        ([finding("a", Effect.NOTE, stop_after=3)], None),
        ([finding("a", Effect.WARN, stop_after=30)], 30),
        ([finding("a", Effect.BLOCK, stop_after=30), finding("b", Effect.BLOCK, stop_after=7)], 7),
        ([finding("a", Effect.BLOCK, stop_after=30), finding("b", Effect.NOTE, stop_after=7)], 30),
        ([finding("a", Effect.BLOCK, stop_after=30), finding("b", Effect.BLOCK)], 30),
    ],
)
def test_when_a_version_stops(findings: list[Finding], days: int | None) -> None:
    """After the shortest term of a finding that blocks or warns; never without a term."""
    assert stops_at(findings, NOW) == (None if days is None else NOW + timedelta(days=days))


@pytest.mark.parametrize("one", Effect)
@pytest.mark.parametrize("other", Effect)
def test_the_weaker_of_two_effects(one: Effect, other: Effect) -> None:
    """A note is weaker than a warning, and that than a block."""
    order = ["note", "warn", "block"]
    assert weaker(one, other) == min(one, other, key=order.index)


YANKED = Context(today=TODAY, projects={"pillow": Project(name="pillow", yanked={"8.0.0": ""}, status="deprecated")})
TOLD = AdvisoryIndex(
    [
        replace(record("PYSEC-1", Severity.HIGH, fixed="8.1"), aliases=("CVE-1", "CVE-2")),
        record("PYSEC-2", Severity.UNKNOWN),
        replace(record("MAL-1", Severity.UNKNOWN), aliases=("GHSA-1",)),
    ]
)


@pytest.mark.parametrize(
    ("rule", "context", "words", "advice"),
    [
        (Deny(library="pillow"), WORLD, "pillow 8.0.0 is denied by the policy", "Remove it, or"),
        (
            Deny(library="pillow", reason="slow", replacement="wand"),
            WORLD,
            "pillow 8.0.0 is denied by the policy: slow",
            "Use wand instead.",
        ),
        (Yanked(), WORLD, "pillow 8.0.0 was yanked by its authors: broken", "Update to 12.0."),
        (Yanked(), YANKED, "pillow 8.0.0 was yanked by its authors", "Choose another release."),
        (ProjectStatus(), WORLD, "The project pillow is archived: gone", "Replace it"),
        (ProjectStatus(), YANKED, "The project pillow is deprecated", "Replace it"),
        (MaximumAge(days=1), WORLD, "pillow 8.0.0 is 1826 days behind 12.0", "Update to 12.0."),
        (Require(**PIN, versions=">=9"), WORLD, "pillow 8.0.0 is too old or too new; pillow >=9 is required", "Add"),
        (Require(library="six"), WORLD, "six is missing; six is required", "Add six to the libraries."),
        (Size(megabytes=5000), WORLD, "6000 MB; at most 5000 MB are allowed", "Remove"),
        (Spread(versions=2), WORLD, "pillow 8.0.0 would be version 3 of it in use here", "Use a version"),
        (Sources(indexes=("https://b/simple",)), WORLD, "pillow 8.0.0 comes from https://a/simple", "Install"),
    ],
)
def test_a_finding_says_what_is_the_matter(rule: Rule, context: Context, words: str, advice: str) -> None:
    """With the reason that somebody gave, and what to do."""
    (found,) = Evaluator(Policy(rules=(rule,)), context).findings(version())
    assert found.words == words
    assert found.advice.startswith(advice)


def test_a_known_problem_is_told_with_all_its_names() -> None:
    """Severity, aliases, what it is and where it is fixed; unknown is left out."""
    evaluator = Evaluator(
        Policy(rules=(Vulnerability(severity=Severity.LOW), Malware())), Context(today=TODAY, advisories=TOLD)
    )
    found = {one.names[0]: one for one in evaluator.findings(version())}
    assert {name: (one.words, one.names, one.fixed) for name, one in found.items()} == {
        "PYSEC-1": (
            "pillow 8.0.0 has PYSEC-1 (high), also CVE-1, CVE-2: Bad.",
            ("PYSEC-1", "CVE-1", "CVE-2"),
            "8.1",
        ),
        "PYSEC-2": ("pillow 8.0.0 has PYSEC-2: Bad.", ("PYSEC-2",), ""),
        "MAL-1": ("pillow 8.0.0 is known malware (MAL-1): Bad.", ("MAL-1", "GHSA-1"), ""),
    }
    assert found["PYSEC-1"].advice == "Update pillow to 8.1 or newer."
    assert found["PYSEC-2"].advice == "No fixed version is known."
    assert found["MAL-1"].advice.startswith("Remove it, and rotate every credential")


def test_projects_that_were_not_queried_are_a_note() -> None:
    """Whatever the effect of the rule; how many of how many."""
    (found,) = Evaluator(Policy(rules=(Yanked(effect=Effect.BLOCK),)), WORLD).findings(
        version(library("numpy"), library("scipy"), library("pillow", "9.0"))
    )
    assert (found.effect, found.assessed) == (Effect.NOTE, False)
    assert found.words.startswith("2 of 3 libraries")


@pytest.mark.parametrize(
    ("names", "text"), [((), "none"), (("a",), "a"), (("a", "b"), "a or b"), (("a", "b", "c"), "a, b or c")]
)
def test_names_are_joined_for_a_sentence(names: tuple[str, ...], text: str) -> None:
    """None, one, two or more."""
    assert join_or(names) == text


def test_a_rule_finds_nothing_by_the_method_that_it_lacks() -> None:
    """Rules about libraries say nothing of versions, rules about versions nothing of libraries."""
    assert list(Deny(library="pillow").check_version(version(), WORLD)) == []
    assert list(Size(megabytes=1).check_library(library(), WORLD)) == []


def test_a_rule_about_versions_counts_where_its_tags_say() -> None:
    """Beside a rule that counts everywhere."""
    policy = Policy(rules=(Size(megabytes=1, tags=("small",)), Count(libraries=0)))
    kinds = {
        tags: [one.kind for one in Evaluator(policy, WORLD).findings(version(tags=frozenset(tags)))]
        for tags in ((), ("small",))
    }
    assert kinds == {(): ["count"], ("small",): ["count", "size"]}


def test_what_a_policy_lacks_of_the_default_one() -> None:
    """Rules of kinds that it does not use; other settings of a kind that it uses are its own choice."""
    kinds = {rule.kind for rule in missing_defaults(Policy(rules=(Malware(effect=Effect.WARN),)))}
    assert kinds == {rule.kind for rule in DEFAULT.rules} - {"malware"}
    assert missing_defaults(DEFAULT) == ()
