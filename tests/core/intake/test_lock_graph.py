"""Markers are combined along the paths of a lock's graph; extras and groups are taken out of markers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker

from assay.core.intake.lock_graph import ALWAYS, MOST, Edge, by_choice, conditions, either, marker_of, unasked
from assay.core.intake.markers import Truth, for_members, memberships, reduced, truth

WINDOWS, OLD = 'sys_platform == "win32"', 'python_version < "3.12"'


def edge(target: str, marker: str = "") -> Edge:
    """Return an edge."""
    return Edge(target=target, marker=marker)


def test_a_marker_holds_for_all_that_is_behind_it() -> None:
    """All markers of a path hold together; several paths are alternatives."""
    edges = {
        "a": [edge("b", WINDOWS), edge("c")],
        "b": [edge("d", OLD), edge("e")],
        "c": [edge("e", f"{OLD} or {WINDOWS}")],
        "e": [edge("a")],
    }
    found = {key: marker_of(one) for key, one in conditions(edges, [edge("a")]).items()}
    assert found == {
        "a": "",
        "b": WINDOWS,
        "c": "",
        "d": f"{OLD} and {WINDOWS}",
        "e": f"{OLD} or {WINDOWS} or {WINDOWS}",
    }


def test_a_path_without_markers_counts() -> None:
    """What is required always and on a condition is required always."""
    found = conditions({"a": [edge("b", WINDOWS), edge("c")], "c": [edge("b")]}, [edge("a")])
    assert found["b"] == ALWAYS


def test_many_alternatives_become_what_they_share() -> None:
    """The weaker condition is safe: it requires too much, never too little."""
    many = {f"m{number}": [edge("x", f'python_version == "3.{number}"')] for number in range(MOST + 1)}
    found = conditions(many, [edge(one, WINDOWS) for one in many])
    assert marker_of(found["x"]) == WINDOWS
    assert marker_of(conditions(many, [edge(one) for one in many])["x"]) == ""


def test_choices_do_not_repeat_what_is_always_required() -> None:
    """A choice has what the base lacks, or has on a narrower condition only."""
    edges = {"a": [edge("b", WINDOWS)], "x": [edge("b"), edge("a")]}
    found = by_choice(edges, {"": [edge("a")], "extra x": [edge("x")], "extra y": [edge("a")]}, {})
    assert {choice: sorted(one) for choice, one in found.items()} == {
        "": ["a", "b"],
        "extra x": ["b", "x"],
        "extra y": [],
    }
    assert by_choice(edges, {}, {}) == {"": {}}


def test_requirements_that_never_hold_are_not_followed() -> None:
    """A marker may be replaced by its truth."""
    edges = {"a": [edge("b", "no"), edge("c", "yes"), edge("d", "perhaps")]}
    found = conditions(edges, [edge("a")], lambda marker: {"no": False, "yes": True}.get(marker, marker))
    assert {key: marker_of(one) for key, one in found.items()} == {"a": "", "c": "", "d": "perhaps"}


def test_roots_of_a_graph_without_a_project() -> None:
    """What nothing requires, and one of each cycle."""
    edges = {"a": [edge("b")], "c": [edge("d")], "d": [edge("c")], "e": [edge("e")]}
    assert [one.target for one in unasked(edges, ["a", "b", "c", "d", "e"])] == ["a", "e", "c"]


CONDITION = st.frozensets(st.frozensets(st.sampled_from("abcd"), max_size=3), max_size=5)


@given(CONDITION, CONDITION, st.frozensets(st.sampled_from("abcd")))
def test_either_holds_when_one_of_both_holds(one: frozenset, two: frozenset, true: frozenset) -> None:
    """It is the union, or weaker; no alternative implies another one."""
    found = either(one, two)
    assert not any(alternative <= true for alternative in one | two) or any(a <= true for a in found)
    assert not any(a < b for a in found for b in found)
    assert either(found, found) == found
    if len(found) > 1:
        assert any(a <= true for a in found) == any(a <= true for a in one | two)


def test_extras_and_groups_are_taken_out_of_markers() -> None:
    """The rest stays, or nothing but the truth."""
    marker = f'extra == "docs" and ({OLD} or {WINDOWS})'
    assert for_members(marker, frozenset({"docs"})) == f"{OLD} or {WINDOWS}"
    assert for_members(marker, frozenset()) is False
    assert for_members(f'"docs" == extra or {OLD}', frozenset({"docs"})) is True
    assert for_members(f'extra != "docs" and {OLD} and {WINDOWS}', frozenset()) == f"{OLD} and {WINDOWS}"
    assert for_members("'dev' in dependency_groups", frozenset(), frozenset({"dev"})) is True
    assert for_members("'dev' not in extras", frozenset({"dev"})) is False
    both = f"({OLD} or {WINDOWS}) and (python_version > '3') and extra == 'x'"
    assert for_members(both, frozenset({"x"})) == f"({OLD} or {WINDOWS}) and python_version > '3'"
    assert for_members("no marker", frozenset()) == "no marker"
    assert [one.name for one in memberships(f"{marker} or 'dev' in dependency_groups")] == ["docs", "dev"]


def test_a_marker_that_cannot_be_evaluated_does_not_hold() -> None:
    """Its operator has no meaning for texts."""
    assert truth(Marker('os_name ~= "posix"'), [{"os_name": "posix"}]) is Truth.NEVER


ATOM = st.sampled_from(["extra == 'a'", "extra == 'b'", "os_name == 'x'", "os_name != 'x'", "os_name == 'posix'"])
MARKER = st.recursive(
    ATOM,
    lambda inner: st.builds(
        lambda word, parts: f"({f' {word} '.join(parts)})",
        st.sampled_from(["and", "or"]),
        st.lists(inner, min_size=1),
    ),
    max_leaves=8,
)


@given(MARKER, st.sampled_from(["", "a", "b"]))
def test_a_reduced_marker_has_the_truth_of_the_whole(marker: str, extra: str) -> None:
    """For any marker and extra."""
    found = for_members(marker, frozenset({extra}))
    whole = Marker(marker).evaluate({"extra": extra, "os_name": "posix"})
    assert (Marker(found).evaluate({"os_name": "posix"}) if isinstance(found, str) else found) == whole


@given(st.text(max_size=40))
def test_any_text_is_reduced(text: str) -> None:
    """What is no marker stays."""
    assert isinstance(reduced(text, lambda _: None), str)
