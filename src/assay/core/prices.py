"""Prices of hours and of disk space, and what a use of versions costs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from assay.core.errors import InvalidInputError
from assay.core.usage import PROJECTS

ONE = re.compile(r"([a-z][a-z0-9-]{0,31})=([0-9]+(?:\.[0-9]+)?)")
HOUR = 3600.0  # seconds
GIGABYTE = 1e9  # bytes, as sizes are shown
MONTH = 365.25 / 12  # days
SERVER = "studio"  # kind of the launches that have a size


@dataclass(frozen=True, kw_only=True)
class HourPrice:
    """The price of one hour of a size of servers, or of a run or an app, which have no size."""

    name: str
    price: float


def read_hour_prices(line: str) -> tuple[HourPrice, ...]:
    """Return the prices in a setting such as `small=0.05 large=0.40 run=0.02`. Raises InvalidInputError."""
    found = []
    for word in line.replace(",", " ").split():
        exact = ONE.fullmatch(word)
        if exact is None:
            raise InvalidInputError(f"{word[:60]!r} is not a price.", hint="Write prices as small=0.05 large=0.40.")
        found.append(HourPrice(name=exact[1], price=float(exact[2])))
    if len({one.name for one in found}) < len(found):
        raise InvalidInputError("A size has two prices.", hint="Name each size once.")
    return tuple(found)


def unknown_names(prices: Iterable[HourPrice], sizes: Iterable[str]) -> list[str]:
    """Return the names in prices that are neither a size nor a kind of launch by a project."""
    known = {*sizes, *PROJECTS}
    return sorted(one.name for one in prices if one.name not in known)


@dataclass(frozen=True, kw_only=True)
class Prices:
    """What an hour of each size costs, and a gigabyte for a month.

    Servers whose size is unknown cost as much as `default_size`. Kernels run on people's own machines and cost
    nothing.
    """

    hours: Mapping[str, float] = field(default_factory=dict)
    storage: float = 0.0
    currency: str = ""
    default_size: str = ""

    @property
    def known(self) -> bool:
        """Whether any price is set; without one, no costs are shown."""
        return bool(self.hours or self.storage)

    def of_use(self, kind: str, size: str, seconds: float) -> float:
        """Return the price of the time that launches of a kind and a size ran."""
        name = (size or self.default_size) if kind == SERVER else kind
        return seconds / HOUR * self.hours.get(name, 0.0)

    def of_storage(self, size: int, days: float) -> float:
        """Return the price of so many bytes for so many days."""
        return size / GIGABYTE * self.storage * days / MONTH

    def per_month(self, size: int) -> float:
        """Return the price of so many bytes for a month."""
        return size / GIGABYTE * self.storage

    @property
    def basis(self) -> str:
        """The prices as text, which changes when a price does."""
        hours = ",".join(f"{name}={price:g}" for name, price in sorted(self.hours.items()))
        return f"{hours};{self.storage:g};{self.default_size}"
