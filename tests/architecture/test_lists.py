"""Lists go on by keyset (decision 0030): nothing that a page or the API reads is cut by a number of rows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src" / "assay"
FOLDERS = ("api", "store/reads", "web")
# Values that are in memory whichever of them are used: the rows of a ListTable, ids in parts, the index on disk.
IN_MEMORY = {f"store/reads/{name}.py" for name in ("facts", "nearest", "published_profiles")} | {"web/tables.py"}


def _offsets(tree: ast.Module) -> Iterator[int]:
    """Yield the lines of slices `[start : start + limit]`, and of parameters that are an offset."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Slice) and node.lower is not None and isinstance(node.upper, ast.BinOp):
            if ast.dump(node.lower) in {ast.dump(node.upper.left), ast.dump(node.upper.right)}:
                yield node.lower.lineno
        elif isinstance(node, ast.arg) and node.arg == "offset" and ast.unparse(node.annotation or node) == "int":
            yield node.lineno


def test_no_list_is_cut_by_a_number_of_rows() -> None:
    """Logs have offsets, in bytes."""
    found = []
    for path in (path for folder in FOLDERS for path in sorted((SOURCE / folder).rglob("*.py"))):
        name = path.relative_to(SOURCE).as_posix()
        lines = path.read_text().splitlines()
        offsets = [one for one in _offsets(ast.parse("\n".join(lines))) if "def log" not in lines[one - 1]]
        found += [f"{name}:{line}" for line in offsets if name not in IN_MEMORY]
    assert found == []


def test_the_check_finds_an_offset() -> None:
    """So that the test above can fail."""
    assert list(_offsets(ast.parse("rows[start : start + limit]"))) == [1]
    assert list(_offsets(ast.parse("def f(offset: int): ..."))) == [1]
    assert list(_offsets(ast.parse("rows[:limit], rows[at + 1 :], text[2:5]"))) == []
