"""Environment markers (PEP 508) against the Pythons that an installation offers: on all, on some, on none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, auto

from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName

Variables = Mapping[str, str]  # the variables of PEP 508 for one Python on this platform


class Truth(Enum):
    """On which Pythons a marker holds: on all, on some, on none."""

    ALWAYS = auto()
    SOMETIMES = auto()
    NEVER = auto()


def holds(marker: Marker, variables: Variables) -> bool:
    """Return whether a marker holds; one that cannot be evaluated does not."""
    try:
        return marker.evaluate({**variables, "extra": variables.get("extra", "")})
    except (UndefinedComparison, UndefinedEnvironmentName, ValueError):
        return False


def truth(marker: Marker, pythons: Sequence[Variables]) -> Truth:
    """Return on which of the Pythons a marker holds."""
    found = {holds(marker, one) for one in pythons}
    return Truth.ALWAYS if found == {True} else Truth.SOMETIMES if True in found else Truth.NEVER
