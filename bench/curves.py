"""`make curves`: the cost of pages and of the API over environments, libraries and events, as pictures of the docs.

For each size, an installation is written into a temporary home, and each request is measured in this process: its
CPU time (the database's included, which is SQLite) and its statements. Names of axes select some of them, and
`--most N` leaves out larger sizes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import Any

from line_chart import DARK, LIGHT, Panel, line_chart
from performance_page import table, write_part
from report import ROOT

PICTURES = ROOT / "docs" / "pictures"
TIMES = 11  # measurements of each request
LIMITS = {"ms": 40.0, "statements": 12.0}  # of a page (issue 15)
Point = dict[str, dict[str, float]]  # {request: {"ms": …, "statements": …}}


@dataclass(frozen=True, kw_only=True)
class Axis:
    """What grows: the name of the option of `python -m installation`, its values, and the size of the rest."""

    option: str
    title: str
    values: tuple[int, ...]
    others: dict[str, int]


AXES_IN_ORDER = (
    Axis(
        option="environments",
        title="environments",
        values=(100, 1_000, 10_000, 50_000),
        others={"launches": 10_000, "events": 50_000, "people": 300, "libraries": 30},
    ),
    Axis(
        option="libraries",
        title="libraries of an environment",
        values=(10, 50, 150, 500),
        others={"environments": 200, "launches": 10_000, "events": 50_000, "people": 300},
    ),
    Axis(
        option="events",
        title="events",
        values=(10_000, 100_000, 1_000_000, 10_000_000),
        others={"environments": 200, "people": 300},
    ),
)
AXES = {one.option: one for one in AXES_IN_ORDER}
EXPLANATION = (
    "CPU time of a request and its statements on SQLite, in one process, in the median. The dashed lines are the "
    "limits of a page."
)


def main() -> int:
    """Measure along each axis, and write the pictures and their part of the page."""
    parser = argparse.ArgumentParser(prog="make curves", description=__doc__)
    parser.add_argument("axes", nargs="*", metavar="axis", help=", ".join(AXES))
    parser.add_argument("--most", type=int, default=10_000_000, help="leave out larger sizes")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        json.dump(measure(), sys.stdout)
        return 0
    for name in given.axes or AXES:
        axis = AXES[name]
        text = _curve(axis, [one for one in axis.values if one <= given.most])
        write_part(f"curve-{name}", f"Cost over {axis.title}", text)
    return 0


def _curve(axis: Axis, values: list[int]) -> str:
    """Measure along one axis, write its two pictures, and return the section of the page."""
    found: dict[int, Point] = {}
    for value in values:
        others = axis.others if axis.option != "events" else axis.others | {"launches": value // 10}
        found[value] = _measured(others | {axis.option: value})
        sys.stdout.write(f"{value:,} {axis.title}: {_words(found[value])}\n")
        sys.stdout.flush()
    names = list(found[values[0]])
    panels = [
        Panel(
            label="Milliseconds" if unit == "ms" else "Statements",
            limit=limit,
            lines={name: [(value, found[value][name][unit]) for value in values] for name in names},
        )
        for unit, limit in LIMITS.items()
    ]
    for theme, colours in (("light", LIGHT), ("dark", DARK)):
        (PICTURES / f"cost-{axis.option}-{theme}.svg").write_text(line_chart(panels, axis.title, colours))
    alt = f"CPU time and statements of pages and of the API over the number of {axis.title}"
    images = [
        f"```{{image}} ../pictures/cost-{axis.option}-{theme}.svg\n:class: only-{theme}\n:alt: {alt}\n```"
        for theme in ("light", "dark")
    ]
    head = (
        "Milliseconds (statements)",
        *(f"{value:,} {axis.title}" if at == 0 else f"{value:,}" for at, value in enumerate(values)),
    )
    rows = [(name, *(_cell(found[value][name]) for value in values)) for name in names]
    return "\n\n".join([EXPLANATION, *images, table(head, rows)])


def _cell(of: dict[str, float]) -> str:
    return f"{of['ms']:.1f} ({of['statements']:.0f})"


def _words(point: Point) -> str:
    return ", ".join(f"{name} {_cell(of)}" for name, of in point.items())


def _measured(size: dict[str, int]) -> Point:
    """Write an installation of a size into a temporary home, and measure it in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="assay-curves-") as home:
        environment = os.environ | {"ASSAY_HOME": home, "PYTHONPATH": str(ROOT / "bench")}
        environment.pop("ASSAY_DATABASE", None)
        options = [word for name, value in size.items() for word in (f"--{name}", str(value))]
        for command in (["-m", "installation", "--size", "small", *options], [__file__, "--measure"]):
            done = subprocess.run(  # noqa: S603 - ourselves
                [sys.executable, *command], env=environment, check=True, capture_output=True, text=True
            )
    found: Point = json.loads(done.stdout)
    return found


def measure() -> Point:
    """Return the cost of each request in the installation of the settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assay.server.settings")
    import django  # noqa: PLC0415 - the settings module is set by then

    django.setup()
    from django.conf import settings  # noqa: PLC0415 - after setup
    from django.test import Client  # noqa: PLC0415 - as above

    from assay.flow.people import create_token  # noqa: PLC0415 - as above
    from assay.store.models import Environment, Membership, UsageSummary, Version  # noqa: PLC0415 - as above

    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    admin = Membership.objects.filter(workspace__slug="default", role="admin").order_by("pk")[0].person
    api = Client(headers={"authorization": f"Bearer {create_token(admin, 'curves').secret}"})

    def browser(person: Any) -> Client:  # noqa: ANN401 - a model, known after setup only
        client = Client(headers={"host": str(settings.PUBLIC_HOST)})
        client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")
        return client

    ours = Version.objects.filter(environment__workspace__slug="default").select_related("environment", "author")
    used = UsageSummary.objects.filter(workspace__slug="default", days=30).order_by("-launches")
    most = Environment.objects.select_related("active").get(pk=used[0].environment_id)
    pending, draft = ours.filter(status="pending")[0], ours.filter(status="draft").first()
    versions = f"/api/v1/workspaces/default/environments/{most.slug}/versions/{most.active.number}"
    edit = f"/environments/{draft.environment.slug}/{draft.number}/edit" if draft else "/new"
    requests = {
        "catalogue": (browser(admin), "/environments/"),
        "environment, the most used": (browser(admin), f"/environments/{most.slug}/"),
        "editor": (browser(draft.author if draft else admin), edit),
        "review": (browser(admin), f"/environments/{pending.environment.slug}/{pending.number}/review"),
        "launch": (browser(admin), "/launch/"),
        "policy": (browser(admin), "/policy/"),
        "usage": (browser(admin), "/admin/usage/"),
        "API: 100 environments": (api, "/api/v1/workspaces/default/environments?limit=100"),
        "API: libraries": (api, f"{versions}/libraries"),
    }
    return {name: _cost(client, path) for name, (client, path) in requests.items()}


def _cost(client: Any, path: str) -> dict[str, float]:  # noqa: ANN401 - Django's test client
    from django.db import connection  # noqa: PLC0415 - after setup
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415 - as above

    took = []
    for _ in range(TIMES + 2):  # the first two compile templates and statements
        began = time.process_time()
        answer = client.get(path)
        took.append((time.process_time() - began) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: status {answer.status_code}")
    with CaptureQueriesContext(connection) as seen:
        client.get(path)
    return {"ms": statistics.median(took[2:]), "statements": len(seen)}


if __name__ == "__main__":
    sys.exit(main())
