"""The daily refresh of project data from the index, and of the names of the indexes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from django.db import connection

from assay.core.errors import AssayError
from assay.flow.watch import index_names
from assay.flow.watch.projects import ProjectRefresh
from assay.store.reads.facts import newest_locked

log = logging.getLogger("assay.worker")
RETRY_SECONDS = 1800.0  # to wait after a failure
LOOK_SECONDS = 600.0  # between two looks at which projects are due, while no library is locked anew


class Refresh:
    """Fetches project data and names from the index."""

    def __init__(self) -> None:
        self._projects_not_before = self._look_again_at = 0.0
        self._project_refresh = ProjectRefresh()
        self._newest_locked: int | None = None  # when nothing was due
        self._names: threading.Thread | None = None

    def projects(self) -> bool:
        """Fetch some projects from the index, if any are due. Returns whether any were; retries later on failure."""
        if time.monotonic() < self._projects_not_before:
            return False
        newest = newest_locked()
        if newest == self._newest_locked and time.monotonic() < self._look_again_at:
            return False
        try:
            refreshed = bool(self._project_refresh.step())
        except AssayError as error:
            self._projects_not_before = time.monotonic() + RETRY_SECONDS
            log.warning("Projects were not refreshed from the index: %s", error.detail)
            return False
        if not refreshed:
            self._newest_locked, self._look_again_at = newest, time.monotonic() + LOOK_SECONDS
        return refreshed

    def names(self) -> bool:
        """Refresh the names of the indexes in a thread, if any are due: a long list must not delay builds."""
        return self._start_names(index_names.is_any_due)

    def requested_names(self) -> bool:
        """Refresh the names of the indexes for which an administrator asked, in the same thread."""
        return self._start_names(index_names.is_requested)

    def _start_names(self, wanted: Callable[[], bool]) -> bool:
        if (self._names is not None and self._names.is_alive()) or not wanted():
            return False
        self._names = threading.Thread(target=_refresh_names, name="names", daemon=True)
        self._names.start()
        return True


def _refresh_names() -> None:
    try:
        log.info("Names of %d package indexes checked", index_names.refresh_due())
    except Exception:  # the next step tries again
        log.exception("The names of the package indexes were not refreshed")
    finally:
        connection.close()
