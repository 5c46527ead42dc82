"""Benchmark of a run from its request to its end, beside the same script as a plain process."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from report import ROOT, print_figure
from waiting import work

MORE_LIMIT = 0.04  # seconds over the plain process
TIMES = 25
CODE = "print('hello')\n"


def runs(home: Path) -> None:
    """Run a script of one line, alternately in the queue of a worker and as a plain process."""
    django.setup()
    from django.conf import settings  # noqa: PLC0415 - after setup
    from django.core.management import call_command  # noqa: PLC0415 - as above

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    call_command("migrate", verbosity=0)
    from assay.flow.paths import prefix  # noqa: PLC0415 - as above
    from assay.runtimes import projects, runs  # noqa: PLC0415 - as above
    from assay.runtimes.run_settings import ProjectSpec  # noqa: PLC0415 - as above
    from assay.store.models import Run, Version  # noqa: PLC0415 - as above
    from assay.store.statements import Parameter, Statement  # noqa: PLC0415 - as above

    stop = work()
    ana = _published()
    stop.set()
    state = Statement(lambda: Run.objects.filter(pk=Parameter("run")).values_list("state", "seconds"))
    source = {"kind": "inline", "files": {"main.py": CODE}}
    projects.create(ana, "hello", ProjectSpec(environment="running", source=source))
    python = prefix(Version.objects.get(environment__slug="running").digest) / "bin" / "python"
    (home / "main.py").write_text(CODE)
    ours, bare, inside = [], [], []
    with _worker(home):
        for _ in range(TIMES):
            began = time.perf_counter()
            run = runs.request_run(ana, "hello")
            while (found := state.rows(run=run.pk)[0])[0] in runs.OPEN:
                time.sleep(0.001)
            ours.append(time.perf_counter() - began)
            assert found[0] == "succeeded", found  # noqa: S101 - a benchmark of errors measures nothing
            inside.append(found[1])
            began = time.perf_counter()
            subprocess.run([python, home / "main.py"], check=True, capture_output=True)  # noqa: S603 - ours
            bare.append(time.perf_counter() - began)
    whole, alone, process = (statistics.median(one) for one in (ours, bare, inside))
    print_figure("a script of one line, as a plain process", f"{alone * 1000:.0f} ms", "the peer")
    print_figure("  as a run: its isolated process", f"{process * 1000:.0f} ms", f"{process / alone:.1f} x")
    more = whole - alone
    beside = f"+{more * 1000:.0f} ms, limit +{MORE_LIMIT * 1000:.0f} ms"
    print_figure(
        "  as a run: from the request to its recorded end", f"{whole * 1000:.0f} ms", beside, more <= MORE_LIMIT
    )


@contextmanager
def _worker(home: Path) -> Iterator[None]:
    """Run the worker as a process, as an installation does."""
    env = {**os.environ, "ASSAY_HOME": str(home), "ASSAY_NAMES_HOURS": "0"}
    worker = subprocess.Popen([sys.executable, "-m", "assay.cli.main", "worker"], env=env, cwd=ROOT)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait()


def _published():  # noqa: ANN202 - an actor, whose module loads after setup
    from assay.core.roles import Role  # noqa: PLC0415 - after setup
    from assay.flow.access import actor_in, find_version  # noqa: PLC0415 - as above
    from assay.flow.build.build import request_build  # noqa: PLC0415 - as above
    from assay.flow.compose.draft import SpecInput, create_environment  # noqa: PLC0415 - as above
    from assay.flow.people import create_person, ensure_workspace  # noqa: PLC0415 - as above
    from assay.flow.review import review  # noqa: PLC0415 - as above

    ensure_workspace()
    ana = actor_in(create_person("ana-who-runs", "a-long-password-1", Role.MEMBER), "default")
    ben = actor_in(create_person("ben-who-reads", "a-long-password-1", Role.REVIEWER), "default")
    spec_input = SpecInput(base=None, python="3.11", libraries=("six",))
    create_environment(ana, slug="running", title="Running", description="", spec_input=spec_input)
    build = request_build(ana, "running", 1)
    while build.active:
        time.sleep(0.01)
        build.refresh_from_db()
    review.submit(ana, "running", 1, "bench")
    review.approve(ben, "running", 1, digest=find_version(ben, "running", 1).digest)
    return ana
