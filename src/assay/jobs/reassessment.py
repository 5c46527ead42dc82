"""Reassesses published versions after a new policy, feed or day: many of them in a process of low priority.

`python -m assay.jobs.reassessment` does what is due, and ends.
"""

from __future__ import annotations

import sys

from assay.jobs.low_priority import LowPriorityProcess

MOST_HERE = 500  # versions that the worker assesses itself: builds wait for less than half a second


class Reassessment:
    """Starts what is due; a process that was killed has done nothing, and is started again."""

    def __init__(self) -> None:
        self._process = LowPriorityProcess(__name__, failed="The published versions were not assessed")

    def advance(self) -> bool:
        """Assess what is due, or start a process that does. Return whether anything is."""
        from assay.flow.watch import watch  # noqa: PLC0415 - `main` sets Django up after this module is loaded

        if self._process.is_running():
            return True
        due = watch.due_workspaces()
        if not due:
            return False
        if not watch.has_more_live_versions(due, MOST_HERE):
            return watch.advance()
        if self._process.is_free():
            self._process.start()
        return True


def main() -> int:
    """Assess what is due now."""
    import django  # noqa: PLC0415 - only in a process of its own

    django.setup()
    from assay.flow.watch import watch  # noqa: PLC0415 - after setup()

    watch.advance()
    return 0


if __name__ == "__main__":
    sys.exit(main())
