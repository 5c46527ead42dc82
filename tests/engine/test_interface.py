"""The seam between engines: a second engine takes uv's place for the requests that name it, and shares the rest."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from subprocess import Popen

import pytest
from support.bench import PYTHON, Bench
from support.index import LocalIndex

from assay.core.errors import UnavailableError
from assay.core.lock import File, Lock, LockedLibrary
from assay.engine import engines
from assay.engine.build import Build
from assay.engine.installing.integrity import rehash
from assay.engine.installing.link import link_into
from assay.engine.installing.manifest import hashed
from assay.engine.installing.seal import check_sealed
from assay.engine.interface import Credentials, Installed, Job, LogLine, OnProgress, ResolveRequest
from assay.engine.layout import site_packages
from assay.engine.leases import leased
from assay.engine.wheel_store.store import MANIFEST, StoredWheel, key_of

ENGINE = Path(engines.__file__).parent
# Modules of uv's own part, beside those in `sdists/`. Nothing else may import them, but for the one that chooses.
UVS = {
    "uv",
    "uv_engine",
    "python_installations",
    "resolving.uv",
    "resolving.dependents",
    "resolving.uv_errors",
    "resolving.uv_proxy",
    "resolving.index_proxy",
    "installing.uv",
    "wheel_store.uv_unpack",
}
CHOOSE = "engines"
OVERLAYS = "kernels.overlay"  # installs ipykernel from a package index, for environments of any engine


class PlainEngine:
    """A second engine: it invents one library per requirement and writes it into the store itself."""

    def version(self) -> str:
        """Return a version."""
        return "plain 1"

    def prepare(self) -> None:
        """There is nothing to prepare."""

    def preview(
        self,
        request: ResolveRequest,
        *,
        cache: str,
        workdir: str,
        credentials: Credentials | None = None,
        started: Callable[[Popen[str]], None] | None = None,
    ) -> Lock:
        """Lock each requirement at version 1."""
        del cache, workdir, credentials, started
        libraries = tuple(
            LockedLibrary(
                name=name,
                version="1",
                index=request.index.url,
                file=File(
                    name=f"{name}-1.plain", url=f"{request.index.url}/{name}-1.plain", size=9, sha256=name[0] * 64
                ),
            )
            for name in request.libraries
        )
        return Lock(python=request.python, platform="plain", libraries=libraries)

    def begin(self, job: Job, prefix: Path) -> None:
        """Make nothing yet."""

    def resolve(self, job: Job, workdir: Path, log_line: LogLine) -> Lock:
        """Lock as a preview does."""
        log_line("The plain engine resolves.")
        return self.preview(job.request, cache=job.paths.cache, workdir=str(workdir))

    def installer(
        self, lock: Lock, prefix: Path, job: Job, *, workdir: Path, log_line: LogLine, on_progress: OnProgress
    ) -> PlainInstaller:
        """Return the installer of a lock."""
        del workdir, log_line, on_progress
        return PlainInstaller(lock, prefix, job)


class PlainInstaller:
    """Writes a module per library into the store, and links it as every engine does."""

    def __init__(self, lock: Lock, prefix: Path, job: Job) -> None:
        self.lock, self.prefix, self.job = lock, prefix, job
        self.store = Path(job.paths.wheels)

    def fetch(self) -> tuple[StoredWheel, ...]:
        """Add every library to the store."""
        assert self.lock.digest in leased(self.job.paths).environments, "the lease comes before the first file"
        return tuple(map(self._add, self.lock.libraries))

    def _add(self, library: LockedLibrary) -> StoredWheel:
        path = f"lib/python{self.lock.python}/site-packages/{library.name}.py"
        entry = self.store / key_of(library, self.lock.python)
        module = entry / "tree" / path
        module.parent.mkdir(parents=True)
        module.write_text(f"name = {library.name!r}\n")
        module.chmod(0o444)
        wheel = StoredWheel(
            key=entry.name,
            name=library.name,
            version=library.version,
            licence="",
            summary="",
            requires=(),
            modules=(library.name,),
            groups=(),
            offers=(library.name,),
            files=((path, *hashed(str(module))),),
            compiled=(),
        )
        (entry / MANIFEST).write_text(json.dumps(wheel.to_dict()))
        return wheel

    def link(self, wheels: tuple[StoredWheel, ...]) -> Installed:
        """Make an environment without any tool, and link the wheels into it."""
        (self.prefix / "bin").mkdir(parents=True)
        (self.prefix / "bin" / "python").symlink_to(self.job.request.python_path)
        (self.prefix / "pyvenv.cfg").write_text(f"home = {Path(self.job.request.python_path).parent}\n")
        return link_into(self.prefix, wheels, self.store, added={one.key for one in wheels})


def test_a_second_engine_builds_through_the_same_stages(
    bench: Bench, index: LocalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that names another engine is built by it: leased, linked, checked, sealed, and verified later."""
    monkeypatch.setitem(engines.ENGINES, "plain", PlainEngine())
    folder = bench.workdir(replace(bench.request("apple", "berry"), engine="plain"))
    outcome = Build(folder).run()
    assert outcome.failure is None, outcome.failure
    assert outcome.report is not None
    assert outcome.report["uv"] == "plain 1"
    assert [(one["module"], one["error"]) for one in outcome.report["imports"]] == [("apple", ""), ("berry", "")]
    assert Lock.from_toml(str(outcome.lock)).platform == "plain"
    prefix = bench.folder(outcome)
    check_sealed(prefix, str(outcome.digest))
    assert rehash(prefix, str(outcome.digest), outcome.report["tree"], lambda *_: None).clean
    stored = next(Path(bench.paths.wheels).glob("a*/tree")) / f"lib/python{PYTHON}/site-packages/apple.py"
    assert (site_packages(prefix, PYTHON) / "apple.py").stat().st_ino == stored.stat().st_ino
    assert not index.served, "no part of uv ran"
    again = Build(bench.workdir(replace(bench.request("apple", "berry"), engine="plain"))).run()
    assert (again.digest, again.reused) == (outcome.digest, True)


def test_an_unknown_engine_is_a_failure_with_a_hint(bench: Bench) -> None:
    """A request that names no engine of this installation fails in words, in a build and in a preview."""
    request = replace(bench.request("apple"), engine="nowhere")
    outcome = Build(bench.workdir(request)).run()
    assert outcome.failure is not None
    assert ("nowhere" in outcome.failure.detail, "uv" in outcome.failure.hint) == (True, True)
    with pytest.raises(UnavailableError):
        engines.engine_of(request)


def test_requests_of_earlier_versions_are_read(bench: Bench) -> None:
    """A stored request names no engine and has earlier field names: it is uv's, and means the same."""
    request = replace(bench.request("apple"), constraints=("pear<2",), allow_sdists=True)
    stored = asdict(request)
    del stored["engine"]
    for earlier, now in (("holds", "constraints"), ("sources", "other_indexes"), ("allow_sources", "allow_sdists")):
        stored[earlier] = stored.pop(now)
    assert ResolveRequest.from_dict(json.loads(json.dumps(stored))) == request
    assert request.engine == "uv"


def imports_of(path: Path) -> set[str]:
    """Return the modules of the engine that a file imports, without the prefix `assay.engine`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("assay.engine"):
            names = {f"{node.module}.{one.name}" for one in node.names} | {str(node.module)}
            found |= {name.removeprefix("assay.engine").lstrip(".") for name in names}
    return found


def is_uvs(name: str) -> bool:
    """Return whether a module is uv's own part."""
    return name in UVS or name.split(".", maxsplit=1)[0] == "sdists"


def test_shared_stages_do_not_import_uvs_part() -> None:
    """Store, sandbox, checks, seal, leases and the pipeline know no engine: one module chooses it."""
    modules = {".".join(path.relative_to(ENGINE).with_suffix("").parts): path for path in ENGINE.rglob("*.py")}
    assert modules.keys() >= UVS
    shared = {name: path for name, path in modules.items() if not is_uvs(name) and name not in {CHOOSE, OVERLAYS}}
    assert len(shared) > len(UVS)
    wrong = {name: sorted(filter(is_uvs, imports_of(path))) for name, path in shared.items()}
    assert {name: found for name, found in wrong.items() if found} == {}
    assert any(map(is_uvs, imports_of(modules[CHOOSE]))), "the test sees imports"
