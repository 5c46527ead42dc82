"""How large an installation is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Size:
    """What to write. `events` is the least number in the audit log; the same `seed` writes the same."""

    environments: int = 10_000
    launches: int = 1_000_000
    events: int = 10_000_000
    people: int = 5_000
    days: int = 365
    names: int = 3_000  # libraries that exist
    libraries: int = 60  # of a lock, in the median
    seed: int = 15


SIZES = {
    "tiny": Size(environments=50, launches=1_000, events=5_000, people=40, days=60, names=300, libraries=25),
    "small": Size(environments=500, launches=20_000, events=200_000, people=300, names=1_000),
    "large": Size(),
}
