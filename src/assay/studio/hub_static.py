"""Inside the Hub: JupyterLab's static files at one address for all servers, so that browsers cache them.

Each server has its own address, so a browser would download and compile 17 MB of scripts for every start. The
files have a content hash in their names.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tornado.web import StaticFileHandler

PATH = "lab-static"  # below the Hub's own address
YEAR = 31_536_000  # seconds


class LabFiles(StaticFileHandler):  # type: ignore[misc]  # its base has no types
    """A handler of public static files with a cache time of one year."""

    def set_extra_headers(self, path: str) -> None:
        """Set immutable caching, as a file never changes under its name."""
        del path
        self.set_header("Cache-Control", f"public, max-age={YEAR}, immutable")
        self.set_header("X-Content-Type-Options", "nosniff")


def routes() -> list[tuple[str, type[LabFiles], dict[str, Any]]]:
    """Return the extra routes of the Hub."""
    folder = Path(sys.prefix) / "share" / "jupyter" / "lab" / "static"
    return [(rf"/{PATH}/(.*\.(?:js|css|svg|woff2?|ttf|eot|png|json|txt|map))", LabFiles, {"path": str(folder)})]
