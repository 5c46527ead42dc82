"""The process of a run: its files, its isolated command, its environment variables and limits."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from django.conf import settings

from assay.flow.build.wakeup import pipe
from assay.flow.launch.secrets import secret_values
from assay.flow.paths import home as installation
from assay.flow.paths import person_home
from assay.flow.usage.recording import FOLDER, recording_variables
from assay.launchers.interface import Start
from assay.launchers.isolation import isolated
from assay.runtimes.kinds import COMMANDS
from assay.store.models import Run

GRACE = 0.8  # seconds between SIGTERM and SIGKILL


def write_files(run: Run, directory: Path) -> None:
    """Write a run's files into a fresh directory; files of a repository are already checked out."""
    for name in ("outputs", "scratch", *(() if run.source["kind"] == "git" else ("source",))):
        shutil.rmtree(directory / name, ignore_errors=True)
    (directory / "outputs").mkdir(parents=True)
    if run.source["kind"] == "git":
        return
    for name, text in run.source["files"].items():
        path = directory / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def process_of(run: Run, directory: Path, prefix: Path) -> Start:
    """Return the process to start for a run with its files in place. Raises NotFoundError for a removed secret.

    A run always uses the home and secrets of the project's owner, whoever requested it: nobody's files are exposed
    to another person's code.
    """
    outputs = directory / "outputs"
    recording = recording_variables(run.version, f"http://127.0.0.1:{settings.PORT}")
    command = COMMANDS[run.runtime.kind](run, directory, prefix, recording)
    home = person_home(run.runtime.owner.get_username())
    home.mkdir(parents=True, exist_ok=True)
    memory, processors = run.limits.get("memory"), run.limits.get("processors")
    return Start(
        argv=tuple(
            isolated(
                command.argv,
                home=str(installation()),
                readable=_inside_home((*command.readable, str(FOLDER))),
                writable=(str(outputs), str(home), *command.writable),
            )
        ),
        cwd=str(outputs),
        env=_variables(run, prefix, home) | command.variables,
        workdir=str(directory),
        seconds=run.limits.get("seconds"),
        memory=int(memory) if memory else None,
        processors=int(processors) if processors else None,
        grace=GRACE,
        secrets=secret_values(run.runtime.workspace_id, run.runtime.owner_id, run.secrets),
        wakes=pipe(),
    )


def _inside_home(readable: tuple[str, ...]) -> tuple[str, ...]:
    """Return the existing paths inside the installation's home; paths outside it are visible anyway."""
    return tuple(path for path in readable if Path(path).is_relative_to(installation()) and Path(path).exists())


def _variables(run: Run, prefix: Path, home: Path) -> dict[str, str]:
    """Return the environment variables of a run: none of the server's, and byte code in the owner's home."""
    processors = run.limits.get("processors")
    threads = {"OMP_NUM_THREADS": str(int(processors))} if processors else {}
    return threads | {
        "PATH": f"{prefix / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "VIRTUAL_ENV": str(prefix),
        "HOME": str(home),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONPYCACHEPREFIX": str(home / ".cache" / "pycache"),
        "ASSAY_RUN": str(run.pk),
        "ASSAY_PARAMETERS": json.dumps(run.parameters),
    }
