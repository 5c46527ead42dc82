"""The checks of a finished environment: its modules import, its kernel starts. Package code runs here."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.core.report import OPTIONAL, Check, ImportFact, missing_for
from assay.engine.checking.import_cache import Surroundings, recall, remember
from assay.engine.checking.kernel_check import kernel_check
from assay.engine.interface import Job
from assay.engine.sandbox import isolation
from assay.engine.sandbox.limits import Sandbox
from assay.engine.wheel_store.store import KeptWheel

ENOUGH = 30  # modules for which another process pays
CORES = max(1, min(4, os.cpu_count() or 1))
IMPORT_SECONDS = 900  # for all modules together


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What the checks saw."""

    imports: tuple[ImportFact, ...]
    checks: tuple[Check, ...]


def check(job: Job, prefix: Path, base_prefix: str, wheels: Sequence[KeptWheel]) -> Checked:
    """Try every module and the kernel, side by side, confined; what is known to work here is not tried again."""
    sandbox = Sandbox(job, prefix, base_prefix)
    memories = Path(job.paths.checks) / f"{isolation.isolation()}-{_python_key(job)}"
    surroundings = Surroundings(wheels)
    with ThreadPoolExecutor(2) as pool:
        kernel = pool.submit(kernel_check, job, prefix, sandbox, memories, surroundings)
        imports = _imports(prefix, sandbox, wheels, memories, surroundings)
        return Checked(imports=imports, checks=(_import_check(imports, len(wheels)), kernel.result()))


def _python_key(job: Job) -> str:
    """Name an interpreter by its path, size and time: another patch release is another one."""
    path = Path(job.request.python_path)
    found = path.resolve().stat()
    return hashlib.sha256(f"{path} {found.st_size} {found.st_mtime_ns}".encode()).hexdigest()[:16]


def _imports(
    prefix: Path, sandbox: Sandbox, wheels: Sequence[KeptWheel], memories: Path, surroundings: Surroundings
) -> tuple[ImportFact, ...]:
    known = {one.name: recall(memories, one, surroundings) for one in wheels}
    remembered = [
        ImportFact(library=one.name, module=module, seconds=known[one.name][module])
        for one in wheels
        for module in one.modules
        if module in known[one.name]
    ]
    wanted = [[one.name, module] for one in wheels for module in one.modules if module not in known[one.name]]
    if not wanted:
        return tuple(remembered)
    facts, edges = _try_all(prefix, sandbox, wanted)
    by_name = {one.name: one for one in wheels}
    fresh: dict[str, dict[str, Any]] = {}
    for fact in facts:
        memory = None if fact.error else surroundings.memory(fact.module, fact.seconds, edges)
        if memory is not None:
            fresh.setdefault(fact.library, {})[fact.module] = memory
    for name, memory_of in fresh.items():
        remember(memories, by_name[name], memory_of)
    return (*remembered, *facts)


def _try_all(prefix: Path, sandbox: Sandbox, wanted: list[list[str]]) -> tuple[list[ImportFact], dict[str, set[str]]]:
    """Try modules in as many processes as pay: each has to import anew what several need."""
    parts = min(CORES, len(wanted) // ENOUGH) or 1
    size = -(-len(wanted) // parts)
    chunks = [wanted[start : start + size] for start in range(0, len(wanted), size)]
    facts: list[ImportFact] = []
    edges: dict[str, set[str]] = {}
    with ThreadPoolExecutor(parts) as pool:
        for some, told in pool.map(lambda chunk: _try(prefix, sandbox, chunk), chunks):
            facts += some
            for asking, asked in told.items():
                edges.setdefault(asking, set()).update(asked)
    return facts, edges


def _try(prefix: Path, sandbox: Sandbox, wanted: list[list[str]]) -> tuple[list[ImportFact], dict[str, set[str]]]:
    """Import modules in the environment; return how it went and which names asked for which."""
    script = str(Path(__file__).with_name("import_check.py"))
    ended = sandbox.run([str(prefix / "bin" / "python"), script], json.dumps(wanted), IMPORT_SECONDS)
    lines = [json.loads(line) for line in ended.output.splitlines() if line.startswith("{") and line.endswith("}")]
    facts = [ImportFact(**line) for line in lines if "module" in line]
    edges: dict[str, set[str]] = {}
    for line in lines:
        for asking, asked in line.get("edges", {}).items():
            edges.setdefault(asking, set()).update(asked)
    seen = {(fact.library, fact.module) for fact in facts}
    missed = [
        ImportFact(
            library=library,
            module=module,
            seconds=0.0,
            error=ended.exceeded or ended.errors[-300:] or "It was not reached.",
        )
        for library, module in wanted
        if (library, module) not in seen
    ]
    return [*facts, *missed], edges


def _import_check(imports: tuple[ImportFact, ...], libraries: int) -> Check:
    """Libraries pass when one of their modules imports: others often want an optional library."""
    tried = {fact.library for fact in imports}
    fine = {fact.library for fact in imports if not fact.error}
    wants = {fact.library: missing_for(fact.error) for fact in imports if fact.library not in fine}
    broken = sorted(name for name, kind in wants.items() if kind in {"", OPTIONAL})  # without it nothing of it works
    spared = [f"{name} wants {kind}" for name, kind in sorted(wants.items()) if name not in broken]
    text = "; ".join(
        part
        for part in (
            f"{len(fine)} of {len(tried)} libraries import",
            f"not: {', '.join(broken[:10])}" if broken else "",
            ", ".join(spared[:5]),
            f"{libraries - len(tried)} offer no module" if libraries > len(tried) else "",
        )
        if part
    )
    seconds = sum(fact.seconds for fact in imports)
    state = "failed" if broken else "noted" if wants else "passed"
    return Check(name="imports", state=state, detail=text, seconds=round(seconds, 3))
