"""Compiling in a pool of processes: the files that `compileall` writes, whatever a source does to its process."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from support.bench import PYTHON, Bench

from assay.engine.sandbox import isolation
from assay.engine.wheel_store import compiling
from assay.engine.wheel_store.compiling import Compiler, Source

TAG = f"cpython-{PYTHON.replace('.', '')}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder for sources."""
    made = tmp_path / "wheels" / "stage"
    made.mkdir(parents=True)
    return made


def sources(folder: Path, contents: dict[str, bytes]) -> list[Source]:
    """Write sources and return them."""
    found = []
    for name, content in contents.items():
        path = folder / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        compiled = f"{name.rpartition('/')[0]}/__pycache__/{path.stem}.{TAG}.pyc".lstrip("/")
        found.append(Source(tree=str(folder / "tree"), path=name, size=len(content), compiled=compiled))
    return found


def compile_all(bench: Bench, folder: Path, found: list[Source], log: list[str]) -> dict[str, tuple[int, str]]:
    """Compile sources in a pool; return the rows of the compiled files."""
    with Compiler(bench.request(), folder, folder.parents[1], log.append) as compiler:
        batches = [one.result() for one in compiler.compile(found)]
    return {source.compiled: row for batch in batches for source, row in batch}


def test_the_files_are_those_of_compileall(bench: Bench, folder: Path) -> None:
    """The same files with the same content; a source that does not compile has none, in either."""
    contents = {f"lib/package/module{number}.py": f"value = {number!r} * 2\n".encode() for number in range(150)}
    contents |= {
        "lib/empty.py": b"",
        "lib/wrong.py": b"def (:\n",
        "lib/bytes.py": b"\xff\xfe\x00",
        "lib/nul.py": b"\0",
    }
    found = sources(folder, contents)
    rows = compile_all(bench, folder, found, [])
    other = folder.parent / "other"
    sources(other, contents)
    argv = [bench.request().python_path, "-I", "-S", "-m", "compileall", "-q"]
    argv += ["--invalidation-mode", "unchecked-hash", "-s", str(other / "tree"), str(other / "tree")]
    subprocess.run(argv, capture_output=True, check=False)
    theirs = {str(path.relative_to(other / "tree")): path.read_bytes() for path in other.glob("tree/**/*.pyc")}
    assert len(theirs) == 151
    assert {name: (len(content), hashlib.sha256(content).hexdigest()) for name, content in theirs.items()} == rows
    for name in rows:
        assert (folder / "tree" / name).read_bytes() == theirs[name]
        assert not (folder / "tree" / name).stat().st_mode & 0o222


def test_a_compiled_file_of_the_wheel_is_replaced(bench: Bench, folder: Path) -> None:
    """What a wheel brings as a compiled file is not what runs."""
    found = sources(folder, {"asked.py": b"value = 1\n"})
    brought = folder / "tree" / found[0].compiled
    brought.parent.mkdir()
    brought.write_bytes(b"anything")
    brought.chmod(0o444)
    rows = compile_all(bench, folder, found, [])
    assert hashlib.sha256(brought.read_bytes()).hexdigest() == rows[found[0].compiled][1]
    assert brought.read_bytes() != b"anything"


def test_a_process_that_dies_costs_one_source(bench: Bench, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that ends the compiler stays as it is; the others are compiled by a new process."""
    real = compiling.SCRIPT.read_text().replace(
        "    try:\n        with open(path",
        "    if path.endswith('deadly.py'): os._exit(3)\n    try:\n        with open(path",
    )
    script = folder / "worker.py"  # where the sandbox sees it
    script.write_text(real)
    monkeypatch.setattr(compiling, "SCRIPT", script)
    found = sources(folder, {"first.py": b"a = 1\n" * 9, "deadly.py": b"b = 1\n" * 5, "last.py": b"c = 1\n"})
    rows = compile_all(bench, folder, found, [])
    assert sorted(rows) == [f"__pycache__/first.{TAG}.pyc", f"__pycache__/last.{TAG}.pyc"]


def test_compiling_that_takes_too_long_is_ended_and_told(
    bench: Bench, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sources stay without compiled files, the log says so, and no process is left."""
    script = folder / "worker.py"
    script.write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setattr(compiling, "SCRIPT", script)
    monkeypatch.setattr(compiling, "COMPILE_SECONDS", 0.2)
    log: list[str] = []
    assert compile_all(bench, folder, sources(folder, {"asked.py": b""}), log) == {}
    assert log == ["Compiling took too long; Python compiles the remaining files at each start."]
    listed = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    assert str(script) not in listed


def test_the_processes_can_write_nothing(bench: Bench, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They see the sources, but neither change them nor write beside them; the store around them is hidden."""
    if isolation.isolation() != "bubblewrap":
        pytest.skip("this machine has no sandbox")
    secret = folder.parent / "secret.py"
    secret.write_text("value = 1\n")
    script = folder / "worker.py"
    script.write_text(
        "import os, struct, sys\n"
        "for line in sys.stdin:\n"
        "    told = [os.path.exists(sys.argv[0])]\n"
        f"    told.append(os.path.exists({str(secret)!r}))\n"
        "    try:\n"
        f"        open({str(folder / 'tree' / 'written')!r}, 'w')\n"
        "        told.append('written')\n"
        "    except OSError:\n"
        "        told.append('refused')\n"
        "    content = repr(told).encode()\n"
        "    os.write(1, struct.pack('<Q', len(content)) + content)\n"
    )
    monkeypatch.setattr(compiling, "SCRIPT", script)
    found = sources(folder, {"asked.py": b"value = 1\n"})
    compile_all(bench, folder, found, [])
    assert (folder / "tree" / found[0].compiled).read_text() == "[True, False, 'refused']"
    assert not (folder / "tree" / "written").exists()
