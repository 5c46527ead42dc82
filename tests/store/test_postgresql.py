"""The same tests of laws and contract on PostgreSQL, in a process of their own with a server of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.postgresql import running_postgresql

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def address() -> Iterator[str]:
    """Start PostgreSQL and return its address, with the directory of its socket as host."""
    with running_postgresql(Path(tempfile.mkdtemp(prefix="assay-pg-"))) as found:
        yield found


CHOSEN = (  # what locks, counts or depends on transactions; each of these tests takes longer there
    "tests/flow/test_laws.py",
    "tests/flow/test_lifecycle_machine.py",
    "tests/flow/build/test_build.py",
    "tests/flow/maintenance/test_bulk_review.py",
    "tests/flow/maintenance/test_rollouts.py",
    "tests/flow/review",
    "tests/flow/usage/test_counting.py",
    "tests/api",
    "tests/store/test_catalogue.py",
    "tests/store/test_keyset.py",
    "tests/store/test_statements.py",
    "tests/store/test_upgrade.py",
)

OURS = {"ASSAY_HOME", "ASSAY_COVERAGE", "DJANGO_SETTINGS_MODULE"}  # variables for this process


@pytest.mark.postgres
def test_laws_and_contract_hold_on_postgresql(address: str) -> None:
    """Two reviewers at once, append-only events, four queries: the other database keeps them too."""
    own = {name: value for name, value in os.environ.items() if name not in OURS}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *CHOSEN,
            "-p",
            "no:cacheprovider",
        ],
        cwd=ROOT,
        env={**own, "ASSAY_DATABASE": address},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
