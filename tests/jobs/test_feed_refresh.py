"""The daily refresh of the advisory feed: by a process of low priority, whose failure people can read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import django
import pytest
from support.feed import record, write_feed
from support.people import person, visitor

from assay.core.roles import Role
from assay.jobs import feed_refresh, low_priority
from assay.jobs.feed_refresh import FeedRefresh
from assay.store.models import Feed, FeedAttempt

pytestmark = pytest.mark.django_db


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return the processes that were started; each of them does nothing."""
    found: list[list[str]] = []

    def start(argv: list[str]) -> subprocess.Popen[bytes]:
        found.append(argv)
        return subprocess.Popen([sys.executable, "-c", ""])

    monkeypatch.setattr(low_priority, "_start", start)
    monkeypatch.setattr(django, "setup", lambda: None)
    return found


def test_it_is_loaded_when_it_is_due(started: list[list[str]], tmp_path: Path, settings: Any) -> None:  # noqa: ANN401 - pytest-django's
    """Without a setting nothing is loaded; a failure is not repeated at once."""
    jobs = FeedRefresh()
    settings.ADVISORIES = ""
    assert not jobs.advance()
    settings.ADVISORIES = str(tmp_path / "all.zip")
    assert jobs.advance()
    assert started == [[sys.executable, "-m", "assay.jobs.feed_refresh"]]
    assert jobs.advance(), "it runs"
    assert jobs._process._process
    jobs._process._process.wait()
    assert feed_refresh.main() == 0
    assert FeedAttempt.objects.get().error
    assert not jobs.advance()
    FeedAttempt.objects.all().delete()
    write_feed(tmp_path / "all.zip", record("PYSEC-1", "a", ("introduced", "0")))
    assert feed_refresh.main() == 0
    assert Feed.objects.get().records == 1
    assert not jobs.advance()
    assert len(started) == 1


def test_health_says_what_to_do(settings: Any, capsys: pytest.CaptureFixture[str], started: list[list[str]]) -> None:  # noqa: ANN401 - as above
    """Before the first attempt, after one that failed, and when it is switched off."""
    del started
    browser = visitor(person("ada", Role.ADMIN))

    def page() -> str:
        return " ".join(browser.get("/admin/health/").content.decode().split())

    settings.ADVISORIES = "http://127.0.0.1:9/all.zip"
    assert "The worker loads the feed soon." in page()
    assert feed_refresh.main() == 0
    text = page()
    assert "<strong>Not refreshed:</strong> The advisory feed cannot be fetched:" in text
    assert "Let the server reach <code>http://127.0.0.1:9/all.zip</code>" in text
    settings.ADVISORIES = ""
    assert "<code>ASSAY_ADVISORIES</code> is off" in page()
    del capsys
