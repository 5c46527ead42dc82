"""Locks that were resolved and built from real libraries: names, versions, sizes, hashes and edges are facts."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from assay.core.comparison.diff import Side
from assay.core.comparison.similarity import Profile
from assay.core.lock import File, Lock, LockedLibrary

DATA = Path(__file__).parents[1] / "data" / "locks.json"
INDEX = "https://index.example"  # the addresses are made up, the files are not


@cache
def documents() -> dict[str, Any]:
    """Return what is known of each version, by its reference."""
    found: dict[str, Any] = json.loads(DATA.read_text())
    return found


@cache
def lock(reference: str) -> Lock:
    """Return a version's lock."""
    document = documents()[reference]
    return Lock(
        python=document["python"],
        platform="linux-x86_64",
        libraries=tuple(
            LockedLibrary(
                name=name,
                version=version,
                index=f"{INDEX}/simple",
                file=File(name=file, url=f"{INDEX}/files/{file}", size=size, sha256=sha256, uploaded=uploaded),
                dependencies=tuple(dependencies),
            )
            for name, version, file, size, sha256, uploaded, dependencies in document["libraries"]
        ),
    )


def side(reference: str) -> Side:
    """Return a version as one side of a comparison."""
    asked = tuple(Requirement(line).name for line in documents()[reference]["asked"])
    return Side(label=reference, lock=lock(reference), direct=asked)


def profile(reference: str) -> Profile:
    """Return a version as something that is near to others."""
    found = lock(reference)
    return Profile(
        python=found.python,
        lines=tuple(documents()[reference]["asked"]),
        versions={one.name: one.version for one in found.libraries},
        digest=found.digest,
    )
