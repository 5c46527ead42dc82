"""Does the environment's kernel start and answer? One that is known to start is not started again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

from assay.core.errors import BuildError
from assay.core.report import Check
from assay.engine.checking.import_cache import MOST, Surroundings
from assay.engine.interface import Job
from assay.engine.kernels.overlay import BOOT, ensure_overlay, needs_overlay
from assay.engine.sandbox.limits import Sandbox

KERNEL_SECONDS = 120


def kernel_check(job: Job, prefix: Path, sandbox: Sandbox, memories: Path, surroundings: Surroundings) -> Check:
    """Start it, run a cell, stop it; or recall that it did."""
    overlay = "-"
    if needs_overlay(prefix, job.request.python):
        try:
            overlay = str(ensure_overlay(job.request, job.paths, job.credentials, print))
        except BuildError as error:
            return Check(name="kernel", state="skipped", detail=f"not assessed: {error.detail}")
    kept = memories / f"kernel-{_name(overlay)}.json"
    for memory in _read(kept):
        if surroundings.holds(memory):
            return _passed(memory["seconds"])
    return _try(prefix, sandbox, overlay, kept, surroundings)


def _try(prefix: Path, sandbox: Sandbox, overlay: str, kept: Path, surroundings: Surroundings) -> Check:
    script = str(Path(__file__).with_name("kernel_probe.py"))
    argv = [str(prefix / "bin" / "python"), script, overlay, str(BOOT)]
    ended = sandbox.run(argv, "", KERNEL_SECONDS)
    lines = [line for line in ended.output.splitlines() if line.startswith("{")]
    if ended.code == 0 and lines:
        found = json.loads(lines[-1])
        if found["state"] == "ok":
            memory = surroundings.memory("", found["seconds"], {"": [*found["edges"], *_flat(found["edges"])]})
            if memory is not None:
                _write(kept, [memory, *_read(kept)][:MOST])
            return _passed(found["seconds"])
    why = ended.exceeded or (ended.errors.strip().splitlines() or ["no reason given"])[-1]
    return Check(name="kernel", state="failed", detail=f"The kernel did not start: {why[:300]}")


def _passed(seconds: float) -> Check:
    return Check(name="kernel", state="passed", detail=f"ready in {seconds} s", seconds=seconds)


def _flat(edges: dict[str, list[str]]) -> list[str]:
    return [name for names in edges.values() for name in names]


def _name(overlay: str) -> str:
    """Name an overlay by when it was made; one that is made anew is another one."""
    return "own" if overlay == "-" else str(Path(overlay).stat().st_ctime_ns)


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return []
    return found


def _write(path: Path, memories: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{uuid4().hex}")
    aside.write_text(json.dumps(memories))
    aside.replace(path)
