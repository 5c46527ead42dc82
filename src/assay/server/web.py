"""Entry point of the web server for pages and API: granian over WSGI, on loopback."""

from __future__ import annotations

import os

from assay.server.preload import load_code
from assay.server.setup import prepare

THREADS = 12  # requests of a process at the same time; streams take at most six of them


def serve() -> int:
    """Serve until the process is stopped."""
    prepare()
    load_code()  # granian forks its workers
    from django.conf import settings  # noqa: PLC0415 - after prepare()
    from granian.constants import Interfaces  # noqa: PLC0415 - only this command needs it
    from granian.log import LogLevels  # noqa: PLC0415 - as above
    from granian.server import Server  # noqa: PLC0415 - as above

    Server(
        "assay.server.wsgi:application",
        address="127.0.0.1",
        port=settings.PORT,
        interface=Interfaces.WSGI,
        workers=settings.WEB_PROCESSES or len(os.sched_getaffinity(0)),
        blocking_threads=THREADS,
        backpressure=256,
        log_access=False,
        log_level=LogLevels.error,
        websockets=False,
    ).serve()
    return 0
