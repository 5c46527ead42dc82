"""A list of exact versions is reduced to what was probably asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.core.intake.intent import asked_with, reduced, roots

GRAPH = {"pandas": ("numpy", "six"), "dateutil": ("six",), "a": ("b",), "b": ("a", "gone"), "c": ("a",)}


def test_roots() -> None:
    """What nothing else requires was asked for; names outside the list do not count."""
    assert roots(["numpy", "pandas", "six", "dateutil"], GRAPH) == ("pandas", "dateutil")


def test_libraries_that_require_each_other() -> None:
    """The first is the root, unless another one leads to them."""
    assert roots(["b", "a"], GRAPH) == ("b",)
    assert roots(["b", "a", "c"], GRAPH) == ("c",)
    # the cycle x - y leads to z, which comes first
    assert roots(["z", "x", "y"], {"x": ("y",), "y": ("x", "z"), "z": ("z",)}) == ("x",)
    assert roots(["z", "w", "x", "y"], {"x": ("y",), "y": ("x", "z"), "z": ("w",), "w": ("z",)}) == ("x",)


NAMES = ["a", "b", "c", "d", "e", "f"]
EDGES = st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from([*NAMES, "other"])))


@given(st.lists(st.sampled_from(NAMES), unique=True), EDGES)
def test_roots_reach_everything_and_none_is_too_many(names: list[str], edges: dict[str, set[str]]) -> None:
    """All names follow from the roots, and no root follows from another one."""

    def reach(start: str) -> set[str]:
        found = {start}
        while new := {two for one in found for two in edges.get(one, ()) if two in names} - found:
            found |= new
        return found

    found = roots(names, edges)
    assert {one for root in found for one in reach(root)} == set(names)
    assert all(root not in reach(other) for root in found for other in found if other != root)


def test_reduced() -> None:
    """Versions become constraints, which keep extras and markers where they belong."""
    found = reduced(
        ["Pandas[excel]==2.2.1", "numpy==1.26.4", "six>=1", 'x===2 ; python_version < "3.12"', "y==1.*", "z"],
        ["pandas", "x"],
    )
    assert found.libraries == ("Pandas[excel]", "six>=1", 'x; python_version < "3.12"', "y==1.*", "z")
    assert found.constraints == ("Pandas==2.2.1", "numpy==1.26.4", 'x===2; python_version < "3.12"')
    assert found.others == ("numpy",)


def test_what_is_asked_for_leads_to_everything() -> None:
    """What it does not lead to has roots of its own; what is asked for and not there is no root of anything."""
    names = ["pandas", "numpy", "six", "dateutil", "lone"]
    assert asked_with(["pandas", "gone"], names, GRAPH) == {"pandas", "gone", "dateutil", "lone"}
    assert asked_with(["pandas", "dateutil", "lone"], names, GRAPH) == {"pandas", "dateutil", "lone"}
