"""Source distributions: only where allowed, built in the sandbox, kept and told."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.bench import PYTHON, Bench
from support.index import LocalIndex

from assay.core.lock import Lock
from assay.engine.garbage_collection import collect
from assay.engine.layout import remove_tree
from assay.engine.leases import Needed, lease_holders, needed_by, release_lease
from assay.engine.sandbox import isolation
from assay.engine.sdists.stored import folder_of

pytestmark = pytest.mark.skipif(isolation.isolation() != "bubblewrap", reason="sources are built in bubblewrap only")

WHEEL = """
import base64, hashlib, zipfile
def build_wheel(folder, settings=None, metadata=None):
    {extra}
    name = "{name}-1.0-py3-none-any.whl"
    info = "{name}-1.0.dist-info"
    files = {{"{name}.py": "made = 'from source'\\n",
              info + "/METADATA": "Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n{requires}",
              info + "/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"}}
    files[info + "/RECORD"] = "".join(path + ",,\\n" for path in files)
    with zipfile.ZipFile(folder + "/" + name, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return name
"""


def backend(name: str, extra: str = "pass", requires: str = "") -> str:
    """Return the source of a build backend."""
    return WHEEL.format(name=name, extra=extra, requires=requires)


def test_a_source_is_built_where_it_is_allowed(bench: Bench, index: LocalIndex) -> None:
    """The lock names the source and its hash, what it needs comes along, and the report marks it."""
    index.add("needed")
    made = index.add_source("srconly", backend=backend("srconly", requires="Requires-Dist: needed\\n"))
    outcome, log = bench.build("srconly", sdists=True)
    assert outcome.failure is None, log
    lock = Lock.from_toml(str(outcome.lock))
    assert lock.by_name["srconly"].file.name == made.filename
    assert lock.by_name["srconly"].file.sha256 == made.sha256
    assert "needed" in lock.by_name
    assert outcome.report is not None
    checks = {one["name"]: one for one in outcome.report["checks"]}
    assert checks["built from source"]["state"] == "noted"
    assert "srconly" in checks["built from source"]["detail"]
    run = subprocess.run(
        [str(bench.folder(outcome) / "bin" / "python"), "-c", "import srconly; print(srconly.made)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "from source"
    again, log = bench.build("needed", "srconly", sdists=True)
    assert again.failure is None, log
    assert "Building a wheel" not in log  # the first build stored it


def test_without_permission_a_source_is_not_touched(bench: Bench, index: LocalIndex) -> None:
    """Wheels only by default: the error says that there is none, and nothing of the source is fetched."""
    made = index.add_source("srconly", backend=backend("srconly"))
    outcome, _ = bench.build("srconly")
    assert outcome.failure is not None
    assert "srconly 1.0 has only a source distribution, and this workspace forbids builds from source." in (
        outcome.failure.detail
    )
    assert "Admin → Workspace" in outcome.failure.hint
    assert f"files/{made.filename}" not in index.served


def test_a_build_backend_is_kept_in(bench: Bench, index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """It finds no network, no secret of the server's, no home, and cannot write beside its own folder."""
    monkeypatch.setenv("ASSAY_TEST_SECRET", "hunter2")
    port = index.url.split(":")[2].split("/")[0]
    nosy = f"""
    import os, socket, pathlib
    seen = [name for name in os.environ if "SECRET" in name]
    try:
        socket.create_connection(("127.0.0.1", {port}), 1); seen.append("network")
    except OSError:
        pass
    if pathlib.Path({str(bench.root)!r}, "wheels", ".from-source").exists(): seen.append("store")
    for place in ({str(bench.root)!r} + "/evil", "/usr/evil"):
        try:
            pathlib.Path(place).write_text("x")
            if place.startswith("/usr"): seen.append(place)
        except OSError:
            pass
    assert not seen, seen"""
    index.add_source("nosy", backend=backend("nosy", extra=nosy.strip()))
    outcome, log = bench.build("nosy", sdists=True)
    assert outcome.failure is None, log
    assert not (bench.root / "evil").exists()


def test_a_source_that_cannot_be_built_says_why(bench: Bench, index: LocalIndex) -> None:
    """The backend's own words are in the error; nothing half done stays."""
    index.add_source("broken", backend=backend("broken", extra="raise RuntimeError('no compiler found')"))
    outcome, _ = bench.build("broken", sdists=True)
    assert outcome.failure is not None
    assert "no compiler found" in outcome.failure.detail
    assert not list(Path(bench.paths.wheels).glob(".from-source/*"))


def test_a_source_cannot_leave_its_folder(bench: Bench, index: LocalIndex) -> None:
    """A member with `../` in a source archive is refused."""
    index.add_source("leaving", backend=backend("leaving"), files={"../../../escaped.txt": "x"})
    outcome, _ = bench.build("leaving", sdists=True)
    assert outcome.failure is not None
    assert "cannot be unpacked" in outcome.failure.detail
    assert not list(bench.root.rglob("escaped.txt"))


def test_a_second_environment_reuses_the_wheel_and_cleaning_keeps_it_while_it_is_needed(
    bench: Bench, index: LocalIndex
) -> None:
    """Another lock with the same source builds nothing; without a lock that names it, the wheel goes."""
    index.add("other")
    made = index.add_source("srconly", backend=backend("srconly", extra="print('compiling hard')"))
    first, log = bench.build("srconly", sdists=True)
    assert first.failure is None, log
    assert "  compiling hard" in log
    assert "in the sandbox: no network, at most 30 minutes and 12 GiB of memory" in log
    entry = folder_of(bench.paths, made.sha256, PYTHON)
    assert json.loads((entry / "built.json").read_text())["sdist"] == made.filename
    remove_tree(Path(bench.paths.wheels) / entry.name)  # the unpacked one, so that it is wanted again
    second, log = bench.build("other", "srconly", sdists=True)
    assert second.failure is None, log
    assert "was built before" in log
    assert "compiling hard" not in log
    for name in lease_holders(bench.paths):  # the worker does so once it has the outcome
        release_lease(bench.paths, name)
    needed = needed_by(Lock.from_toml(str(second.lock)))
    collect(bench.paths, lambda: needed, older_than=-1)
    assert entry.is_dir()
    removed = collect(bench.paths, Needed, older_than=-1)
    assert ("built wheel", entry.name) in {(one.kind, one.name) for one in removed}
    assert not entry.exists()


def test_a_stored_wheel_that_changed_is_built_again(bench: Bench, index: LocalIndex) -> None:
    """Its hash is kept beside it."""
    made = index.add_source("srconly", backend=backend("srconly"))
    assert bench.build("srconly", sdists=True)[0].failure is None
    entry = folder_of(bench.paths, made.sha256, PYTHON)
    wheel = next(entry.glob("*.whl"))
    wheel.write_bytes(b"something else")
    remove_tree(Path(bench.paths.wheels) / entry.name)
    outcome, log = bench.build("srconly", sdists=True, repair=True)
    assert outcome.failure is None, log
    assert "Building a wheel" in log


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("import urllib.request; urllib.request.urlopen('http://pypi.org/')", "tried to use the network"),
        ("import subprocess; subprocess.run(['swig', '-x'])", "swig is missing on the build machine"),
        ("import numpy", "Its build imports numpy, which its build requirements do not bring"),
        ("print('one'); print('two'); raise SystemExit(3)", "The last lines of its log:\none\ntwo"),
    ],
)
def test_a_failed_build_says_what_is_missing(bench: Bench, index: LocalIndex, extra: str, words: str) -> None:
    """The cause comes first, the last lines of the log after it, and all of it is in the log of the build."""
    index.add_source("broken", backend=backend("broken", extra=extra))
    outcome, log = bench.build("broken", sdists=True)
    assert outcome.failure is not None
    assert "broken-1.0.tar.gz could not be built." in outcome.failure.detail
    assert words in outcome.failure.detail
    assert outcome.failure.detail.splitlines()[-1] in log


@pytest.mark.parametrize(
    ("extra", "limits", "words"),
    [
        ("while True: pass", {"sdist_seconds": 1.0}, "it took longer than 1 s"),
        ("kept = [bytearray(10_000_000) for _ in range(10**6)]", {"sdist_memory": 300 << 20}, "300 MiB of memory"),
    ],
)
def test_a_build_that_exceeds_a_limit_is_ended(
    bench: Bench, index: LocalIndex, extra: str, limits: dict[str, Any], words: str
) -> None:
    """The error names the limit, and the setting that raises it."""
    index.add_source("greedy", backend=backend("greedy", extra=extra))
    outcome, _ = bench.build("greedy", sdists=True, **limits)
    assert outcome.failure is not None
    assert words in outcome.failure.detail
    assert "ASSAY_SDIST_MINUTES" in outcome.failure.hint


def test_a_source_that_builds_something_else_is_refused(bench: Bench, index: LocalIndex) -> None:
    """The wheel is of the library and the version that the lock names."""
    index.add_source("honest", backend=backend("liar"))
    outcome, _ = bench.build("honest", sdists=True)
    assert outcome.failure is not None
    assert "another library or version" in outcome.failure.detail


def test_build_requirements_come_as_wheels_only(bench: Bench, index: LocalIndex) -> None:
    """A build requirement that has only a source distribution is not built in its turn."""
    index.add_source("tool", backend=backend("tool"))
    project = '[build-system]\nrequires = ["tool"]\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    index.add_source("srconly", backend=backend("srconly"), files={"pyproject.toml": project})
    outcome, _ = bench.build("srconly", sdists=True)
    assert outcome.failure is not None
    assert "The build requirements of srconly-1.0.tar.gz cannot be installed from wheels" in outcome.failure.detail
    assert "tool" in outcome.failure.detail
