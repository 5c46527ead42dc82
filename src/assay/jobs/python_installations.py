"""Installs the Pythons that administrators asked for, in a thread: a long download must not delay builds."""

from __future__ import annotations

import logging
import threading

from django.db import connection

from assay.flow import pythons
from assay.store.models import PythonVersion

log = logging.getLogger("assay.worker")


class PythonInstallations:
    """Runs one installation after the other; one that a killed worker left begins again."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def advance(self) -> bool:
        """Start the next installation if none runs. Returns whether it did."""
        if self._thread is not None and self._thread.is_alive():
            return False
        row = pythons.next_queued()
        if row is None:
            return False
        self._thread = threading.Thread(target=_install, args=(row,), name="python", daemon=True)
        self._thread.start()
        return True


def _install(row: PythonVersion) -> None:
    try:
        pythons.install_next(row)
        log.info("The installation of Python %s has ended", row.wanted)
    except Exception:
        log.exception("Python %s was not installed", row.wanted)
    finally:
        connection.close()
