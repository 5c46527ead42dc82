"""One build from `job.json` to `outcome.json`, in its own process; it removes unfinished files when it ends."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from assay.core.errors import AssayError, BuildError
from assay.core.formatting import format_bytes, plural
from assay.core.lock import Lock
from assay.engine.engines import engine_of
from assay.engine.installing.seal import BUILDING, read_sealed
from assay.engine.interface import Credentials, Engine, Failure, Job, Outcome
from assay.engine.layout import remove_tree, write_json
from assay.engine.leases import take_lease
from assay.engine.progress import Reporter
from assay.engine.sandbox import isolation
from assay.engine.wheel_store.store import clear_unpacking

CREDENTIALS = "credentials.json"


class Build:
    """One build, from its job to its outcome."""

    def __init__(self, workdir: Path) -> None:
        self.workdir = workdir
        self.job = replace(
            Job.from_dict(json.loads((workdir / "job.json").read_text())), credentials=_credentials(workdir)
        )
        self.prefix = Path(self.job.paths.environments) / f"{BUILDING}{workdir.name}"
        self.reporter = Reporter(workdir)

    def run(self) -> Outcome:
        """Run all steps and write the outcome. A failure becomes part of it; unfinished files are removed."""
        try:
            outcome = self._steps()
        except AssayError as error:
            self.reporter.log(f"FAILED: {error.detail}")
            outcome = Outcome(
                failure=Failure(step=self.reporter.step, code=error.code, detail=error.detail, hint=error.hint),
                steps=self.reporter.times(),
            )
        except OSError as error:
            self.reporter.log(f"FAILED: {error}")
            outcome = Outcome(failure=_system_failure(self.reporter.step, error), steps=self.reporter.times())
        except Exception as error:  # noqa: BLE001 - a defect in Assay: the outcome must name it
            self.reporter.log(traceback.format_exc())
            outcome = Outcome(failure=_defect(self.reporter.step, error), steps=self.reporter.times())
        finally:
            self.clear()
        write_json(self.workdir / "outcome.json", asdict(outcome), flushed=False)  # without it, the build is lost
        return outcome

    def clear(self) -> None:
        """Remove unfinished files."""
        remove_tree(self.prefix)
        clear_unpacking(Path(self.job.paths.wheels), self.workdir.name)
        shutil.rmtree(self.workdir / "downloads", ignore_errors=True)

    def _steps(self) -> Outcome:
        self.reporter.begin("resolving")
        engine = engine_of(self.job.request)
        if self.job.require_sandbox and isolation.isolation() != "bubblewrap":
            raise BuildError(
                "This workspace requires the sandbox for package code, and bubblewrap does not work on this machine.",
                hint="Install bubblewrap on the build machine, or ask an administrator to allow builds without it.",
            )
        remove_tree(self.prefix)
        with ThreadPoolExecutor(2) as pool:  # while the engine resolves
            pool.submit(_prepare, engine)
            if self.job.lock is None:
                pool.submit(engine.begin, self.job, self.prefix)
            lock = self._lock(engine)
        size = format_bytes(lock.download_size)
        self.reporter.log(f"Lock {lock.digest}: {plural(len(lock.libraries), 'library')}, {size} of files")
        take_lease(self.job.paths, self.workdir.name, lock)
        existing = None if self.job.repair else read_sealed(Path(self.job.paths.environments) / lock.digest)
        if existing is not None:
            self.reporter.log("This lock is already built; reusing its environment.")
            complete, report = existing
            return self._done(complete, report, reused=True)
        from assay.engine.pipeline import finish  # noqa: PLC0415 - `_prepare` loads it while the engine resolves

        complete, report, is_new = finish(engine, self.job, lock, self.workdir, self.prefix, self.reporter)
        return self._done(complete, report, reused=not is_new)

    def _lock(self, engine: Engine) -> Lock:
        if self.job.lock is not None:
            return Lock.from_toml(self.job.lock)
        return engine.resolve(self.job, self.workdir, self.reporter.log)

    def _done(self, lock: Lock, report: dict[str, Any], *, reused: bool) -> Outcome:
        self.reporter.log(f"Built {lock.digest}")
        return Outcome(
            lock=lock.to_toml(), digest=lock.digest, report=report, steps=self.reporter.times(), reused=reused
        )


def _prepare(engine: Engine) -> None:
    """Import the code of the later steps and cache the facts about this machine that they need."""
    from assay.engine import pipeline  # noqa: F401, PLC0415 - takes 40 ms

    isolation.isolation()
    engine.prepare()


def _credentials(workdir: Path) -> Credentials:
    """Read the credentials of the package indexes and delete their file."""
    path = workdir / CREDENTIALS
    if not path.exists():
        return {}
    found = {name: (user, password) for name, (user, password) in json.loads(path.read_text()).items()}
    path.unlink()
    return found


def _defect(step: str, error: Exception) -> Failure:
    return Failure(
        step=step,
        code="internal",
        detail=f"Assay has a defect: {type(error).__name__}: {error}",
        hint="Build again. If it fails again, send the log to whoever runs this installation.",
    )


def _system_failure(step: str, error: OSError) -> Failure:
    hint = "Free space, then build again." if error.errno == 28 else "Build again; the log has details."  # noqa: PLR2004 - ENOSPC
    return Failure(step=step, code="system", detail=str(error), hint=hint)


def main(workdir: Path) -> int:
    """Run the build of a directory. SIGTERM ends its programs and removes unfinished files."""
    build = Build(workdir)
    with contextlib.suppress(PermissionError):  # a session leader already leads its process group
        os.setpgid(0, 0)

    def stop(signum: int, frame: FrameType | None) -> NoReturn:
        del frame
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
        build.clear()
        os._exit(128 + signum)  # does not wait for threads that read from the network

    signal.signal(signal.SIGTERM, stop)
    return 1 if build.run().failure else 0
