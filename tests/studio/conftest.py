"""What several files with a real Hub share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment that has nothing of Jupyter."""
    path = tmp_path_factory.mktemp("environments") / "geo"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(path)], check=True)
    return path
