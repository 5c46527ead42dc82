"""The package as people get it: built once, and installed into an empty virtual environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.package import UV, Built
from support.server import ROOT


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build the source distribution, and the wheel from it."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([*UV, "build", "--quiet", "--out-dir", str(folder)], cwd=ROOT, check=True)
    return Built(wheel=next(folder.glob("*.whl")), source=next(folder.glob("*.tar.gz")))


@pytest.fixture(scope="session")
def command(built: Built, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Install the wheel and return its `assay` command."""
    folder = tmp_path_factory.mktemp("venv") / "venv"
    subprocess.run([*UV, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    python = str(folder / "bin" / "python")
    subprocess.run([*UV, "pip", "install", "--quiet", "--python", python, str(built.wheel)], check=True)
    return [str(folder / "bin" / "assay")]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty home for the installation; Studio is installed into it once."""
    return tmp_path_factory.mktemp("installed") / "home"


@pytest.fixture(scope="session")
def person(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the variables of somebody with an empty home, but with the files that uv has fetched before."""
    cache = subprocess.run([*UV, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    found = {"HOME": str(tmp_path_factory.mktemp("person")), "UV_CACHE_DIR": cache, "PYTHONPATH": ""}
    return found | {name: "" for name in os.environ if name.startswith("VIRTUAL_ENV")}
