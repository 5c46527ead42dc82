"""Unused libraries: never imported, and not needed by what is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.core.maintenance.unused import closure, find_unused, needed_by_kernels

GRAPH: dict[str, tuple[str, ...]] = {
    "pandas": ("numpy", "python-dateutil"),
    "numpy": (),
    "python-dateutil": ("six",),
    "six": (),
    "matplotlib": ("numpy", "cycler"),
    "cycler": (),
    "seaborn": ("matplotlib", "pandas"),
    "ipykernel": ("traitlets",),
    "traitlets": (),
    "mkl": (),
}
LINES = ("pandas>=2", "seaborn", "matplotlib==3.10", "ipykernel", "mkl", 'pywin32; sys_platform == "win32"')


def test_what_is_never_imported_is_unused() -> None:
    """Kernels' libraries, unknown ones and those of other systems stay; what is needed by the used stays."""
    found = find_unused(LINES, GRAPH, imported={"pandas", "numpy"}, unknown={"mkl"})
    assert found.direct == ("seaborn", "matplotlib")
    assert found.lines == ("pandas>=2", "ipykernel", "mkl", 'pywin32; sys_platform == "win32"')
    assert found.libraries == ("cycler", "matplotlib", "seaborn")
    assert found.added == ()


def test_an_imported_library_stays_though_its_bringer_goes() -> None:
    """It is asked for by name then; of a chain of such, the first is enough."""
    found = find_unused(("seaborn",), GRAPH, imported={"pandas", "numpy", "six"})
    assert (found.direct, found.lines, found.added) == (("seaborn",), ("pandas",), ("pandas",))
    assert found.libraries == ("cycler", "ipykernel", "matplotlib", "mkl", "seaborn", "traitlets")
    around: dict[str, tuple[str, ...]] = {"top": ("a",), "a": ("b",), "b": ("a",)}
    assert find_unused(("top",), around, imported={"a", "b"}).added == ("b",)


def test_a_base_keeps_its_libraries() -> None:
    """They are pinned by the base, whatever is imported."""
    locked = {name: needs for name, needs in GRAPH.items() if name != "seaborn"}
    found = find_unused(("matplotlib",), locked, imported={"six"}, keep=locked.keys() - {"matplotlib", "cycler"})
    assert (found.direct, found.libraries, found.added) == (("matplotlib",), ("cycler", "matplotlib"), ())


def test_nothing_is_unused_where_all_is_imported() -> None:
    """A line that is written twice is named once."""
    assert find_unused(LINES, GRAPH, imported=set(GRAPH)).libraries == ()
    twice = ("cycler", "cycler; python_version >= '3'")
    assert find_unused(twice, {"cycler": ()}, imported=()).direct == ("cycler",)


def test_kernels_need_jupyter() -> None:
    """Also its extensions."""
    assert [needed_by_kernels(one) for one in ("ipykernel", "jupyterlab-git", "jupyter-lsp", "pandas")] == [
        True,
        True,
        True,
        False,
    ]


NAMES = [f"lib{number}" for number in range(7)]
graphs = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3).map(tuple)).map(
    lambda one: {name: tuple(set(needs) & one.keys()) for name, needs in one.items()}
)


@given(graphs, st.sets(st.sampled_from(NAMES)), st.sets(st.sampled_from(NAMES)))
def test_slimming_loses_no_import(graph: dict[str, tuple[str, ...]], direct: set[str], imported: set[str]) -> None:
    """Law: the remaining lines bring every imported library, and of the locked ones exactly those not unused."""
    lines = tuple(sorted(direct & graph.keys()))
    reached = closure(lines, graph)
    locked = {name: needs for name, needs in graph.items() if name in reached}
    found = find_unused(lines, locked, imported=imported)
    brought = closure(found.lines, locked)
    assert imported & locked.keys() <= brought
    assert brought == locked.keys() - set(found.libraries)
