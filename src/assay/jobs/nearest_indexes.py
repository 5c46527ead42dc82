"""Keeps the files of the similarity search up to date: each is written by a process of its own, with low priority.

`python -m assay.jobs.nearest_indexes ID` writes the file of one workspace.
"""

from __future__ import annotations

import logging
import sys
import time

from assay.jobs.low_priority import LowPriorityProcess

log = logging.getLogger("assay.worker")


class NearestIndexes:
    """Writes one file after the other; a process that was killed leaves the earlier file, and is started again."""

    def __init__(self) -> None:
        self._process = LowPriorityProcess(__name__, failed="The index of published versions was not written")

    def advance(self) -> bool:
        """Start writing the next file that is due. Return whether one is being written."""
        from assay.store.models import Workspace  # noqa: PLC0415 - `main` sets Django up after this module is loaded
        from assay.store.reads.nearest import is_file_due  # noqa: PLC0415 - as above

        if self._process.is_running():
            return True
        if not self._process.is_free():
            return False
        for workspace_id in Workspace.objects.order_by("pk").values_list("pk", flat=True):
            if is_file_due(workspace_id):
                self._process.start(str(workspace_id))
                return True
        return False


def main(workspace_id: int) -> int:
    """Write the file of a workspace."""
    import django  # noqa: PLC0415 - only in a process of its own

    django.setup()
    from assay.store.reads.nearest import write_file  # noqa: PLC0415 - after setup()

    began = time.monotonic()
    try:
        count = write_file(workspace_id)
    except OSError as error:
        log.warning("The index of published versions could not be written: %s", error)
        return 1
    log.info("Indexed %d published versions in %.1f s", count, time.monotonic() - began)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
