"""Keeps the files of the similarity search up to date: each is written by a process of its own, with low priority.

`python -m assay.jobs.nearest_indexes ID` writes the file of one workspace.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time

from assay.launchers.supervisor import die_with_parent

log = logging.getLogger("assay.worker")
NICENESS = 10  # builds and pages go first
RETRY_SECONDS = 60.0  # to wait after a failure, e.g. a full disk


class NearestIndexes:
    """Writes one file after the other; a process that was killed leaves the earlier file, and is started again."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._not_before = 0.0

    def advance(self) -> bool:
        """Start writing the next file that is due. Return whether one is being written."""
        from assay.store.models import Workspace  # noqa: PLC0415 - `main` sets Django up after this module is loaded
        from assay.store.reads.nearest import is_file_due  # noqa: PLC0415 - as above

        if self._is_writing():
            return True
        if time.monotonic() < self._not_before:
            return False
        for workspace_id in Workspace.objects.order_by("pk").values_list("pk", flat=True):
            if is_file_due(workspace_id):
                self._process = _start(workspace_id)
                return True
        return False

    def _is_writing(self) -> bool:
        if self._process is None:
            return False
        code = self._process.poll()
        if code:
            log.warning("The index of published versions was not written (exit code %d); its log is above", code)
            self._not_before = time.monotonic() + RETRY_SECONDS
        if code is not None:
            self._process = None
        return code is None


def _start(workspace_id: int) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "assay.jobs.nearest_indexes", str(workspace_id)]
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, preexec_fn=_begin)  # noqa: S603, PLW1509 - our own; two calls


def _begin() -> None:
    die_with_parent(signal.SIGTERM)
    os.nice(NICENESS)


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
