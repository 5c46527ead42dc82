"""Load the code of a server before it forks, and fill its caches after: advisories, names, published versions."""

from __future__ import annotations

import gc
import logging

log = logging.getLogger("assay.preload")


def load_code() -> None:
    """Load what pages, worker and app proxy run, so that forked processes share the memory of it.

    No connection is left open, and the garbage collector leaves the loaded objects alone, so that it does not copy
    their memory into each process.
    """
    from django.db import connections  # noqa: PLC0415 - after prepare()
    from django.urls import get_resolver  # noqa: PLC0415 - as above

    import assay.jobs.worker  # noqa: PLC0415 - as above
    import assay.runtimes.app_proxy  # noqa: F401, PLC0415 - as above

    assert get_resolver().url_patterns  # noqa: S101 - loads all pages and operations
    connections.close_all()
    gc.collect()
    gc.freeze()


def preload() -> None:
    """Fill the caches. An error is logged; the first request that needs the data then loads it."""
    from django.db import connection  # noqa: PLC0415 - after prepare()

    from assay.flow.assess.context import names_in_use  # noqa: PLC0415 - as above
    from assay.store.reads import nearest  # noqa: PLC0415 - as above
    from assay.store.reads.advisories import current_feed  # noqa: PLC0415 - as above

    try:
        current_feed()
        names_in_use(frozenset())
        nearest.preload_indexes()
    except Exception:  # the server must start without the caches too
        log.exception("Could not fill the caches at the start")
    finally:
        connection.close()
