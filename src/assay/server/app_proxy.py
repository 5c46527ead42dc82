"""Running the door of the apps."""

from __future__ import annotations

from assay.server.setup import prepare


def serve_apps() -> int:
    """Let people through to apps until told to stop."""
    prepare()
    from django.conf import settings  # noqa: PLC0415 - after prepare()

    from assay.runtimes.app_proxy import serve  # noqa: PLC0415 - after prepare()

    return serve(settings.APPS_PORT)
