"""What the tests of builds and verifications share: no process is started."""

from __future__ import annotations

import pytest
from support.launcher import RUNNING, StandInLauncher

from assay.flow.build import build, engine_process, verify


@pytest.fixture(autouse=True)
def launcher(monkeypatch: pytest.MonkeyPatch) -> type[StandInLauncher]:
    """Let the engine's processes be stand-ins."""
    monkeypatch.setattr(StandInLauncher, "started", [])
    monkeypatch.setattr(StandInLauncher, "stopped", [])
    monkeypatch.setattr(StandInLauncher, "known", {})
    monkeypatch.setattr(StandInLauncher, "answer", RUNNING)
    for module in (build, engine_process, verify):
        monkeypatch.setattr(module, "LocalLauncher", StandInLauncher)
    return StandInLauncher
