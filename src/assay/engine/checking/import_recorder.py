"""Runs inside a checked environment: records the names that each top-level module looks up during its import.

Standard library only, Python 3.9 and newer. An import depends on all names that the module and its imports look
up, found or not: `edges` maps each module to the names that it looks up. Besides modules these are
`dist:NAME` (metadata of one distribution), `group:NAME` (entry points of a group) and `group:*`, `dist:*` (all).
"""

from __future__ import annotations

import builtins
import importlib
import importlib.metadata
import sys
from types import FrameType
from typing import Any

edges: dict[str, set[str]] = {}


def install() -> None:
    """Wrap the functions by which Python code finds other code."""
    plain_import, plain_module = builtins.__import__, importlib.import_module
    discover, points = importlib.metadata.Distribution.discover, importlib.metadata.entry_points

    def traced_import(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:  # noqa: A002, ANN401 - Python's own signature
        if level == 0:
            record(name, sys._getframe(1))  # noqa: SLF001 - the only way to find the importer
        return plain_import(name, globals, locals, fromlist, level)

    def traced_module(name: str, package: str | None = None) -> Any:  # noqa: ANN401 - Python's own signature
        if not name.startswith("."):
            record(name, sys._getframe(1))  # noqa: SLF001 - as above
        return plain_module(name, package)

    def traced_discover(**keywords: Any) -> Any:  # noqa: ANN401 - Python's own signature
        context = keywords.get("context")
        name = keywords.get("name") or getattr(context, "name", None)
        record(f"dist:{name.replace('_', '-').lower() if name else '*'}", sys._getframe(1))  # noqa: SLF001 - as above
        return discover(**keywords)

    def traced_points(**keywords: Any) -> Any:  # noqa: ANN401 - Python's own signature
        record(f"group:{keywords.get('group', '*')}", sys._getframe(1))  # noqa: SLF001 - as above
        importlib.metadata.Distribution.discover = discover  # type: ignore[method-assign]  # it lists all distributions itself
        try:
            return points(**keywords)
        finally:
            importlib.metadata.Distribution.discover = traced_discover  # type: ignore[method-assign]  # a plain function will do

    builtins.__import__ = traced_import
    importlib.import_module = traced_module
    importlib.metadata.Distribution.discover = traced_discover  # type: ignore[method-assign]  # as above
    importlib.metadata.entry_points = traced_points


def record(name: str, frame: FrameType | None) -> None:
    """Record a lookup by the code of a frame, or by its nearest caller outside of the import system."""
    while frame is not None:
        importer = str(frame.f_globals.get("__name__", "")).split(".", 1)[0]
        if importer and importer not in {"importlib", "import_recorder"}:
            break
        frame = frame.f_back
    else:
        importer = ""
    top = name if name.startswith(("dist:", "group:")) else name.split(".", 1)[0]
    if top == "pkg_resources":
        edges.setdefault("pkg_resources", set()).add("dist:*")
    if top != importer:
        edges.setdefault(importer, set()).add(top)


def plain() -> dict[str, list[str]]:
    """Return the edges as JSON values."""
    return {importer: sorted(names) for importer, names in edges.items()}
