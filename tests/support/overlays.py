"""What environments without a kernel of their own get, in tests that build or run in the home of all tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assay.flow.paths import engine_paths
from assay.studio.prefix import studio_prefix
from support.bench import PYTHON


@contextmanager
def overlay(packages: Path | None = None) -> Iterator[None]:
    """Let these environments use some packages, by default none, and leave nothing of it to other tests."""
    path = Path(engine_paths().overlays) / f"cp{PYTHON.replace('.', '')}"
    path.parent.mkdir(parents=True, exist_ok=True)
    if packages is None:
        path.mkdir()
    else:
        path.symlink_to(packages)
    try:
        yield
    finally:
        path.rmdir() if packages is None else path.unlink()


def packages_of_studio() -> Path:
    """Return the packages of Studio, which contain a kernel; skip the test where it is not installed."""
    if not (studio_prefix() / "bin" / "python").exists():
        pytest.skip("Studio is not installed")
    return next((studio_prefix() / "lib").glob("python3.*/site-packages"))
