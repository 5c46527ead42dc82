"""The checks of a finished environment: its modules import, its kernel starts. Package code runs here."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from assay.core.errors import BuildError
from assay.core.report import Check, ImportFact, LibraryFacts
from assay.engine import sandbox
from assay.engine.interface import Job
from assay.engine.overlay import BOOT, ensure_overlay, needs_overlay

IMPORT_SECONDS = 900  # for all modules together
KERNEL_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What the checks saw."""

    imports: tuple[ImportFact, ...]
    checks: tuple[Check, ...]


def check(job: Job, prefix: Path, base_prefix: str, libraries: tuple[LibraryFacts, ...]) -> Checked:
    """Try every module and the kernel, side by side, confined."""
    room = _Room(job, prefix, base_prefix)
    with ThreadPoolExecutor(2) as pool:
        kernel = pool.submit(_kernel, job, prefix, room)
        imports = _imports(prefix, room, libraries)
        return Checked(imports=imports, checks=(_import_check(imports, libraries), kernel.result()))


class _Room:
    """The sandbox around one environment."""

    def __init__(self, job: Job, prefix: Path, base_prefix: str) -> None:
        places = job.places
        home = str(Path(places.environments).parent)
        Path(places.overlays).mkdir(parents=True, exist_ok=True)
        self._hidden = (home, places.cache)
        self._visible = (
            *sandbox.base_places(base_prefix),
            *sandbox.program_places(),
            places.overlays,
            str(prefix),
        )

    def run(self, argv: list[str], given: str, seconds: float) -> tuple[str, str, int | None]:
        """Run confined; return standard output, the end of standard error, and the exit code (None: too long)."""
        try:
            done = subprocess.run(
                sandbox.confined(argv, visible=self._visible, hidden=self._hidden),
                input=given,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
                env=sandbox.ENVIRONMENT,
                cwd="/tmp",  # noqa: S108 - private to the sandbox
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            output = error.stdout or b""
            return (output.decode(errors="replace") if isinstance(output, bytes) else output), "", None
        return done.stdout, done.stderr[-2000:], done.returncode


def _imports(prefix: Path, room: _Room, libraries: tuple[LibraryFacts, ...]) -> tuple[ImportFact, ...]:
    wanted = [[one.name, module] for one in libraries for module in one.modules]
    if not wanted:
        return ()
    script = str(Path(__file__).with_name("probe.py"))
    output, errors, _ = room.run([str(prefix / "bin" / "python"), script], json.dumps(wanted), IMPORT_SECONDS)
    facts = [ImportFact(**json.loads(line)) for line in output.splitlines() if line.startswith("{")]
    seen = {(fact.library, fact.module) for fact in facts}
    missed = [
        ImportFact(library=library, module=module, seconds=0.0, error=errors[-300:] or "It was not reached.")
        for library, module in wanted
        if (library, module) not in seen
    ]
    return (*facts, *missed)


def _import_check(imports: tuple[ImportFact, ...], libraries: tuple[LibraryFacts, ...]) -> Check:
    """Libraries pass when one of their modules imports: others often want an optional library."""
    tried = {fact.library for fact in imports}
    fine = {fact.library for fact in imports if not fact.error}
    broken = sorted(tried - fine)
    seconds = sum(fact.seconds for fact in imports)
    text = f"{len(fine)} of {len(tried)} libraries import"
    if broken:
        text += f"; not: {', '.join(broken[:10])}"
    if len(libraries) > len(tried):
        text += f"; {len(libraries) - len(tried)} offer no module"
    return Check(name="imports", state="failed" if broken else "passed", detail=text, seconds=round(seconds, 3))


def _kernel(job: Job, prefix: Path, room: _Room) -> Check:
    overlay = "-"
    if needs_overlay(prefix, job.question.python):
        try:
            overlay = str(ensure_overlay(job.question, job.places, print))
        except BuildError as error:
            return Check(name="kernel", state="skipped", detail=f"not assessed: {error.detail}")
    script = str(Path(__file__).with_name("kernel_probe.py"))
    argv = [str(prefix / "bin" / "python"), script, overlay, str(BOOT)]
    output, errors, code = room.run(argv, "", KERNEL_SECONDS)
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if code == 0 and lines:
        found = json.loads(lines[-1])
        if found["state"] == "ok":
            return Check(
                name="kernel",
                state="passed",
                detail=f"ready in {found['seconds']} s",
                seconds=found["seconds"],
            )
    why = "it took too long" if code is None else (errors.strip().splitlines() or ["no reason given"])[-1]
    return Check(name="kernel", state="failed", detail=f"The kernel did not start: {why[:300]}")
