"""The cache of successful imports: one entry per module and wheel, with everything that the import depended on.

An entry is valid in an environment where the same wheels provide every name that the import looked up, found or
missing (docs/decisions/0007). Failures are never cached.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.engine.layout import write_json
from assay.engine.wheel_store.store import StoredWheel

MAX_ENTRIES = 6  # of one module; the oldest is removed first
ALL = "dist:*"  # a module that lists all distributions depends on all of them


class ModuleProviders:
    """The wheels that provide each name in one environment."""

    def __init__(self, wheels: Sequence[StoredWheel]) -> None:
        self._providers: dict[str, list[str]] = defaultdict(list)
        for wheel in sorted(wheels, key=lambda one: one.key):
            for name in wheel.offers:
                self._providers[name].append(wheel.key)
        self.start_up = sorted(one.key for one in wheels if one.runs_at_startup)

    def of(self, name: str) -> list[str]:
        """Return the keys of the wheels that provide a name."""
        return self._providers.get(name, [])

    def match(self, entry: Mapping[str, Any]) -> bool:
        """Return whether a cache entry is valid in this environment."""
        return entry["start_up"] == self.start_up and all(
            self.of(name) == keys for name, keys in entry["names"].items()
        )

    def cache_entry(self, module: str, seconds: float, edges: Mapping[str, Iterable[str]]) -> dict[str, Any] | None:
        """Return the cache entry of a successful import; None when it depends on all distributions."""
        names = closure(module.split(".", maxsplit=1)[0], edges)
        if ALL in names:
            return None
        return {
            "start_up": self.start_up,
            "seconds": seconds,
            "names": {name: self.of(name) for name in sorted(names)},
        }


def closure(name: str, edges: Mapping[str, Iterable[str]]) -> set[str]:
    """Return a name and all names that it reaches."""
    reached, pending = {name}, [name]
    while pending:
        for following in edges.get(pending.pop(), ()):
            if following not in reached:
                reached.add(following)
                pending.append(following)
    return reached


def cached_imports(folder: Path, wheel: StoredWheel, providers: ModuleProviders) -> dict[str, float]:
    """Return the modules of a wheel with a valid cache entry, with the seconds of the import."""
    stored = _read(folder / f"{wheel.key}.json")
    return {
        module: entry["seconds"] for module, entries in stored.items() for entry in entries if providers.match(entry)
    }


def cache_imports(folder: Path, wheel: StoredWheel, new: Mapping[str, dict[str, Any]]) -> None:
    """Add cache entries for a wheel's modules. Of two concurrent calls one may be lost, which costs an import."""
    path = folder / f"{wheel.key}.json"
    stored = _read(path)
    for module, entry in new.items():
        stored[module] = [entry, *(one for one in stored.get(module, []) if one["names"] != entry["names"])][
            :MAX_ENTRIES
        ]
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, stored, flushed=False)


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return found
