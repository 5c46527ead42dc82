"""Benchmark of builds beside plain uv (resolve, lock, venv, sync), pip, and a hard-link copy."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from report import median, print_figure

from assay.core.lock import Lock
from assay.engine import uv
from assay.engine.fetching.fetch import fetch
from assay.engine.fetching.network import Network
from assay.engine.installing.integrity import rehash
from assay.engine.interface import EnginePaths, Index, Job, ResolveRequest
from assay.engine.interpreters import find_interpreters
from assay.engine.layout import remove_tree
from assay.engine.resolving.uv import resolve
from assay.flow.build.engine_process import start_engine

COLD_LIMIT, WARM_LIMIT, WHOLE_LIMIT, INSTALL_LIMIT, COMPILED_LIMIT, VERIFY_LIMIT = 1.1, 1.1, 1.2, 1.5, 2.0, 1.5
IMPORT_LIMIT = 2.5  # seconds for the import checks of about 118 libraries, none known
COLD_RUNS, WARM_RUNS = 3, 20
PYPI = "https://pypi.org/simple"
KERNEL = "ipykernel"  # what an environment without a kernel gets
DATA = "pandas scikit-learn matplotlib jupyterlab seaborn statsmodels sqlalchemy plotly bokeh openpyxl"
SETS = {
    "small": "six attrs humanize click rich",
    "data science": DATA,
    "data apps": f"{DATA} streamlit fastapi boto3 polars pyarrow duckdb papermill",
    "everything": (
        "pandas scikit-learn matplotlib jupyterlab xgboost streamlit dask[complete] mlflow fastapi boto3 polars "
        "plotly statsmodels nltk spacy seaborn sqlalchemy pyarrow duckdb great-expectations prefect papermill bokeh "
        "panel"
    ),
}


def builds(home: Path, names: list[str]) -> None:
    """Measure each set; the files of `everything` have about 1 GB. Each is downloaded once and served on loopback."""
    python = find_interpreters()["3.11"].path
    for name in names or list(SETS):
        libraries = tuple(SETS[name].split())
        public = ResolveRequest(
            python="3.11", python_path=python, libraries=libraries, index=Index(url=PYPI, trusted=True)
        )
        with served(home, public) as url:
            _Measured(home / name.replace(" ", "-"), name, replace(public, index=Index(url=url, trusted=True))).run()


@contextlib.contextmanager
def served(home: Path, request: ResolveRequest) -> Iterator[str]:
    """Download a request's files, and those of the kernel, and serve them on loopback; give the index's URL."""
    folder = home / "files"
    for libraries in (request.libraries, (KERNEL,)):
        workdir = home / "resolving"
        workdir.mkdir(exist_ok=True)
        lock = resolve(replace(request, libraries=libraries), cache=str(home / "cache"), workdir=str(workdir))
        missing = [one.file for one in lock.libraries if not (folder / one.file.name).exists()]
        fetch(missing, folder, Network((request.index,)), lambda _, **__: None)
    server = subprocess.Popen(  # noqa: S603 - our own server
        [sys.executable, str(Path(__file__).with_name("loopback.py")), str(folder)], stdout=subprocess.PIPE, text=True
    )
    with server:
        try:
            yield server.stdout.readline().strip() if server.stdout else ""
        finally:
            server.terminate()


class _Measured:
    """One set of libraries, built repeatedly."""

    def __init__(self, home: Path, name: str, request: ResolveRequest) -> None:
        home.mkdir()
        self.home, self.name, self.request = home, name, request
        self.pipe = str(home / "ended.pipe")
        os.mkfifo(self.pipe)
        self.ended = os.open(self.pipe, os.O_RDWR)
        self.paths = EnginePaths(
            environments=str(home / "environments"),
            wheels=str(home / "wheels"),
            checks=str(home / "checks"),
            cache=str(home / "cache"),
            overlays=str(home / "overlays"),
        )

    def run(self) -> None:
        """Measure, and print the figures."""
        outcome = self.build()
        lock, report = Lock.from_toml(outcome["lock"]), outcome["report"]
        print_figure(
            f"{self.name}: {len(lock.libraries)} libraries, {report['files']} files", f"{report['size'] >> 20} MB", ""
        )
        self.bare()  # writes the lock that the peer installs
        self.cold(outcome["lock"])
        self.warm()
        steps: list[dict[str, float]] = []
        median(lambda: steps.append(self.build()["steps"]), 3, self.clear)
        installing = sorted(one["installing"] for one in steps)[len(steps) // 2]
        outcome = self.build()  # the same lock again
        target = Path(self.paths.environments) / lock.digest
        copy = median(lambda: self.copy(target), 3, self.clear_copy)
        uncompiled = median(lambda: self.sync("--quiet"), 3, self.clear_bare)
        print_figure("  hard-link copy of the finished tree (cp -al)", f"{copy:.2f} s", "the peer")
        _ratio("  installation, with compiled files", installing, copy, INSTALL_LIMIT)
        print_figure("  uv's own installation from its cache, uncompiled", f"{uncompiled:.2f} s", "the peer")
        _ratio("  installation, with compiled files", installing, uncompiled, COMPILED_LIMIT)
        if report["files"] < 40_000:
            pip = _seconds(lambda: self.pip(lock))
            print_figure("  pip from its own cache", f"{pip:.2f} s", f"ours is {installing / pip:.2f} x of it")
        self.verify(target, outcome)
        again = median(lambda: self.build(lock=outcome["lock"]), 3)
        print_figure("  the same lock again, with the process's start", f"{again * 1000:.0f} ms", "")

    def cold(self, lock: str) -> None:
        """Measure first builds of a lock, all checks included, beside uv's sync; nothing is cached for either."""
        peers, ours = [], []
        for _ in range(COLD_RUNS):
            self.clear_bare()
            self.move_aside(self.bare_cache)
            os.sync()
            peers.append(_seconds(lambda: self.sync("--compile-bytecode")))
            for path in (self.paths.wheels, self.paths.checks, self.paths.cache):
                self.move_aside(Path(path))
            self.clear()
            os.sync()
            ours.append(_seconds(lambda: self.build(lock=lock)))
        peer = statistics.median(peers)
        print_figure("  first: uv pip sync --compile-bytecode, nothing cached", f"{peer:.2f} s", "the peer")
        what, took = "  the first build of the same lock, checks included", statistics.median(ours)
        if self.few:
            print_figure(what, f"{took:.2f} s", f"{took / peer:.2f} x; most of it are the checks")
        else:
            _ratio(what, took, peer, COLD_LIMIT)

    def warm(self) -> None:
        """Measure builds from filled stores beside plain uv from its cache, in turn; then without known imports."""
        self.bare()
        peers, ours, fresh = [], [], []
        for _ in range(WARM_RUNS if self.few else COLD_RUNS):
            self.clear()
            peers.append(_seconds(self.bare))
            ours.append(_seconds(self.build))
            self.forget_imports()
            fresh.append(_seconds(self.build))
        peer, whole, again = (statistics.median(one) for one in (peers, ours, fresh))
        print_figure("  resolve, lock, venv, sync with plain uv, warm", f"{peer:.2f} s", "the peer")
        _ratio(
            "  the whole build, import and kernel checks cached", whole, peer, WARM_LIMIT if self.few else WHOLE_LIMIT
        )
        print_figure(
            "  import and kernel checks, none known",
            f"{again - whole:.2f} s",
            f"more; uv has no such step (limit {IMPORT_LIMIT} s for 118 libraries)",
            again - whole <= IMPORT_LIMIT if self.name == "data science" else None,
        )

    def clear(self) -> None:
        """Move aside what Assay and the peer have built."""
        for path in Path(self.paths.environments).glob("*"):
            self.move_aside(path)
        self.clear_bare()

    def clear_bare(self) -> None:
        """Move aside the environment of plain uv."""
        self.move_aside(self.bare_folder / "venv")

    def clear_copy(self) -> None:
        """Move aside the copy."""
        self.move_aside(self.home / "copied")

    def move_aside(self, path: Path) -> None:
        """Move a tree aside: ext4 creates directories slowly in the minute after thousands were removed."""
        if path.exists():
            aside = self.home / "aside"
            aside.mkdir(exist_ok=True)
            path.chmod(0o755)  # users other than root can move only writable directories
            path.rename(aside / uuid4().hex)

    def forget_imports(self) -> None:
        """Remove the cached import checks, and move the environments aside."""
        remove_tree(Path(self.paths.checks))
        self.clear()

    @property
    def few(self) -> bool:
        """Whether this is the smallest set."""
        return self.name == "small"

    @property
    def bare_cache(self) -> Path:
        """The cache of plain uv."""
        return self.home / "cache-of-bare-uv"

    @property
    def bare_folder(self) -> Path:
        """The working directory of plain uv."""
        return self.home / f"bare-{self.name.replace(' ', '-')}"

    def build(self, *, lock: str | None = None) -> dict[str, Any]:
        """Build in a process, started as the worker starts it; wait until it has ended, as the worker does."""
        folder = self.home / f"build-{uuid4().hex}"
        job = Job(request=self.request, paths=self.paths, lock=lock)

        def prepare() -> None:
            (folder / "job.json").write_text(json.dumps(job.to_dict()))

        start_engine(folder, seconds=3600, prepare=prepare, wakes=self.pipe)
        os.read(self.ended, 1)
        found: dict[str, Any] = json.loads((folder / "outcome.json").read_text())
        return found

    def bare(self) -> None:
        """Do the same with plain uv; write `locked.txt` for `sync`."""
        folder = self.bare_folder
        folder.mkdir(exist_ok=True)
        (folder / "locked.txt").unlink(missing_ok=True)
        (folder / "requirements.in").write_text("\n".join(self.request.libraries))
        compiling = ["pip", "compile", "-q", "--generate-hashes", "--only-binary", ":all:", "-o", "locked.txt"]
        compiling += ["--index-url", self.request.index.url]
        self.uv([*compiling, "--python", self.request.python_path, "requirements.in"], folder)
        self.sync("--quiet")

    def verify(self, target: Path, outcome: dict[str, Any]) -> None:
        """Measure the verification of all files of an environment, beside sha256sum on all processors."""
        report, processors = outcome["report"], os.cpu_count() or 1
        summing = f"find {target} -type f -print0 | xargs -0 -P {processors} -n 400 sha256sum > /dev/null"
        peer = median(lambda: subprocess.run(["sh", "-c", summing], check=True), 3)  # noqa: S603, S607 - the peer
        took = median(lambda: rehash(target, str(outcome["digest"]), report["tree"], lambda *_: None), 3)
        speed = report["size"] / took / 1e9
        print_figure("  sha256sum of every file, on all processors", f"{peer:.2f} s", "the peer")
        print_figure(
            f"  verification ({speed:.2f} GB/s)",
            f"{took:.2f} s",
            f"{took / peer:.2f} x (limit {VERIFY_LIMIT})",
            took <= VERIFY_LIMIT * peer,
        )

    def sync(self, option: str) -> None:
        """Create an environment from `locked.txt` with plain uv."""
        folder = self.bare_folder
        self.uv(["venv", "-q", "--python", self.request.python_path, "venv"], folder)
        index = ["--index-url", self.request.index.url]
        self.uv(
            ["pip", "sync", option, *index, "--python", "venv/bin/python", "--require-hashes", "locked.txt"], folder
        )

    def uv(self, arguments: list[str], folder: Path) -> None:
        """Run uv as the engine does, with a separate cache."""
        environment = uv.environment(str(self.bare_cache))
        subprocess.run(  # noqa: S603 - uv
            [uv.binary(), "--no-config", *arguments], cwd=folder, env=environment, check=True, capture_output=True
        )

    def copy(self, source: Path) -> None:
        """Copy a finished tree with hard links."""
        subprocess.run(["cp", "-al", str(source), str(self.home / "copied")], check=True)  # noqa: S603, S607 - the peer

    def pip(self, lock: Lock) -> None:
        """Install the lock with pip into an empty directory, from pip's own cache."""
        pins = self.home / "pip.txt"
        pins.write_text(
            "".join(f"{one.name}=={one.version} --hash=sha256:{one.file.sha256}\n" for one in lock.libraries)
        )
        target = self.home / f"pip-{uuid4().hex}"
        command = [
            self.request.python_path,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--require-hashes",
            "--target",
        ]
        subprocess.run(  # noqa: S603 - pip
            [*command, str(target), "--cache-dir", str(self.home / "cache-of-pip"), "-r", str(pins)],
            check=True,
            env={**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": self.request.index.url},
        )
        shutil.rmtree(target)


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _ratio(what: str, took: float, peer: float, limit: float) -> None:
    print_figure(what, f"{took:.2f} s", f"{took / peer:.2f} x (limit {limit})", took <= limit * peer)
