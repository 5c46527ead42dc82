"""Actions on several versions of the review list at once: what each row would do, and what was shown of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from assay.core.lifecycle import Status

TOKEN = 16  # hex digits, 64 bits


class BulkAction(StrEnum):
    """What is done with the selected versions."""

    KEEP = "keep"
    DEPRECATE = "deprecate"
    END = "end"
    OWNER = "owner"
    RETIRE = "retire"


SOURCES: Mapping[BulkAction, Status | None] = {
    BulkAction.KEEP: None,
    BulkAction.DEPRECATE: Status.PUBLISHED,
    BulkAction.END: Status.DEPRECATED,
    BulkAction.OWNER: None,
    BulkAction.RETIRE: Status.DEPRECATED,
}


def status_problem(action: BulkAction, status: Status) -> str:
    """Return why a version in this status cannot take the action, '' when it can."""
    source = SOURCES[action]
    if source is None or status is source:
        return ""
    if status is Status.PUBLISHED:
        return "It is published. Deprecate it first."
    return f"It is {status} already."


def shown_token(facts: Mapping[str, Any]) -> str:
    """Return a token of what a page showed of a version: other facts have another one."""
    canonical = json.dumps(dict(facts), sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:TOKEN]


def final_successors(proposed: Mapping[str, str]) -> dict[str, str]:
    """Return the successor of each version outside of the selection, '' when the proposals end nowhere.

    `proposed` maps the selected versions to their proposed successors, which may be selected themselves.
    """
    return {reference: _final(reference, proposed) for reference in proposed}


def _final(reference: str, proposed: Mapping[str, str]) -> str:
    seen = {reference}
    successor = proposed[reference]
    while successor in proposed:
        if successor in seen:
            return ""
        seen.add(successor)
        successor = proposed[successor]
    return successor


def confirmation(action: BulkAction, count: int) -> str:
    """Return the words that a person types to confirm an action that cannot be undone, '' when none are needed."""
    return f"retire {count}" if action is BulkAction.RETIRE else ""
