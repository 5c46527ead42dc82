"""Somewhere to build, with real uv and an index on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from assay.core.lock import Lock
from assay.engine.interface import EnginePaths, Index, Job, Outcome, ResolveRequest
from assay.engine.interpreters import find_interpreters
from assay.engine.resolving.uv import resolve
from support.index import LocalIndex

PYTHON = "3.11" if "3.11" in find_interpreters() else next(iter(find_interpreters()))


class Bench:
    """Somewhere to build."""

    def __init__(self, root: Path, index: LocalIndex) -> None:
        self.root, self.index, self.count = root, index, 0
        self.paths = EnginePaths(
            environments=str(root / "environments"),
            wheels=str(root / "wheels"),
            checks=str(root / "checks"),
            cache=str(root / "cache"),
            overlays=str(root / "overlays"),
        )
        # An overlay without ipykernel: the kernel check then fails fast, and no other index is needed.
        (root / "overlays" / f"cp{PYTHON.replace('.', '')}").mkdir(parents=True)

    def request(self, *libraries: str, pins: tuple[str, ...] = (), sdists: bool = False) -> ResolveRequest:
        """Ask for libraries."""
        return ResolveRequest(
            python=PYTHON,
            python_path=find_interpreters()[PYTHON].path,
            libraries=libraries,
            pins=pins,
            index=Index(url=self.index.url, trusted=True),
            allow_sdists=sdists,
        )

    def workdir(self, request: ResolveRequest, lock: str | None = None, **more: Any) -> Path:  # noqa: ANN401 - passed on to Job
        """Prepare the directory of a build."""
        self.count += 1
        folder = self.root / f"build{self.count}"
        folder.mkdir()
        job = Job(request=request, paths=self.paths, lock=lock, **more)
        (folder / "job.json").write_text(json.dumps(job.to_dict()))
        return folder

    def start(self, folder: Path, **more: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401 - passed on to Popen
        """Start a build's process."""
        with (folder / "log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "assay.engine", str(folder)], stdout=log, stderr=log, **more
            )

    def build(
        self,
        *libraries: str,
        lock: str | None = None,
        sdists: bool = False,
        **more: Any,  # noqa: ANN401 - as above
    ) -> tuple[Outcome, str]:
        """Build and return the outcome and the log."""
        folder = self.workdir(self.request(*libraries, sdists=sdists), lock, **more)
        self.start(folder).wait(120)
        outcome = Outcome.from_dict(json.loads((folder / "outcome.json").read_text()))
        return outcome, (folder / "log").read_text()

    def resolve(self, *libraries: str, pins: tuple[str, ...] = ()) -> Lock:
        """Resolve only."""
        folder = self.root / "resolving"
        folder.mkdir(exist_ok=True)
        return resolve(self.request(*libraries, pins=pins), cache=self.paths.cache, workdir=str(folder))

    def visible(self) -> list[str]:
        """Return the environments that can be seen."""
        folder = Path(self.paths.environments)
        return sorted(one.name for one in folder.iterdir() if len(one.name) == 64) if folder.is_dir() else []

    def folder(self, outcome: Outcome) -> Path:
        """Return where a built environment lies."""
        return Path(self.paths.environments) / str(outcome.digest)
