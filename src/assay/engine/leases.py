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
from assay.engine.interface import EnginePaths
from assay.engine.layout import write_json
from assay.engine.wheel_store.store import keys_of

LEASES, GUARD = ".leases", ".guard"


@dataclass(frozen=True, kw_only=True)
class Needed:
    """What must stay: digests of locks, and entries of the wheel store."""

    environments: frozenset[str] = frozenset()
    wheels: frozenset[str] = frozenset()

    def __or__(self, other: Needed) -> Needed:
        return Needed(environments=self.environments | other.environments, wheels=self.wheels | other.wheels)


@contextlib.contextmanager
def guard(paths: EnginePaths) -> Iterator[None]:
    """Keep builds from beginning to need something while somebody looks at what is needed: milliseconds."""
    root = Path(paths.environments)
    root.mkdir(parents=True, exist_ok=True)
    with (root / GUARD).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def needs_of(lock: Lock) -> Needed:
    """Return what a lock needs."""
    return Needed(environments=frozenset({lock.digest}), wheels=frozenset(keys_of(lock)))


def take_lease(paths: EnginePaths, name: str, lock: Lock) -> None:
    """Say that a build needs a lock's environment and wheels, from now until `release_lease`."""
    needed = needs_of(lock)
    with guard(paths):
        folder = Path(paths.environments) / LEASES
        folder.mkdir(exist_ok=True)
        write_json(
            folder / f"{name}.json", {"environments": sorted(needed.environments), "wheels": sorted(needed.wheels)}
        )


def release_lease(paths: EnginePaths, name: str) -> None:
    """Say that a build has ended and its outcome is kept."""
    (Path(paths.environments) / LEASES / f"{name}.json").unlink(missing_ok=True)


def leased(paths: EnginePaths) -> Needed:
    """Return what builds need now."""
    found = Needed()
    for path in (Path(paths.environments) / LEASES).glob("[!.]*.json"):
        with contextlib.suppress(FileNotFoundError):  # released meanwhile
            told = json.loads(path.read_text())
            found |= Needed(environments=frozenset(told["environments"]), wheels=frozenset(told["wheels"]))
    return found


def lease_holders(paths: EnginePaths) -> list[str]:
    """Return the names of the builds that hold something."""
    return sorted(path.stem for path in (Path(paths.environments) / LEASES).glob("[!.]*.json"))
