"""The command that starts the Hub beside Assay."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from assay.studio.prefix import code_path, require_prefix


class Settings(Protocol):
    """The settings that the Hub needs."""

    HOME: Path
    PORT: int
    HUB_PORT: int
    HUB_URL: str
    PUBLIC_URL: str
    IDLE_MINUTES: float
    PREPARED_SERVERS: int


def hub_command(settings: Settings) -> tuple[list[str], dict[str, str]]:
    """Return the command and the variables that start the Hub. Raises UnavailableError without its prefix."""
    prefix = require_prefix()
    folder = Path(settings.HOME) / "hub"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    config = Path(__file__).with_name("jupyterhub_config.py")
    argv = [str(prefix / "bin" / "python"), "-m", "assay.studio.hub", "--config", str(config)]
    variables = {
        "ASSAY_URL": settings.PUBLIC_URL,
        "ASSAY_GATE_URL": f"http://127.0.0.1:{settings.PORT}",
        "ASSAY_HOME": str(settings.HOME),
        "ASSAY_HUB_PORT": str(settings.HUB_PORT),
        "ASSAY_HUB_URL": settings.HUB_URL,
        "ASSAY_ACTIVITY": str(activity_interval(settings.IDLE_MINUTES)),
        "ASSAY_PREPARED_SERVERS": str(settings.PREPARED_SERVERS),
        "PYTHONPATH": str(code_path()),
        "PATH": f"{prefix / 'bin'}:{os.environ.get('PATH', '/usr/bin:/bin')}",
    }
    return argv, variables


def activity_interval(idle_minutes: float) -> int:
    """Return the interval (seconds) at which servers report activity: short enough to stop idle ones in time."""
    return max(1, min(300, int(idle_minutes * 60 / 4))) if idle_minutes else 300
