"""Filling the caches of a server that has just started: published versions and advisories."""

from __future__ import annotations

import logging

from django.db import connection

from assay.store.reads import nearest
from assay.store.reads.advisories import current_feed

log = logging.getLogger("assay.preload")


def preload() -> None:
    """Fill both caches. An error is logged; the first request that needs the data reads it again."""
    try:
        current_feed()
        nearest.read_ahead()
    except Exception:  # a start must not depend on this
        log.exception("Could not fill the caches at the start")
    finally:
        connection.close()
