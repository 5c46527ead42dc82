"""The locustfile: people who visit pages and call the API, each at a pace of their own.

Together they send a constant rate of requests, whatever the server does: everybody has a time for each request, and
what is measured is the time from then to the response. So a request that had to wait for a slow one counts its
waiting, which a tool that sends the next request after the last response would leave out ("coordinated omission").
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from locust import FastHttpUser, events, task

PACE = 10.0  # seconds between two requests of one person
PLAN: dict[str, Any] = json.loads(Path(os.environ["LOAD_PLAN"]).read_text())
MEASURED = PLAN["begin"], PLAN["end"]  # of `time.monotonic`: what is due before or after is not counted
API = "/api/v1/workspaces/default"
taken: dict[str, list[float]] = defaultdict(list)  # milliseconds by kind of request
errors: dict[str, list[str]] = defaultdict(list)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of request: how often it is sent, who sends it, to which path, and with which body."""

    name: str
    share: int
    path: Callable[[], str]
    who: str = "visitors"
    page: bool = False
    body: Callable[[], dict[str, str]] | None = None


def _one(name: str) -> Any:  # noqa: ANN401 - JSON
    return random.choice(PLAN[name])  # noqa: S311 - no secret


def _version() -> str:
    slug, number = _one("environments")
    return f"{API}/environments/{slug}/versions/{number}"


def _page() -> str:
    slug, _ = _one("environments")
    return f"/environments/{slug}/"


def _review() -> str:
    slug, number = _one("pending")
    return f"/environments/{slug}/{number}/review"


def _compare() -> str:
    slug, first, second = _one("several")
    return f"{API}/compare?versions={slug}@{first},{slug}@{second}"


def _search() -> str:
    return random.choice(("/environments/", "/environments/", f"/environments/?q={_one('environments')[0][:6]}"))  # noqa: S311 - no secret


KINDS = (
    Kind(name="catalogue page", share=10, path=_search, page=True),
    Kind(name="environment page", share=10, path=_page, page=True),
    Kind(name="review page", share=6, path=_review, who="reviewers", page=True),
    Kind(name="launch page", share=4, path=lambda: "/launch/", page=True),
    Kind(name="policy page", share=2, path=lambda: "/policy/", who="reviewers", page=True),
    Kind(name="usage page", share=4, path=lambda: "/admin/usage/", who="reviewers", page=True),
    Kind(
        name="launch (gate and record)",
        share=10,
        path=lambda: f"{API}/kernels",
        body=lambda: {"environment": _one("launchable")},
    ),
    Kind(name="API: list of environments", share=18, path=lambda: f"{API}/environments?limit=100"),
    Kind(name="API: libraries", share=14, path=lambda: f"{_version()}/libraries"),
    Kind(name="API: version and report", share=10, path=_version),
    Kind(name="API: lock", share=6, path=lambda: f"{_version()}/lock"),
    Kind(name="API: compare", share=6, path=_compare),
)
SHARES = [one.share for one in KINDS]


class Visitor(FastHttpUser):
    """A person who sends a request every `PACE` seconds, from a moment of their own."""

    connection_timeout = network_timeout = 60.0

    def on_start(self) -> None:
        """Wait for the first request's time, so that the requests of all people are spread."""
        self.due = time.monotonic() + PACE * random.random()  # noqa: S311 - no secret
        time.sleep(self.due - time.monotonic())

    def wait_time(self) -> float:
        """Return the seconds until the next request is due."""
        self.due += PACE
        return max(0.0, self.due - time.monotonic())

    @task
    def visit(self) -> None:
        """Send one request."""
        (kind,) = random.choices(KINDS, SHARES)  # noqa: S311 - no secret
        person = _one(kind.who)
        headers = {"Cookie": person["cookie"]} if kind.page else {"Authorization": f"Bearer {person['token']}"}
        sent: dict[str, Any] = {
            "headers": headers,
            "name": kind.name,
            "allow_redirects": False,
            "catch_response": True,
        }
        sent |= {"json": kind.body()} if kind.body else {}
        with self.client.request("POST" if kind.body else "GET", kind.path(), **sent) as response:
            passed = (time.monotonic() - self.due) * 1000
            good = response.status_code == (201 if kind.body else 200)
            if not good:
                response.failure(f"status {response.status_code}")
            if MEASURED[0] <= self.due < MEASURED[1]:
                taken[kind.name].append(passed)
                if not good:
                    errors[kind.name].append(f"{response.status_code} {response.url}: {str(response.text)[:300]}")


@events.quitting.add_listener
def _keep(**_: object) -> None:
    found = {"taken": taken, "errors": errors}
    Path(os.environ["LOAD_RESULT"]).write_text(json.dumps(found))
