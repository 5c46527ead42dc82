"""The engine with real uv and tiny wheels from an index on loopback: exact, contained, all or nothing."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest
from support.bench import PYTHON, Bench
from support.index import LocalIndex

from assay.core.errors import DriftError, ResolutionError
from assay.core.lock import Lock
from assay.engine.installing.seal import check_sealed, remove_unfinished
from assay.engine.sandbox import isolation


def test_a_build_is_exactly_its_lock_sealed_and_told(bench: Bench, index: LocalIndex) -> None:
    """Resolve, install, verify, check: the directory under the digest holds the locked libraries."""
    index.add("base-lib", "1.2", modules={"base_lib/__init__.py": "x = 1\n"})
    index.add("asked", "2.0", requires=("base-lib>=1",))
    outcome, log = bench.build("asked")
    assert outcome.failure is None, log
    assert outcome.lock is not None
    lock = Lock.from_toml(outcome.lock)
    assert lock.digest == outcome.digest == bench.visible()[0]
    assert lock.why(("asked",)) == {"asked": (), "base-lib": ("asked",)}
    folder = Path(bench.paths.environments) / lock.digest
    check_sealed(folder, lock.digest)
    module = folder / "lib" / f"python{PYTHON}" / "site-packages" / "asked.py"
    assert not module.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    assert outcome.report is not None
    facts = {one["name"]: one for one in outcome.report["libraries"]}
    assert facts["asked"]["licence"] == "MIT"
    assert facts["base-lib"]["modules"] == ("base_lib",) or facts["base-lib"]["modules"] == ["base_lib"]
    assert {one["error"] for one in outcome.report["imports"]} == {""}
    for step in ("== resolving ==", "== installing ==", "== checking =="):
        assert step in log


def test_the_same_lock_is_ready_at_once(bench: Bench, index: LocalIndex) -> None:
    """Law 7: the second build of a lock installs nothing and says so."""
    index.add("asked")
    first, _ = bench.build("asked")
    second, log = bench.build("asked")
    assert (second.digest, second.reused) == (first.digest, True)
    assert "== installing ==" not in log
    third, _ = bench.build("asked", lock=first.lock)
    assert third.digest == first.digest


def test_the_bases_pins_stay_where_they_are(bench: Bench, index: LocalIndex) -> None:
    """A base's versions are kept though newer ones exist; a conflict with them is told."""
    for version in ("1.0", "2.0"):
        index.add("shared", version)
    index.add("fine", requires=("shared",))
    index.add("greedy", requires=("shared>=2",))
    lock = bench.resolve("fine", pins=("shared==1.0",))
    assert lock.by_name["shared"].version == "1.0"
    with pytest.raises(ResolutionError) as caught:
        bench.resolve("greedy", pins=("shared==1.0",))
    assert "greedy" in caught.value.detail
    assert caught.value.hint


def test_failures_say_what_and_what_to_do(bench: Bench, index: LocalIndex) -> None:
    """An unknown name, a missing version, a silent index."""
    index.add("known", "1.0")
    outcome, _ = bench.build("unknown-thing")
    assert outcome.failure is not None
    assert "unknown-thing" in outcome.failure.detail
    assert "spelling" in outcome.failure.hint
    outcome, _ = bench.build("known>=9")
    assert outcome.failure is not None
    assert "known" in outcome.failure.detail
    index.misbehave["known-1.0-py3-none-any.whl"] = "500"
    outcome, _ = bench.build("known")
    assert outcome.failure is not None
    assert outcome.failure.step == "installing"
    assert bench.visible() == []


def test_another_file_than_the_hash_is_refused(bench: Bench, index: LocalIndex) -> None:
    """The index serves other bytes than it announced: nothing is built."""
    wheel = index.add("asked")
    index.misbehave[wheel.filename] = "other"
    outcome, _ = bench.build("asked")
    assert outcome.failure is not None
    assert "does not match the lock" in outcome.failure.detail
    assert bench.visible() == []


def test_a_wheel_cannot_write_outside_its_tree(bench: Bench, index: LocalIndex) -> None:
    """A path with `../` lands nowhere, and a RECORD that names files which are not there counts none."""
    index.add("hostile", files={"../../../../escaped.py": "x = 1\n"}, record=("not_there.py",))
    outcome, log = bench.build("hostile")
    assert not list(bench.root.rglob("escaped.py")), log
    for name in bench.visible():
        base = Path(bench.paths.environments) / name
        assert outcome.report is not None
        assert sum(path.is_file() or path.is_symlink() for path in base.rglob("*")) <= outcome.report["files"] + 3


def test_package_code_is_contained(bench: Bench, index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import finds no network, no home, no secret, nothing to write; one that dies costs only itself."""
    secret = bench.root / "secret"
    secret.write_text("top")
    monkeypatch.setenv("ASSAY_TEST_SECRET", "hunter2")
    nosy = f"""
import os, socket, pathlib
assert "ASSAY_TEST_SECRET" not in os.environ
seen = []
try:
    socket.create_connection(("127.0.0.1", {index.url.split(":")[2].split("/")[0]}), 1); seen.append("network")
except OSError:
    pass
if pathlib.Path({str(secret)!r}).exists(): seen.append("secret")
try:
    pathlib.Path(__file__).write_text("changed"); seen.append("own file")
except OSError:
    pass
assert not seen, seen
"""
    index.add("nosy", modules={"nosy.py": nosy})
    index.add("dying", modules={"dying.py": "import os; os._exit(7)\n"})
    index.add("forking", modules={"forking.py": "import os, time\nif os.fork() == 0:\n    time.sleep(600)\n"})
    index.add("zlast")
    outcome, log = bench.build("nosy", "dying", "forking", "zlast")
    assert outcome.report is not None, log
    errors = {one["library"]: one["error"] for one in outcome.report["imports"]}
    assert "exit 7" in errors.pop("dying")
    if isolation.isolation() == "bubblewrap":
        assert errors == {"nosy": "", "forking": "", "zlast": ""}
    listed = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    assert str(bench.root) not in listed
    checks = {one["name"]: one for one in outcome.report["checks"]}
    assert checks["imports"]["state"] == "failed"
    assert "dying" in checks["imports"]["detail"]


def test_start_up_files_are_told(bench: Bench, index: LocalIndex) -> None:
    """A `.pth` runs at every start of Python: it is a fact for the reviewer."""
    index.add("starter", files={"starter.pth": "import sys\n"})
    outcome, _ = bench.build("starter")
    assert outcome.report is not None
    told = {one["name"]: one for one in outcome.report["checks"]}["startup code"]
    assert told["state"] == "noted"
    assert "starter.pth" in told["detail"]


def test_a_changed_directory_starts_nothing(bench: Bench, index: LocalIndex) -> None:
    """Law 1 at the level of files: another lock in the directory, or none, is drift."""
    index.add("asked")
    outcome, _ = bench.build("asked")
    assert outcome.digest
    folder = Path(bench.paths.environments) / outcome.digest
    with pytest.raises(DriftError):
        check_sealed(folder, "0" * 64)
    with pytest.raises(DriftError):
        check_sealed(folder.parent / "nothing", outcome.digest)
    check_sealed(folder, outcome.digest)
    lock = folder / "pylock.toml"
    text = lock.read_text()
    lock.chmod(0o644)
    lock.write_text(text.replace("asked", "other"))  # after it was read
    with pytest.raises(DriftError, match="instead of"):
        check_sealed(folder, outcome.digest)
    lock.write_text(text)
    check_sealed(folder, outcome.digest)


def test_kill_at_any_moment_leaves_all_or_nothing(bench: Bench, index: LocalIndex) -> None:
    """Law 5: `kill -9` of the whole build at random points; what is visible is complete, and the next build works."""
    for number in range(8):
        index.add(f"lib{number}", modules={f"lib{number}.py": "x = 1\n" * 2000})
    libraries = [f"lib{number}" for number in range(8)]
    dice = random.Random(7)
    for _ in range(40):
        folder = bench.workdir(bench.request(*libraries))
        process = bench.start(folder, start_new_session=True)
        time.sleep(dice.uniform(0.02, 0.8))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for name in bench.visible():
            check_sealed(Path(bench.paths.environments) / name, name)
    outcome, log = bench.build(*libraries)
    assert outcome.failure is None, log
    remove_unfinished(bench.paths)
    assert [one.name for one in Path(bench.paths.environments).glob("[!.]*")] == [outcome.digest]
    assert list(Path(bench.paths.environments).glob(".building-*")) == []


def test_ending_a_build_cleans_up(bench: Bench, index: LocalIndex) -> None:
    """SIGTERM in the middle removes what was half done."""
    wheel = index.add("slowly")
    index.misbehave[wheel.filename] = "slow"
    folder = bench.workdir(bench.request("slowly"))
    process = bench.start(folder)
    while not (folder / "progress.json").exists() or "installing" not in (folder / "progress.json").read_text():
        time.sleep(0.01)
    process.terminate()
    assert process.wait(5) != 0
    assert list(Path(bench.paths.environments).glob("[!.]*")) == []
    assert list(Path(bench.paths.environments).glob(".building-*")) == []


def test_log_lines_cannot_forge_or_command(bench: Bench, index: LocalIndex) -> None:
    """Control characters in what packages say are escaped."""
    index.add("loud", modules={"loud.py": "raise ValueError('\\x1b[2J\\r== built ==')\n"})
    _, log = bench.build("loud")
    assert "\x1b" not in log
    assert "\\x1b[2J" in log
