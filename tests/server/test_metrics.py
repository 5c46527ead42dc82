"""Metrics: only with the token, in the format of Prometheus, of all web processes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from support.people import draft, person, published

from assay.core.roles import Role
from assay.flow.build.build import request_build
from assay.server.metrics_folder import NAME, TOKEN, hide_metrics_folder, make_metrics_folder
from assay.server.secrets import secret
from assay.store import workers

pytestmark = pytest.mark.django_db


def read() -> dict[str, float]:
    """Return the samples by name and labels."""
    answer = Client().get("/metrics", headers={"authorization": f"Bearer {secret(settings.HOME, TOKEN)}"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    lines = [line for line in answer.content.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_nobody_reads_them_without_the_token() -> None:
    """They say how many people do what."""
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": ""}):
        answer = Client().get("/metrics", headers=headers)
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
        assert TOKEN in answer.content.decode()


def test_they_count_what_the_database_says() -> None:
    """Builds and runs by state, published versions by health, workers, disk."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "geo", ["six"], {"six": "1"})
    draft(ana, "next", "six")
    request_build(ana, "next", 1)
    workers.announce()
    found = read()
    assert found['assay_builds{state="queued"}'] == 1
    assert found['assay_builds{state="checking"}'] == 0
    assert found['assay_builds_ended_total{state="built"}'] == 1
    assert found['assay_runs{state="running"}'] == 0
    assert found['assay_published_versions{health="ok"}'] == 1
    assert found["assay_submissions"] == 0
    assert found["assay_launches_total"] == 0
    assert found["assay_workers"] == 1
    assert 0 < found["assay_disk_free_bytes"] < found["assay_disk_bytes"]
    assert "assay_advisories_loaded_timestamp_seconds" not in found


def test_requests_are_counted_by_route() -> None:
    """By the pattern of the route, so that nobody makes them endless."""
    Client().get("/healthz")
    Client().get("/nothing-like-this", headers={"host": settings.PUBLIC_HOST})
    Client().generic("ODD", "/healthz")
    found = read()
    assert found['assay_request_seconds_count{method="GET",route="healthz",status="2xx"}'] >= 1
    assert found['assay_request_seconds_count{method="GET",route="none",status="4xx"}'] >= 1
    assert found['assay_request_seconds_count{method="other",route="healthz",status="2xx"}'] >= 1


def test_the_folder_is_made_anew_by_the_first_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that it starts share it."""
    home = tmp_path
    monkeypatch.delenv(NAME, raising=False)
    make_metrics_folder(home)
    (home / "metrics" / "left").touch()
    make_metrics_folder(home)
    assert (home / "metrics" / "left").exists()
    monkeypatch.delenv(NAME)
    make_metrics_folder(home)
    assert list((home / "metrics").iterdir()) == []
    assert (home / "secrets" / TOKEN).read_text()
    hide_metrics_folder()
    assert NAME not in os.environ
