"""Entry point of the app proxy."""

from __future__ import annotations

from assay.server.setup import prepare


def serve_apps() -> int:
    """Serve the app proxy until SIGTERM."""
    prepare()
    from django.conf import settings  # noqa: PLC0415 - after prepare()

    from assay.runtimes.app_proxy import serve  # noqa: PLC0415 - after prepare()

    return serve(settings.APPS_PORT)
