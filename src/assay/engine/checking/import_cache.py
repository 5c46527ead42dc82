"""Imports that succeeded before and need not be tried again: kept by content, with all that they depended on.

A memory holds when every name that the import asked for, found or missing, leads to the very same files now
(docs/decisions/0007). Failures are never remembered.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from assay.engine.wheel_store.store import KeptWheel

MOST = 6  # remembered variants of one module; the oldest gives way
EVERYTHING = "dist:*"  # who looks at all distributions depends on all of them


class Surroundings:
    """Who offers which name in one environment."""

    def __init__(self, wheels: Sequence[KeptWheel]) -> None:
        self._offers: dict[str, list[str]] = defaultdict(list)
        for wheel in sorted(wheels, key=lambda one: one.key):
            for name in wheel.offers:
                self._offers[name].append(wheel.key)
        self.start_up = sorted(one.key for one in wheels if one.runs_at_startup)

    def who(self, name: str) -> list[str]:
        """Return the keys of the wheels that offer a name."""
        return self._offers.get(name, [])

    def holds(self, memory: Mapping[str, Any]) -> bool:
        """Say whether what was remembered was seen in the same surroundings."""
        return memory["start_up"] == self.start_up and all(
            self.who(name) == keys for name, keys in memory["names"].items()
        )

    def memory(self, module: str, seconds: float, edges: Mapping[str, Iterable[str]]) -> dict[str, Any] | None:
        """Return what to remember of a successful import; None when it depends on everything."""
        names = closure(module.split(".", maxsplit=1)[0], edges)
        if EVERYTHING in names:
            return None
        return {
            "start_up": self.start_up,
            "seconds": seconds,
            "names": {name: self.who(name) for name in sorted(names)},
        }


def closure(name: str, edges: Mapping[str, Iterable[str]]) -> set[str]:
    """Return a name and all that it leads to."""
    seen, ring = {name}, [name]
    while ring:
        for asked in edges.get(ring.pop(), ()):
            if asked not in seen:
                seen.add(asked)
                ring.append(asked)
    return seen


def recall(folder: Path, wheel: KeptWheel, surroundings: Surroundings) -> dict[str, float]:
    """Return the modules of a wheel that are known to import here, with the seconds that it took."""
    known = _read(folder / f"{wheel.key}.json")
    return {
        module: variant["seconds"]
        for module, variants in known.items()
        for variant in variants
        if surroundings.holds(variant)
    }


def remember(folder: Path, wheel: KeptWheel, fresh: Mapping[str, dict[str, Any]]) -> None:
    """Add memories of a wheel's modules. Two at once may lose one of theirs, which costs one more try."""
    path = folder / f"{wheel.key}.json"
    known = _read(path)
    for module, memory in fresh.items():
        known[module] = [memory, *(one for one in known.get(module, []) if one["names"] != memory["names"])][:MOST]
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{uuid4().hex}"
    aside.write_text(json.dumps(known))
    aside.replace(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return found
