"""One build from job to outcome, in a process of its own: what it says, how far it is, what is left when it ends."""

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
from assay.core.format_bytes import format_bytes
from assay.core.lock import Lock
from assay.engine import uv
from assay.engine.installing.seal import ASIDE, read_sealed
from assay.engine.interface import Credentials, Failure, Job, Outcome, ResolveRequest
from assay.engine.interpreters import find_base
from assay.engine.layout import remove_tree, write_json
from assay.engine.leases import take_lease
from assay.engine.progress import Reporter
from assay.engine.sandbox import isolation
from assay.engine.sdists.resolve import resolve_with_sources
from assay.engine.wheel_store.store import clear_unpacking

CREDENTIALS = "credentials.json"


class Build:
    """One build, from its job to its outcome."""

    def __init__(self, workdir: Path) -> None:
        self.workdir = workdir
        self.job = replace(
            Job.from_dict(json.loads((workdir / "job.json").read_text())), credentials=_credentials(workdir)
        )
        self.aside = Path(self.job.paths.environments) / f"{ASIDE}{workdir.name}"
        self.reporter = Reporter(workdir)

    def run(self) -> Outcome:
        """Do all steps; whatever fails becomes the outcome's failure, and nothing half done stays."""
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
        except Exception as error:  # noqa: BLE001 - a defect of ours: who builds must read more than "it vanished"
            self.reporter.log(traceback.format_exc())
            outcome = Outcome(failure=_defect(self.reporter.step, error), steps=self.reporter.times())
        finally:
            self.clear()
        write_json(self.workdir / "outcome.json", asdict(outcome))
        return outcome

    def clear(self) -> None:
        """Remove what is half done."""
        remove_tree(self.aside)
        clear_unpacking(Path(self.job.paths.wheels), self.workdir.name)
        shutil.rmtree(self.workdir / "downloads", ignore_errors=True)

    def _steps(self) -> Outcome:
        self.reporter.begin("resolving")
        if self.job.require_sandbox and isolation.isolation() != "bubblewrap":
            raise BuildError(
                "This workspace builds only where package code can be kept in, and bubblewrap does not work here.",
                hint="Install bubblewrap on the machine that builds, or let an administrator allow builds without.",
            )
        with ThreadPoolExecutor(1) as pool:  # while uv resolves
            if self.job.lock is None:
                pool.submit(_look_ahead, self.job.request.python_path)
            lock = self._lock()
        size = format_bytes(lock.download_size)
        self.reporter.log(f"Lock {lock.digest}: {len(lock.libraries):,} libraries, {size} of files")
        take_lease(self.job.paths, self.workdir.name, lock)
        ready = None if self.job.repair else read_sealed(Path(self.job.paths.environments) / lock.digest)
        if ready is not None:
            self.reporter.log("The same lock is built already; it is used as it is.")
            kept, report = ready
            return self._done(kept, report, reused=True)
        from assay.engine.pipeline import finish  # noqa: PLC0415 - loaded while uv resolved

        kept, report, fresh = finish(self.job, lock, self.workdir, self.aside, self.reporter)
        return self._done(kept, report, reused=not fresh)

    def _lock(self) -> Lock:
        if self.job.lock is not None:
            return Lock.from_toml(self.job.lock)

        def install(request: ResolveRequest, prefix: Path) -> None:
            from assay.engine.installing.install import install_into  # noqa: PLC0415 - most builds need no sources

            install_into(request, prefix, self.job, self.workdir, self.reporter.log)

        return resolve_with_sources(self.job, self.workdir, self.reporter.log, install)

    def _done(self, lock: Lock, report: dict[str, Any], *, reused: bool) -> Outcome:
        self.reporter.log(f"Built {lock.digest}")
        return Outcome(
            lock=lock.to_toml(), digest=lock.digest, report=report, steps=self.reporter.times(), reused=reused
        )


def _look_ahead(python_path: str) -> None:
    """Load what the later steps need, and ask what the checks will want to know; each answer is remembered."""
    from assay.engine import pipeline  # noqa: F401, PLC0415 - 40 ms that need not be waited for

    isolation.isolation()
    uv.version()
    find_base(python_path)


def _credentials(workdir: Path) -> Credentials:
    """Read the credentials of package sources that were handed over, and remove them from the disk."""
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
        detail=f"Assay itself failed here: {type(error).__name__}: {error}",
        hint="Build again; if it happens twice, give the log to whoever runs this installation.",
    )


def _system_failure(step: str, error: OSError) -> Failure:
    hint = "Free space, then build again." if error.errno == 28 else "Build again; the log has more."  # noqa: PLR2004 - ENOSPC
    return Failure(step=step, code="system", detail=str(error), hint=hint)


def main(workdir: Path) -> int:
    """Run the build of a directory. SIGTERM ends its programs and leaves nothing half done."""
    build = Build(workdir)
    with contextlib.suppress(PermissionError):  # who leads a session leads its group already
        os.setpgid(0, 0)

    def stop(signum: int, frame: FrameType | None) -> NoReturn:
        del frame
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
        build.clear()
        os._exit(128 + signum)  # threads that wait for the network are not waited for

    signal.signal(signal.SIGTERM, stop)
    return 1 if build.run().failure else 0
