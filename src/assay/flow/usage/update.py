"""Update of all sums of usage: one bounded step of the worker."""

from __future__ import annotations

from django.utils import timezone

from assay.flow.usage.counting import MOST, count_launches


def advance() -> bool:
    """Add new use to the sums. Returns whether there is more to do at once."""
    return count_launches(timezone.now()) >= MOST
