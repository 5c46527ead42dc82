"""Fill the caches of a newly started server: advisories, widely used names, published versions."""

from __future__ import annotations

import logging

from django.db import connection

from assay.flow.assess.context import names_in_use
from assay.store.reads import nearest
from assay.store.reads.advisories import current_feed

log = logging.getLogger("assay.preload")


def preload() -> None:
    """Fill the caches. An error is logged; the first request that needs the data then loads it."""
    try:
        current_feed()
        names_in_use(frozenset())
        nearest.preload_indexes()
    except Exception:  # the server must start without the caches too
        log.exception("Could not fill the caches at the start")
    finally:
        connection.close()
