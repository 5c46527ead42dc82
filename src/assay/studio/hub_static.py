"""Inside the Hub: JupyterLab's own files at one address for all servers, so that browsers keep them.

Each server has an address of its own, and so would its 17 MB of scripts: a browser would fetch and compile
them anew for every start. Their names carry a hash of what they hold.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tornado.web import StaticFileHandler

PLACE = "lab-static"  # below the Hub's own address
YEAR = 31_536_000  # seconds


class LabFiles(StaticFileHandler):  # type: ignore[misc]  # its base has no types
    """Serves public files, which may be kept for a year."""

    def set_extra_headers(self, path: str) -> None:
        """Let browsers keep what never changes under its name."""
        del path
        self.set_header("Cache-Control", f"public, max-age={YEAR}, immutable")
        self.set_header("X-Content-Type-Options", "nosniff")


def routes() -> list[tuple[str, type[LabFiles], dict[str, Any]]]:
    """Return what the Hub should answer beside its own pages."""
    folder = Path(sys.prefix) / "share" / "jupyter" / "lab" / "static"
    return [(rf"/{PLACE}/(.*\.(?:js|css|svg|woff2?|ttf|eot|png|json|txt|map))", LabFiles, {"path": str(folder)})]
