"""Benchmark of every page: processor time, statements and bytes, at 100, 10,000 and 50,000 environments."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import django
from page_fill import Fill
from pages import count_queries, settings_host
from report import print_figure

SIZES = tuple(int(one) for one in os.environ.get("PAGES_SIZES", "100 10000 50000").split())  # environments
EVENTS = {100: 10_000, 10_000: 1_000_000, 50_000: 10_000_000}
LIMIT, QUERIES = 0.040, 12  # seconds of processor time, statements
KINDS = ("catalogue", "environment", "editor", "review", "launch", "policy")
TIMES = 5
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
# Each of these is a page of its own: lists in other orders, tabs, searches.
MORE = {
    "environments": ("sort=-users", "sort=-published", "sort=version", "sort=-size", "sort=health", "sort=owner",
                     "text=environment+7", "library=lib007", "python=3.12", "base=ours&behind=yes",
                     "status=deprecated", "status=draft", "status=pending", "owner=person-00007", "health=attention"),
    "environment": ("tab=versions", "tab=libraries", "tab=health", "tab=usage", "tab=history"),
    "admin-environments": ("tab=published", "tab=deprecated", "tab=rejected", "tab=published&sort=-size"),
    "audit": ("environment=env-00007", "actor=person-7", "name=published", "sort=actor", "sort=at"),
    "usage": ("by=version&sort=-hours", "by=owner", "by=group", "show=unused&days=30",
              "environment=env-00042&by=version"),
    "review-list": ("sort=-frees", "text=env", "kept=yes"),
    "health": ("sort=version", "text=env"),
    "waivers": ("state=ended", "text=tests"),
    "launch": ("q=environment+7", "q=lib007", "environment=ours@1"),
    "palette": ("q=env", "q=create"),
    "library-suggestions": ("q=lib0",),
    "library-details": ("name=lib007",),
    "runtime": ("sort=state",),
    "compare": ("versions=ours@1,ours@2",),
    "merge": ("versions=ours@2,asked@1",),
    "check-slug": ("slug=fresh",),
    "fixes": (),
    "environment-new": ("from=ours@2", "blank=yes"),
}  # fmt: skip
KIND_OF = {
    "environments": "catalogue", "environment": "environment", "version": "environment", "editor": "editor",
    "environment-new": "editor", "review": "review", "launch": "launch", "policy": "policy", "policy-edit": "policy",
}  # fmt: skip


@dataclass
class Page:
    """One page: its address, and what was measured of it at each size."""

    route: str
    path: str
    found: dict[int, tuple[float, int, int]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Which of the kinds with a limit of their own it is, '' for the others."""
        return KIND_OF.get(self.route, "")


def every_page() -> None:
    """Fill a new SQLite database in steps, walk all pages at each size, and print one line for each page."""
    django.setup()
    from django.conf import settings  # noqa: PLC0415 - after setup
    from django.core.management import call_command  # noqa: PLC0415 - as above

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    call_command("migrate", verbosity=0)
    installation = Installation()
    pages = {one.path: one for one in installation.pages()}
    for size in SIZES:
        installation.fill(size)
        for page in pages.values():
            installation.measure(page, size)
    _print(list(pages.values()))


class Installation:
    """A growing workspace, with a member, a reviewer and an administrator who look at all pages."""

    def __init__(self) -> None:
        from django.test import Client  # noqa: PLC0415 - after setup
        from django.utils import timezone  # noqa: PLC0415 - as above

        from assay.core.roles import Role  # noqa: PLC0415 - as above
        from assay.flow.people import create_person, ensure_workspace  # noqa: PLC0415 - as above
        from assay.store.models import Feed  # noqa: PLC0415 - as above

        self.now, self.clients = timezone.now(), {}
        workspace = ensure_workspace()
        roles = {"ana": Role.MEMBER, "ben": Role.REVIEWER, "cleo": Role.ADMIN}
        people = {name: create_person(name, "a-long-password-1", role) for name, role in roles.items()}
        for name, person in people.items():
            self.clients[name] = Client(headers={"host": settings_host()}, raise_request_exception=False)
            self.clients[name].force_login(person, BACKEND)
        Feed.objects.create(
            source="bench", digest="0", records=0, malformed=0, added=0, changed=0, removed=0, loaded_at=self.now
        )
        self.rows = Fill(workspace, people, self.now)
        self.rows.environment("ours", "published", "published")
        self.rows.environment("asked", "published", "pending")
        self.rows.environment("draft", "draft")
        self.rows.environment("old", "published", "deprecated")
        self.rows.environment("many", *["deprecated"] * 200, "published")
        self.project = self.rows.personal(projects=200, notices=5_000, servers=200)

    def fill(self, size: int) -> None:
        """Add rows up to a number of environments."""
        from assay.store.models import Version  # noqa: PLC0415 - after setup

        base = Version.objects.get(environment__slug="ours", number=1)
        self.rows.add_members(max(50, size // 10))
        self.rows.environments(size, base)
        events = EVENTS.get(size, size * 100)
        self.rows.history(launches=size * 20, runs=max(200, size * 2), events=events, project=self.project)

    def pages(self) -> Iterator[Page]:
        """Yield every address that answers a GET, with example values; those with a query string after them."""
        from django.urls import reverse  # noqa: PLC0415 - after setup

        from assay.store.models import Build, Server  # noqa: PLC0415 - as above
        from assay.web.urls import urlpatterns  # noqa: PLC0415 - as above

        build = Build.objects.filter(version__environment__slug="draft").get()
        server = Server.objects.filter(person__username="ana")[0]
        numbers = {"editor": ("draft", 1), "submit": ("draft", 1), "restore": ("old", 2), "retire": ("old", 2)}
        numbers |= dict.fromkeys(("review", "review-changes", "review-installed", "review-events"), ("asked", 2))
        numbers["review-compare-options"] = ("asked", 2)
        self.skipped: list[str] = []
        for pattern in urlpatterns:
            name = str(pattern.name)
            slug, number = numbers.get(name, ("ours", 2))
            examples: dict[str, Any] = {"slug": slug, "number": number, "build": build.pk, "server": server.pk}
            if name.startswith(("runtime", "app-", "run-")):
                examples |= {"slug": self.project.slug, "run": "00000000-0000-0000-0000-000000000001"}
            if name.startswith("run"):
                examples["run"] = "00000000-0000-0000-0000-000000000001"
            wanted = pattern.pattern.converters
            if set(wanted) - set(examples) or name in {"home", "run-output"}:
                self.skipped.append(name)
                continue
            path = reverse(name, kwargs={one: examples[one] for one in wanted})
            yield Page(name, path)
            for query in MORE.get(name, ()):
                yield Page(name, f"{path}?{query}")
        yield Page("environment", "/environments/many/")
        yield Page("environment", "/environments/many/?tab=versions")

    def measure(self, page: Page, size: int) -> None:
        """Measure a page for the person of whom it takes longest; a page that takes POST only is left out."""
        found = []
        for client in self.clients.values():
            answer = client.get(page.path)
            if answer.status_code == 405:
                return
            if answer.status_code not in {200, 302, 403, 404, 409, 422}:
                sys.stdout.write(f"{page.path} answers {answer.status_code}\n")
            if answer.status_code != 200:
                continue
            sent = len(b"".join(answer.streaming_content)) if answer.streaming else len(answer.content)
            took = []
            for _ in range(TIMES):
                began = time.process_time()
                client.get(page.path)
                took.append(time.process_time() - began)
            queries = count_queries(lambda client=client: client.get(page.path))
            found.append((statistics.median(took), queries, sent))
        if found:
            page.found[size] = tuple(max(one) for one in zip(*found, strict=True))


def _print(pages: list[Page]) -> None:
    measured = [one for one in pages if one.found]
    columns = "".join(f"{size:>10,}" for size in SIZES)
    sys.stdout.write(f"{'ms of processor time of every page, at environments':<74}{columns}  statements   bytes\n")
    for page in sorted(measured, key=lambda one: -max(found[0] for found in one.found.values())):
        took = "".join(f"{page.found[one][0] * 1000:>10.1f}" if one in page.found else " " * 10 for one in SIZES)
        queries, sent = (max(one[at] for one in page.found.values()) for at in (1, 2))
        sys.stdout.write(f"{page.path[:73]:<74}{took}{queries:>12}{sent:>8,}\n")
    for kind in (*KINDS, ""):
        rows = [(one, found) for one in measured if one.kind == kind or not kind for found in one.found.values()]
        slowest, most = max(rows, key=lambda row: row[1][0]), max(rows, key=lambda row: row[1][1])
        print_figure(
            f"{kind or 'all'} pages: slowest {slowest[0].path}"[:58],
            f"{slowest[1][0] * 1000:.1f} ms",
            f"{slowest[1][0] / LIMIT:.2f} x of 40 ms",
            slowest[1][0] <= LIMIT,
        )
        print_figure(f"  most statements {most[0].path}"[:58], str(most[1][1]), "limit 12", most[1][1] <= QUERIES)
