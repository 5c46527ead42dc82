"""Sizes of Studio servers that an installation offers, read from one line.

`small=2G/1 large=16G/4`: name, memory (G or M, powers of 1024), processors. The first is the default.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from assay.core.errors import InvalidInputError

ONE = re.compile(r"([a-z][a-z0-9-]{0,31})=([0-9]+(?:\.[0-9]+)?)([GM])/([0-9]+(?:\.[0-9]+)?)")
UNITS = {"M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True, kw_only=True)
class Size:
    """One size. `memory` in bytes; `processors` may be a fraction if the Spawner supports fractions."""

    name: str
    memory: int
    processors: float


def read_sizes(line: str) -> tuple[Size, ...]:
    """Return the sizes in a setting. Raises InvalidInputError."""
    found = []
    for word in line.replace(",", " ").split():
        exact = ONE.fullmatch(word)
        if exact is None or float(exact[2]) <= 0 or float(exact[4]) <= 0:
            raise InvalidInputError(f"{word[:60]!r} is not a size.", hint="Write sizes as small=2G/1 large=16G/4.")
        found.append(Size(name=exact[1], memory=int(float(exact[2]) * UNITS[exact[3]]), processors=float(exact[4])))
    if not found or len({one.name for one in found}) < len(found):
        raise InvalidInputError(
            "No size is given, or a name occurs twice.", hint="Write sizes as small=2G/1 large=16G/4."
        )
    return tuple(found)


def choose(sizes: tuple[Size, ...], name: str) -> Size:
    """Return a size by its name, the first one for ''. Raises InvalidInputError."""
    found = next((one for one in sizes if name in {one.name, ""}), None)
    if found is None:
        names = ", ".join(one.name for one in sizes)
        raise InvalidInputError(f"There is no size {name[:40]!r}.", hint=f"Choose one of {names}.", path="size")
    return found
