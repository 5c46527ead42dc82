"""Dividing modules among processes that import them: libraries with the same requirements go to the same process."""

from __future__ import annotations

import math
from collections.abc import Sequence

from assay.core.lock import Lock
from assay.engine.checking.import_cache import closure
from assay.engine.wheel_store.store import StoredWheel


def divide(
    modules: Sequence[list[str]], lock: Lock, wheels: Sequence[StoredWheel], parts: int
) -> list[list[list[str]]]:
    """Divide `[library, module]` pairs so that few libraries are imported by two processes, and all take as long.

    A process imports the requirements of its libraries too: the dependency edges of the lock. The square root of
    the bytes of compiled files stands for the time of an import: of a large library, an import loads a smaller part.
    The order within a process stays.
    """
    if parts == 1:
        return [list(modules)]
    weights = {one.name: _weight(one) for one in wheels}
    edges = {one.name: one.dependencies for one in lock.libraries}
    needed = {
        name: closure(name, edges) & weights.keys() for name in dict.fromkeys(library for library, _ in modules)
    }
    share = sum(weights[name] for name in set().union(*needed.values())) / parts
    imported: list[set[str]] = [set() for _ in range(parts)]
    process: dict[str, int] = {}

    def cost(number: int, library: str) -> tuple[float, float]:
        """Return what a process would import more, twice what is beyond its share; and what it would import."""
        load = sum(weights[name] for name in imported[number] | needed[library])
        more = sum(weights[name] for name in needed[library] - imported[number])
        return more + 2 * max(0.0, load - share), load

    for library in sorted(needed, key=lambda one: -sum(weights[name] for name in needed[one])):
        number = min(range(parts), key=lambda one: cost(one, library))
        imported[number] |= needed[library]
        process[library] = number
    divided = [[pair for pair in modules if process[pair[0]] == number] for number in range(parts)]
    return [part for part in divided if part]


def _weight(wheel: StoredWheel) -> float:
    """Return the square root of the bytes of a wheel's compiled files, without its tests, which nobody imports."""
    return math.sqrt(1 + sum(size for path, size, _ in wheel.compiled if "/tests/" not in path))
