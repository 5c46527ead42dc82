"""Update of all sums of usage: one bounded step of the worker."""

from __future__ import annotations

from django.utils import timezone

from assay.flow.usage.counting import MOST, count_launches, rebuild
from assay.flow.usage.summaries import BATCH, refresh_summaries
from assay.flow.usage.totals import DAYS, refresh_days, refresh_totals


def advance() -> bool:
    """Add new use to the sums, and compute what depends on them. Returns whether there is more to do at once."""
    now = timezone.now()
    more = count_launches(now) >= MOST
    more |= refresh_days() >= DAYS
    more |= refresh_summaries(now) >= BATCH
    refresh_totals(now)
    return more


def rebuild_all(workspace_id: int) -> int:
    """Compute everything of a workspace again from its launches. Returns how many launches were counted."""
    counted = rebuild(workspace_id)
    while advance():
        pass
    return counted
