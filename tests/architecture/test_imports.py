"""Imports: no cycle anywhere, and the stages of the engine in their order."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def modules_of(source: Path) -> dict[str, Path]:
    """Return dotted names and files of all modules below a folder."""
    found = {}
    for path in source.rglob("*.py"):
        if "migrations" not in path.parts:
            parts = path.relative_to(source).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(path: Path, known: dict[str, Path]) -> set[str]:
    """Return the modules that a file imports, wherever in the file: a lazy import is one too."""
    named = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            named |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            named.add(node.module)
            named |= {f"{node.module}.{one.name}" for one in node.names}
    return named & known.keys()


def cycle_in(graph: dict[str, set[str]]) -> list[str]:
    """Return the names along one cycle of a graph, none where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize("folder", ["src", "bench", "tests"])
def test_no_module_imports_itself_by_a_detour(folder: str) -> None:
    """No chain of imports leads back to where it began, in the product, its benchmarks and its tests."""
    known = modules_of(ROOT / folder)
    assert not cycle_in({name: imports_of(path, known) - {name} for name, path in known.items()})


def test_the_stages_of_the_engine_do_not_depend_on_each_other_in_a_circle() -> None:
    """Each stage of the engine can be read without those that come after it."""
    known = modules_of(ROOT / "src")
    stages = {name: name.split(".")[2] for name in known if name.startswith("assay.engine.") and name.count(".") > 2}
    graph: dict[str, set[str]] = {}
    for name, stage in stages.items():
        others = {stages[one] for one in imports_of(known[name], known) if one in stages}
        graph.setdefault(stage, set()).update(others - {stage})
    assert graph
    assert not cycle_in(graph)


def test_a_cycle_is_found() -> None:
    """The look for cycles finds one."""
    assert cycle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}})
