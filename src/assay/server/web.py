"""Entry point of the web server for pages and API: granian over WSGI, on loopback."""

from __future__ import annotations

import os
import resource

from assay.server.metrics_folder import make_metrics_folder
from assay.server.preload import load_code
from assay.server.setup import prepare

THREADS = 12  # requests of a process at the same time, of which `SLOTS` are worked on; streams take at most four
CONNECTIONS = 4096  # of a process: browsers keep theirs open, and one above the limit would wait until another closes


def serve() -> int:
    """Serve until the process is stopped."""
    prepare()
    from django.conf import settings  # noqa: PLC0415 - after prepare()

    make_metrics_folder(settings.HOME)
    load_code()  # granian forks its workers
    _allow_files(2 * CONNECTIONS)
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
        backpressure=CONNECTIONS,
        log_access=False,
        log_level=LogLevels.error,
        websockets=False,
    ).serve()
    return 0


def _allow_files(number: int) -> None:
    """Let this process open so many files, or as many as the system allows it: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < number:
        allowed = number if hard == resource.RLIM_INFINITY else min(number, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
