"""Runs inside a checked environment: notes which names each top-level module asks for while it is imported.

Standard library only, Python 3.9 and newer. What a module's import depends on is the set of names that it and
what it loads ask for, found or not: `edges` maps each asking name to the asked ones. Besides modules these are
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
    """Wrap the ways in which Python code finds other code."""
    plain_import, plain_module = builtins.__import__, importlib.import_module
    discover, points = importlib.metadata.Distribution.discover, importlib.metadata.entry_points

    def noting_import(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:  # noqa: A002, ANN401 - Python's own signature
        if level == 0:
            note(name, sys._getframe(1))  # noqa: SLF001 - the only way to learn who asks
        return plain_import(name, globals, locals, fromlist, level)

    def noting_module(name: str, package: str | None = None) -> Any:  # noqa: ANN401 - Python's own signature
        if not name.startswith("."):
            note(name, sys._getframe(1))  # noqa: SLF001 - as above
        return plain_module(name, package)

    def noting_discover(**keywords: Any) -> Any:  # noqa: ANN401 - Python's own signature
        context = keywords.get("context")
        name = keywords.get("name") or getattr(context, "name", None)
        note(f"dist:{name.replace('_', '-').lower() if name else '*'}", sys._getframe(1))  # noqa: SLF001 - as above
        return discover(**keywords)

    def noting_points(**keywords: Any) -> Any:  # noqa: ANN401 - Python's own signature
        note(f"group:{keywords.get('group', '*')}", sys._getframe(1))  # noqa: SLF001 - as above
        importlib.metadata.Distribution.discover = discover  # type: ignore[method-assign]  # it looks at all of them itself
        try:
            return points(**keywords)
        finally:
            importlib.metadata.Distribution.discover = noting_discover  # type: ignore[method-assign]  # a plain function will do

    builtins.__import__ = noting_import
    importlib.import_module = noting_module
    importlib.metadata.Distribution.discover = noting_discover  # type: ignore[method-assign]  # as above
    importlib.metadata.entry_points = noting_points


def note(asked: str, frame: FrameType | None) -> None:
    """Note that the code of a frame, or the nearest code that is not the import system's, asks for a name."""
    while frame is not None:
        asking = str(frame.f_globals.get("__name__", "")).split(".", 1)[0]
        if asking and asking not in {"importlib", "import_recorder"}:
            break
        frame = frame.f_back
    else:
        asking = ""
    top = asked if asked.startswith(("dist:", "group:")) else asked.split(".", 1)[0]
    if top == "pkg_resources":
        edges.setdefault("pkg_resources", set()).add("dist:*")
    if top != asking:
        edges.setdefault(asking, set()).add(top)


def plain() -> dict[str, list[str]]:
    """Return the edges as JSON values."""
    return {asking: sorted(asked) for asking, asked in edges.items()}
