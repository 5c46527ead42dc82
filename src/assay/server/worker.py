"""Entry point of the worker."""

from __future__ import annotations

from assay.server.setup import prepare


def work() -> int:
    """Run jobs until the process is stopped."""
    prepare()
    from assay.jobs.worker import Worker  # noqa: PLC0415 - after prepare()

    Worker().run()
    return 0
