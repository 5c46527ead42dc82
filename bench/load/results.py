"""The results of a load: times by kind of request, against a limit, as a table."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from performance_page import table

HEAD = ("Request", "Count", "Errors", "Median", "95 %", "99 %", "Longest", "")


@dataclass(frozen=True, kw_only=True)
class Result:
    """What was measured at one database: `limit` in milliseconds for 99 % of the requests of every kind."""

    title: str
    limit: float
    taken: dict[str, list[float]]
    errors: dict[str, list[str]]
    notes: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether all kinds of requests meet the limit, without an error."""
        return bool(self.taken) and not any(self.errors.values()) and all(map(self._fast, self.taken.values()))

    def rows(self) -> list[tuple[str, ...]]:
        """Return a row for each kind of request, and one for all."""
        everything = [one for times in self.taken.values() for one in times]
        kinds = [(name, self.taken[name]) for name in sorted(self.taken)]
        return [
            (
                name,
                f"{len(times):,}",
                str(sum(map(len, self.errors.values())) if times is everything else len(self.errors.get(name, ()))),
                *(f"{percentile(times, share):,.0f} ms" for share in (0.5, 0.95, 0.99, 1.0)),
                "holds" if self._fast(times) and not self.errors.get(name) else "MISSED",
            )
            for name, times in [*kinds, ("all", everything)]
            if times
        ]

    def print(self) -> None:
        """Print the table, the notes, and some of the errors."""
        heading = f"\n{self.title}: 99 % within {self.limit:.0f} ms, no error\n"
        lines = [
            "".join(f"{cell:<26}" if not at else f"{cell:>11}" for at, cell in enumerate(row))
            for row in [HEAD, *self.rows()]
        ]
        found = [f"  {name}: {one}" for name, several in self.errors.items() for one in several[:3]]
        sys.stdout.write("\n".join([heading, *lines, *self.notes, *found, ""]))
        sys.stdout.flush()

    def markdown(self) -> str:
        """Return the same as a section of a page."""
        rows = [(*row[:-1], row[-1].replace("MISSED", "**missed**")) for row in self.rows()]
        notes = "".join(f"\n\n{one}" for one in self.notes)
        wanted = f"99 % of the requests of each kind within {self.limit:.0f} ms, and no error."
        return f"### {self.title}\n\n{wanted}\n\n{table(HEAD, rows)}{notes}"

    def _fast(self, times: Sequence[float]) -> bool:
        return percentile(times, 0.99) < self.limit


def percentile(times: Sequence[float], share: float) -> float:
    """Return the time within which a share (0 to 1) of the requests were answered: the nearest rank."""
    return sorted(times)[max(0, math.ceil(share * len(times)) - 1)]
