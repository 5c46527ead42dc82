"""People who build beside the visitors: each requests a build, waits for its end, and requests the next."""

from __future__ import annotations

import json
import random
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from support.index import LocalIndex

LIBRARIES, RELEASES, OF_EACH = 40, 10, 8
POLL = 1.0  # seconds
OPEN = ("queued", "resolving", "installing", "checking")


def serve_libraries() -> LocalIndex:
    """Serve tiny wheels: the same builds take longer with large ones, but not from the pages' point of view."""
    index = LocalIndex()
    for number in range(LIBRARIES):
        for release in range(RELEASES):
            index.add(f"part-{number:02}", f"1.{release}")
    return index


@dataclass(kw_only=True)
class Api:
    """The API as one person calls it."""

    url: str
    token: str

    def call(self, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Send a request (POST with a body, which may be empty) and return the response."""
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.url}/api/v1/workspaces/default{path}",
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - as above
            return json.load(response)

    def build(self, slug: str, libraries: list[str]) -> dict[str, Any]:
        """Compose an environment, build it, and return the version."""
        body = {"slug": slug, "title": slug, "python": "3.11", "libraries": libraries}
        self.call("/environments", body)
        pk = self.call(f"/environments/{slug}/versions/1/build", {})["build"]
        while (build := self.call(f"/builds/{pk}"))["state"] in OPEN:
            time.sleep(POLL)
        if build["state"] != "built":
            raise RuntimeError(f"The build of {slug} ended: {build}")
        return dict(self.call(f"/environments/{slug}/versions/1"))


def make_launchable(author: Api, reviewer: Api, count: int) -> list[str]:
    """Build, submit and approve environments, so that they can be launched; return their names."""
    names = [f"load-{time.time_ns() // 10**6 % 10**9}-{number}" for number in range(count)]
    for number, slug in enumerate(names):
        version = author.build(slug, [f"part-{number:02}"])
        author.call(f"/environments/{slug}/versions/1/submit", {"note": "To be launched."})
        reviewer.call(f"/environments/{slug}/versions/1/approve", {"digest": version["digest"]})
    return names


@dataclass(kw_only=True)
class Builders:
    """So many people who build all the time."""

    author: Api
    count: int = 10
    built: int = 0
    failed: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Let everybody begin."""
        run = time.time_ns() // 10**6 % 10**9
        self._threads = [threading.Thread(target=self._work, args=(run, one)) for one in range(self.count)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Wait until everybody's last build has ended."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self, run: int, number: int) -> None:
        dice, turn = random.Random(number), 0  # noqa: S311 - no secret
        while not self._stop.is_set():
            turn += 1
            names = dice.sample(range(LIBRARIES), OF_EACH)
            libraries = [f"part-{one:02}==1.{dice.randrange(RELEASES)}" for one in names]
            try:
                self.author.build(f"beside-{run}-{number}-{turn}", libraries)
                self.built += 1
            except (OSError, RuntimeError) as error:
                self.failed.append(str(error))
