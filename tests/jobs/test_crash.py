"""`kill -9` of the worker and of the pages at random moments: the old state or the new one, and work goes on."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.database import start_migrated
from support.index import LocalIndex
from support.server import ASSAY, free_ports, make_people, variables

BUILDS, APPROVALS = 12, 10  # random points; more than twenty together
DICE = random.Random(11)


class Pieces:
    """Pages and worker as processes that can be killed and started again."""

    def __init__(self, home: Path, index: str) -> None:
        self.port = free_ports(1)
        self.env = {**variables(home, self.port), "ASSAY_INDEX": index}
        self.home = home
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        start_migrated(home)
        self.command("migrate")
        self.tokens = make_people(self.env, {"ana": "member", "ben": "reviewer"})

    def command(self, *arguments: str) -> str:
        """Run an `assay` command and return what it printed."""
        done = subprocess.run([*ASSAY, *arguments], env=self.env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def start(self, name: str) -> None:
        """Start `serve` or `worker`."""
        with (self.home.parent / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [*ASSAY, name], env=self.env, stdout=log, stderr=log, start_new_session=True
            )
        if name == "serve":
            self.wait()

    def wait(self) -> None:
        """Wait until the pages answer."""
        for _ in range(300):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz"):
                return
            time.sleep(0.05)
        raise AssertionError((self.home.parent / "serve.log").read_text())

    def kill(self, name: str) -> None:
        """Kill it at once, with all of its own processes."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def call(self, who: str, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call the API."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v1/workspaces/default{path}",
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Authorization": f"Bearer {self.tokens[who]}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def build(self, slug: str) -> str:
        """Make a draft and ask for its build."""
        body = {"slug": slug, "title": slug, "python": "3.11", "libraries": [f"lib-{slug}"]}
        self.call("ana", "POST", "/environments", body)
        return str(self.call("ana", "POST", f"/environments/{slug}/versions/1/build", {})["build"])

    def ended(self, build: str) -> dict[str, Any]:
        """Wait for a build's end."""
        for _ in range(600):
            found = self.call("ana", "GET", f"/builds/{build}")
            if found["finished"]:
                return found
            time.sleep(0.05)
        raise AssertionError(found)


@pytest.fixture
def pieces(tmp_path: Path) -> Iterator[Pieces]:
    """Run pages and worker over an index with a library for each build."""
    index = LocalIndex()
    for name in [f"b{number}" for number in range(BUILDS)] + [f"a{number}" for number in range(APPROVALS)]:
        index.add(f"lib-{name}")
    pieces = Pieces(tmp_path / "home", index.url)
    pieces.start("serve")
    pieces.start("worker")
    yield pieces
    for name in list(pieces.running):
        pieces.kill(name)
    index.close()


def test_builds_survive_their_worker(pieces: Pieces) -> None:
    """A worker killed at any point of a build: the next one finishes it, or it is told as failed; never half."""
    states = []
    for number in range(BUILDS):
        build = pieces.build(f"b{number}")
        time.sleep(DICE.uniform(0.0, 0.9))
        pieces.kill("worker")
        pieces.start("worker")
        found = pieces.ended(build)
        states.append(found["state"])
        version = pieces.call("ana", "GET", f"/environments/b{number}/versions/1")
        assert bool(version["digest"]) == (found["state"] == "built")
        if version["digest"]:
            assert (pieces.home / "environments" / version["digest"] / "assay.json").exists()
    assert states.count("built") == BUILDS, states  # the build's own process lives on, so none is lost


def test_approvals_are_whole_whatever_dies(pieces: Pieces) -> None:
    """Pages killed during an approval: pending without a trace, or published with decision and event."""
    for number in range(APPROVALS):
        slug = f"a{number}"
        pieces.ended(pieces.build(slug))
        version = pieces.call("ana", "POST", f"/environments/{slug}/versions/1/submit", {"note": ""})
        approval = subprocess.Popen(
            [*ASSAY, "approve", f"{slug}@1"],
            env={**pieces.env, "ASSAY_URL": f"http://127.0.0.1:{pieces.port}", "ASSAY_TOKEN": pieces.tokens["ben"]},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(DICE.uniform(0.1, 0.35))
        pieces.kill("serve")
        approval.wait()
        pieces.start("serve")
        after = pieces.call("ben", "GET", f"/environments/{slug}/versions/1")
        published = [event for event in after["events"] if event["name"] == "version.published"]
        decisions = after["review"]["rounds"][0]["decisions"]
        assert after["status"] in {"pending", "published"}
        assert len(published) == len(decisions) == (1 if after["status"] == "published" else 0)
        if after["status"] == "pending":
            after = pieces.call(
                "ben", "POST", f"/environments/{slug}/versions/1/approve", {"digest": version["digest"]}
            )
        assert after["status"] == "published"
    assert "intact" in pieces.command("audit", "verify")
