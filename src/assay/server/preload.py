"""Fill the caches of a newly started server: published versions and advisories."""

from __future__ import annotations

import logging

from django.db import connection

from assay.store.reads import nearest
from assay.store.reads.advisories import current_feed

log = logging.getLogger("assay.preload")


def preload() -> None:
    """Fill both caches. An error is logged; the first request that needs the data then loads it."""
    try:
        current_feed()
        nearest.preload_indexes()
    except Exception:  # the server must start without the caches too
        log.exception("Could not fill the caches at the start")
    finally:
        connection.close()
