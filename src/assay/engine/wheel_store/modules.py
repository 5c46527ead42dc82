"""The importable modules of a distribution, from its RECORD."""

from __future__ import annotations

import re

MAX_MODULES = 20  # imported of one distribution; larger ones have plug-in folders, not more entry points
NOT_OFFERED = frozenset({"tests", "test", "testing", "docs", "doc", "examples", "example", "benchmarks", "scripts"})
USUAL_DEPTH = 4  # deeper ones are data folders with code in them, unless there is nothing else
MODULE = re.compile(r"(?P<name>[A-Za-z_]\w*)(?:\.(?:cpython-[\w-]+|abi3|pypy\w*[\w-]*))?\.(?:py|so)")


def top_modules(files: tuple[str, ...]) -> tuple[str, ...]:
    """Return the importable top-level modules, public ones first; in namespace packages the first regular package."""
    packages = {name.rpartition("/")[0] for name in files if name.endswith("/__init__.py")}
    compiled = {name.rpartition("/")[0] for name in files if re.search(r"/__init__\.(cpython|abi3)[^/]*\.so$", name)}
    packages |= compiled
    found: set[str] = set()
    for name in files:
        folder, _, leaf = name.rpartition("/")
        module = MODULE.fullmatch(leaf)
        if module is None or _outside(folder):
            continue
        found.add(_entry(folder, module["name"], packages))
    names = sorted(one for one in found if _importable(one))
    names = [one for one in names if one.count(".") < USUAL_DEPTH] or names
    public = [one for one in names if not any(part.startswith("_") for part in one.split("."))]
    return tuple((public or names)[:MAX_MODULES])


def _outside(folder: str) -> bool:
    top = folder.split("/", maxsplit=1)[0]
    return top in {"..", "bin"} or top.endswith((".dist-info", ".data"))


def _entry(folder: str, leaf: str, packages: set[str]) -> str:
    """Return the top-most regular package of a module, or the module itself if it is in none."""
    parts = folder.split("/") if folder else []
    for depth in range(1, len(parts) + 1):
        if "/".join(parts[:depth]) in packages:
            return ".".join(parts[:depth])
    return ".".join([*parts, leaf])


def _importable(name: str) -> bool:
    parts = name.split(".")
    if not all(part.isidentifier() for part in parts) or parts[-1] in {
        "__main__",
        "__init__",
        "setup",
        "conftest",
    }:
        return False
    return parts[0] not in NOT_OFFERED
