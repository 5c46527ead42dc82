"""Commands run in this process, against a live server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_django.live_server_helper import LiveServer

from assay.cli.main import main
from assay.core.roles import Right
from assay.flow.people import create_token, find_person

Command = Callable[..., tuple[int, str]]


@pytest.fixture
def command(live_server: LiveServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return a function that runs a command as somebody and returns its exit code and what it printed."""

    def run(who: str, *arguments: str) -> tuple[int, str]:
        token = create_token(find_person(who), "tests", scope=Right.ADMINISTER).secret
        monkeypatch.setenv("ASSAY_TOKEN", token)
        monkeypatch.setenv("ASSAY_URL", live_server.url.replace("localhost", "127.0.0.1"))
        code = main(list(arguments))
        said = capsys.readouterr()
        return code, said.out + said.err

    return run
