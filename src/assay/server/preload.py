"""What a server that just started reads before anybody asks: all published versions, and the advisories."""

from __future__ import annotations

import logging

from django.db import connection

from assay.store.reads import nearest
from assay.store.reads.advisories import current_feed

log = logging.getLogger("assay.ahead")


def read_ahead() -> None:
    """Read both; what fails here is asked for again by whoever needs it, and told there."""
    try:
        current_feed()
        nearest.read_ahead()
    except Exception:  # a start must not depend on this
        log.exception("Reading ahead failed")
    finally:
        connection.close()
