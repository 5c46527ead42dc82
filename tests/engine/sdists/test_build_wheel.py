"""Source distributions: only where allowed, built in the sandbox, kept and told."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.bench import Bench
from support.index import LocalIndex

from assay.core.lock import Lock
from assay.engine.sandbox import isolation

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
    assert "no usable wheels" in outcome.failure.detail
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
