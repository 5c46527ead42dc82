"""The check of an environment's kernel: it must start and run a cell, unless a valid cache entry exists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from assay.core.errors import BuildError
from assay.core.report import Check
from assay.engine.checking.import_cache import MAX_ENTRIES, ModuleProviders
from assay.engine.interface import Job
from assay.engine.kernels.overlay import BOOT, ensure_overlay, needs_overlay
from assay.engine.layout import write_json
from assay.engine.sandbox.limits import Sandbox

KERNEL_SECONDS = 120


def kernel_check(job: Job, prefix: Path, sandbox: Sandbox, cache: Path, providers: ModuleProviders) -> Check:
    """Start the kernel, run a cell and stop it, unless a valid cache entry exists."""
    overlay = "-"
    if needs_overlay(prefix, job.request.python):
        try:
            overlay = str(ensure_overlay(job.request, job.paths, job.credentials, print))
        except BuildError as error:
            return Check(name="kernel", state="skipped", detail=f"not assessed: {error.detail}")
    path = cache / f"kernel-{_name(overlay)}.json"
    for entry in _read(path):
        if providers.match(entry):
            return _passed(entry["seconds"])
    return _start(prefix, sandbox, overlay, path, providers)


def _start(prefix: Path, sandbox: Sandbox, overlay: str, path: Path, providers: ModuleProviders) -> Check:
    script = str(Path(__file__).with_name("kernel_probe.py"))
    argv = [str(prefix / "bin" / "python"), script, overlay, str(BOOT)]
    ended = sandbox.run(argv, "", KERNEL_SECONDS)
    lines = [line for line in ended.output.splitlines() if line.startswith("{")]
    if ended.code == 0 and lines:
        found = json.loads(lines[-1])
        if found["state"] == "ok":
            entry = providers.cache_entry("", found["seconds"], {"": [*found["edges"], *_flat(found["edges"])]})
            if entry is not None:
                _write(path, [entry, *_read(path)][:MAX_ENTRIES])
            return _passed(found["seconds"])
    reason = ended.exceeded or (ended.errors.strip().splitlines() or ["no reason given"])[-1]
    return Check(name="kernel", state="failed", detail=f"The kernel did not start: {reason[:300]}")


def _passed(seconds: float) -> Check:
    return Check(name="kernel", state="passed", detail=f"ready in {seconds} s", seconds=seconds)


def _flat(edges: dict[str, list[str]]) -> list[str]:
    return [name for names in edges.values() for name in names]


def _name(overlay: str) -> str:
    """Return a key for an overlay: a new overlay has a new key."""
    return "own" if overlay == "-" else str(Path(overlay).stat().st_ctime_ns)


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return []
    return found


def _write(path: Path, entries: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, entries, flushed=False)
