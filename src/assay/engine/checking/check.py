"""The checks of a finished environment that run package code: its modules import, its kernel starts."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from assay.core.lock import Lock
from assay.core.report import OPTIONAL, Check, ImportFact, missing_for
from assay.engine.checking.import_cache import ModuleProviders, cache_imports, cached_imports
from assay.engine.checking.import_order import divide
from assay.engine.checking.kernel_check import kernel_check
from assay.engine.interface import Job
from assay.engine.sandbox import isolation
from assay.engine.sandbox.limits import Sandbox
from assay.engine.wheel_store.store import StoredWheel

MODULES_PER_PROCESS = 30  # at least; with fewer, another process costs more than it saves
CORES = max(1, min(4, os.cpu_count() or 1))
IMPORT_SECONDS = 900  # for all modules together


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The results of the checks."""

    imports: tuple[ImportFact, ...]
    checks: tuple[Check, ...]


def check(job: Job, prefix: Path, lock: Lock, wheels: Sequence[StoredWheel]) -> Checked:
    """Import every module and start the kernel, in parallel, in the sandbox; skip those with a valid cache entry."""
    sandbox = Sandbox(job, prefix)
    cache = Path(job.paths.checks) / f"{isolation.isolation()}-{_python_key(job)}"
    providers = ModuleProviders(wheels)
    with ThreadPoolExecutor(2) as pool:
        kernel = pool.submit(kernel_check, job, prefix, sandbox, cache, providers)
        imports = _imports(prefix, sandbox, lock, wheels, cache, providers)
        return Checked(imports=imports, checks=(_import_check(imports, len(wheels), _direct(job)), kernel.result()))


def _python_key(job: Job) -> str:
    """Return a key for an interpreter: path, size and modification time, which differ between patch releases."""
    path = Path(job.request.python_path)
    found = path.resolve().stat()
    return hashlib.sha256(f"{path} {found.st_size} {found.st_mtime_ns}".encode()).hexdigest()[:16]


def _imports(
    prefix: Path,
    sandbox: Sandbox,
    lock: Lock,
    wheels: Sequence[StoredWheel],
    cache: Path,
    providers: ModuleProviders,
) -> tuple[ImportFact, ...]:
    known = {one.name: cached_imports(cache, one, providers) for one in wheels}
    cached = [
        ImportFact(library=one.name, module=module, seconds=known[one.name][module])
        for one in wheels
        for module in one.modules
        if module in known[one.name]
    ]
    modules = [[one.name, module] for one in wheels for module in one.modules if module not in known[one.name]]
    if not modules:
        return tuple(cached)
    parts = divide(modules, lock, wheels, min(CORES, len(modules) // MODULES_PER_PROCESS) or 1)
    facts, edges = _import_all(prefix, sandbox, parts)
    by_name = {one.name: one for one in wheels}
    fresh: dict[str, dict[str, Any]] = {}
    for fact in facts:
        entry = None if fact.error else providers.cache_entry(fact.module, fact.seconds, edges)
        if entry is not None:
            fresh.setdefault(fact.library, {})[fact.module] = entry
    for name, entries in fresh.items():
        cache_imports(cache, by_name[name], entries)
    return (*cached, *facts)


def _import_all(
    prefix: Path, sandbox: Sandbox, parts: list[list[list[str]]]
) -> tuple[list[ImportFact], dict[str, set[str]]]:
    """Import each part's modules in a process of its own."""
    facts: list[ImportFact] = []
    edges: dict[str, set[str]] = {}
    with ThreadPoolExecutor(len(parts)) as pool:
        for some, found in pool.map(lambda part: _import_some(prefix, sandbox, part), parts):
            facts += some
            for importer, names in found.items():
                edges.setdefault(importer, set()).update(names)
    return facts, edges


def _import_some(
    prefix: Path, sandbox: Sandbox, modules: list[list[str]]
) -> tuple[list[ImportFact], dict[str, set[str]]]:
    """Import modules in the environment; return the results and which module looked up which names."""
    script = str(Path(__file__).with_name("import_check.py"))
    ended = sandbox.run([str(prefix / "bin" / "python"), script], json.dumps(modules), IMPORT_SECONDS)
    lines = [json.loads(line) for line in ended.output.splitlines() if line.startswith("{") and line.endswith("}")]
    facts = [ImportFact(**line) for line in lines if "module" in line]
    edges: dict[str, set[str]] = {}
    for line in lines:
        for importer, names in line.get("edges", {}).items():
            edges.setdefault(importer, set()).update(names)
    reported = {(fact.library, fact.module) for fact in facts}
    missing = [
        ImportFact(
            library=library,
            module=module,
            seconds=0.0,
            error=ended.exceeded or ended.errors[-300:] or "The import was not run.",
        )
        for library, module in modules
        if (library, module) not in reported
    ]
    return [*facts, *missing], edges


def _direct(job: Job) -> set[str]:
    """Return the names of the libraries that a request asks for."""
    return {canonicalize_name(Requirement(line).name) for line in job.request.libraries}


def _import_check(imports: tuple[ImportFact, ...], libraries: int, direct: set[str]) -> Check:
    """Return the check of imports. One importable module is enough: others often need an optional library.

    A library that is not in `direct` and needs an optional one is not broken: what needs it imports without.
    """
    tried = {fact.library for fact in imports}
    working = {fact.library for fact in imports if not fact.error}
    needs = {fact.library: missing_for(fact.error) for fact in imports if fact.library not in working}
    broken = sorted(name for name, kind in needs.items() if not kind or (kind == OPTIONAL and name in direct))
    limited = [f"{name} needs {kind}" for name, kind in sorted(needs.items()) if name not in broken]
    text = "; ".join(
        part
        for part in (
            f"{len(working)} of {len(tried)} libraries import",
            f"not: {', '.join(broken[:10])}" if broken else "",
            ", ".join(limited[:5]),
            f"{libraries - len(tried)} have no module" if libraries > len(tried) else "",
        )
        if part
    )
    seconds = sum(fact.seconds for fact in imports)
    state = "failed" if broken else "noted" if needs else "passed"
    return Check(name="imports", state=state, detail=text, seconds=round(seconds, 3))
