"""Leases: what builds that are under way need, so that garbage collection leaves it.

A build takes its lease before it looks whether something is there; the collector reads the leases under the
same guard. So whatever a build finds stays until its worker has recorded the outcome (law 6).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assay.core.lock import Lock
from assay.engine.interface import Places
from assay.engine.layout import write_json
from assay.engine.wheel_store.store import keys_of

LEASES, GUARD = ".leases", ".guard"


@dataclass(frozen=True, kw_only=True)
class Needed:
    """What must stay: digests of locks, and entries of the shelf of wheels."""

    environments: frozenset[str] = frozenset()
    wheels: frozenset[str] = frozenset()

    def __or__(self, other: Needed) -> Needed:
        return Needed(environments=self.environments | other.environments, wheels=self.wheels | other.wheels)


@contextlib.contextmanager
def guard(places: Places) -> Iterator[None]:
    """Keep builds from beginning to need something while somebody looks at what is needed: milliseconds."""
    root = Path(places.environments)
    root.mkdir(parents=True, exist_ok=True)
    with (root / GUARD).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def needs_of(lock: Lock) -> Needed:
    """Return what a lock needs."""
    return Needed(environments=frozenset({lock.digest}), wheels=frozenset(keys_of(lock)))


def hold(places: Places, name: str, lock: Lock) -> None:
    """Say that a build needs a lock's environment and wheels, from now until `release`."""
    needed = needs_of(lock)
    with guard(places):
        folder = Path(places.environments) / LEASES
        folder.mkdir(exist_ok=True)
        write_json(
            folder / f"{name}.json", {"environments": sorted(needed.environments), "wheels": sorted(needed.wheels)}
        )


def release(places: Places, name: str) -> None:
    """Say that a build has ended and its outcome is kept."""
    (Path(places.environments) / LEASES / f"{name}.json").unlink(missing_ok=True)


def held(places: Places) -> Needed:
    """Return what builds need now."""
    found = Needed()
    for path in (Path(places.environments) / LEASES).glob("[!.]*.json"):
        with contextlib.suppress(FileNotFoundError):  # released meanwhile
            told = json.loads(path.read_text())
            found |= Needed(environments=frozenset(told["environments"]), wheels=frozenset(told["wheels"]))
    return found


def holders(places: Places) -> list[str]:
    """Return the names of the builds that hold something."""
    return sorted(path.stem for path in (Path(places.environments) / LEASES).glob("[!.]*.json"))
