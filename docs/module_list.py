"""`python docs/module_list.py`: write the list of modules in `architecture.md` from the docstrings of the code."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "assay"
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- modules: begin -->", "<!-- modules: end -->"
ORDER = (
    "core",
    "flow",
    "engine",
    "sources",
    "launchers",
    "store",
    "jobs",
    "studio",
    "runtimes",
    "api",
    "web",
    "cli",
    "server",
)


def first_line(path: Path) -> str:
    """Return the first line of a module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n")[0]


def folder_lines(folder: Path, level: int) -> list[str]:
    """Return a heading for a package, a line for each of its modules, and then its packages."""
    name = folder.relative_to(SOURCE)
    lines = [f"{'#' * level} {name}/", "", first_line(folder / "__init__.py"), ""]
    modules = [path for path in sorted(folder.glob("*.py")) if path.name != "__init__.py"]
    lines += [f"- `{path.relative_to(SOURCE)}` — {first_line(path)}" for path in modules]
    lines += [""] if modules else []
    for package in sorted(path.parent for path in folder.glob("*/__init__.py")):
        if package.name != "migrations":
            lines += folder_lines(package, level + 1)
    return lines


def module_list() -> str:
    """Return the list of all modules as Markdown."""
    lines = [line for name in ORDER for line in folder_lines(SOURCE / name, 3)]
    return "\n".join([*lines, "### Beside them", "", f"- `client.py` — {first_line(SOURCE / 'client.py')}"])


def with_list(page: str) -> str:
    """Return the page with the list as the code has it now."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{module_list()}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(with_list(PAGE.read_text()))
