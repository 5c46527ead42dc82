"""What every process of the engine is started with, and reading what it leaves."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from assay.engine.uv import PASSED_ON


def engine_environment() -> dict[str, str]:
    """Return the environment of the engine's processes: no secret of the server's."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def read_json(path: Path) -> dict[str, Any] | None:
    """Return what a process left, None when it left nothing yet."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return found
