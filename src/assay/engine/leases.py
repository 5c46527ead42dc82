"""Leases: the environments and wheels that running builds need, which garbage collection keeps.

A build takes its lease before it checks what already exists; the collector reads the leases under the same lock.
So everything that a build finds is kept until its worker has stored the outcome.
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

LEASES, LOCK_FILE = ".leases", ".guard"


@dataclass(frozen=True, kw_only=True)
class Needed:
    """The entries that garbage collection must keep: digests of locks, and keys of the wheel store."""

    environments: frozenset[str] = frozenset()
    wheels: frozenset[str] = frozenset()

    def __or__(self, other: Needed) -> Needed:
        return Needed(environments=self.environments | other.environments, wheels=self.wheels | other.wheels)


@contextlib.contextmanager
def guard(paths: EnginePaths) -> Iterator[None]:
    """Lock the leases, so that no build takes one while the collector reads them; keep it for milliseconds only."""
    root = Path(paths.environments)
    root.mkdir(parents=True, exist_ok=True)
    with (root / LOCK_FILE).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def needed_by(lock: Lock) -> Needed:
    """Return the environment and the wheels of a lock."""
    return Needed(environments=frozenset({lock.digest}), wheels=frozenset(keys_of(lock)))


def take_lease(paths: EnginePaths, name: str, lock: Lock) -> None:
    """Keep a lock's environment and wheels for a build, until `release_lease`."""
    needed = needed_by(lock)
    with guard(paths):
        folder = Path(paths.environments) / LEASES
        folder.mkdir(exist_ok=True)
        kept = {"environments": sorted(needed.environments), "wheels": sorted(needed.wheels)}
        write_json(folder / f"{name}.json", kept, flushed=False)  # a power failure ends the build, too


def release_lease(paths: EnginePaths, name: str) -> None:
    """Release the lease of a build whose outcome is stored."""
    (Path(paths.environments) / LEASES / f"{name}.json").unlink(missing_ok=True)


def leased(paths: EnginePaths) -> Needed:
    """Return the entries that running builds need."""
    found = Needed()
    for path in (Path(paths.environments) / LEASES).glob("[!.]*.json"):
        with contextlib.suppress(FileNotFoundError, ValueError):  # released in the meantime; of a power failure
            lease = json.loads(path.read_text())
            found |= Needed(environments=frozenset(lease["environments"]), wheels=frozenset(lease["wheels"]))
    return found


def lease_holders(paths: EnginePaths) -> list[str]:
    """Return the names of the builds that have a lease."""
    return sorted(path.stem for path in (Path(paths.environments) / LEASES).glob("[!.]*.json"))
