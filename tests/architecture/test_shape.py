"""The house rules that a program can check."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path for path in (ROOT / "src" / "assay").rglob("*.py") if "migrations" not in path.parts)


def functions(path: Path) -> list[tuple[str, int]]:
    """Return (name, lines) of every function of a module."""
    tree = ast.parse(path.read_text())
    return [
        (node.name, (node.end_lineno or 0) - node.lineno + 1)
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]


def test_modules_and_functions_stay_small() -> None:
    """No module over 400 lines, no function over 60, the median at most 12."""
    lengths = []
    for path in MODULES:
        assert len(path.read_text().splitlines()) <= 400, path
        for name, lines in functions(path):
            assert lines <= 60, (path, name, lines)
            lengths.append(lines)
    assert statistics.median(lengths) <= 12


def test_every_module_has_its_sentence_in_the_architecture() -> None:
    """`docs/architecture.md` has the first line of each module's docstring."""
    spec = spec_from_file_location("module_list", ROOT / "docs" / "module_list.py")
    assert spec is not None
    assert spec.loader is not None
    module_list = module_from_spec(spec)
    spec.loader.exec_module(module_list)
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert page == module_list.with_list(page)


def test_no_third_party_file_is_committed() -> None:
    """Bundles, minified files and fonts come from packages."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not re.findall(r".*(?:\.min\.(?:js|css)|node_modules/|/vendor/|\.woff2?)$", listed, re.MULTILINE)


def test_the_glossary_knows_the_states() -> None:
    """The states in `docs/glossary.md` are the ones of the code."""
    from assay.core.lifecycle import BuildState, Health, Status  # noqa: PLC0415 - only this test needs them

    text = (ROOT / "docs" / "glossary.md").read_text()
    for word in (*Status, *Health, *BuildState):
        assert f"`{word}`" in text, word
