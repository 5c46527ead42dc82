"""Isolated code cannot change its environment, another one with shared files, the wheel store or the cache."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assay.launchers.isolation import isolated, isolation_works

pytestmark = pytest.mark.skipif(not isolation_works(), reason="bubblewrap does not work on this machine")

ATTACK = """
import os, sys
own, store, cache, other, secret = sys.argv[1:]
done = []
def attempt(name, action):
    try:
        action(); done.append(name)
    except OSError:
        pass
def write(path):
    descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC); os.write(descriptor, b"evil"); os.close(descriptor)
for path in (own, store, cache, other):
    attempt("write " + path, lambda: write(path))
    attempt("chmod " + path, lambda: os.chmod(path, 0o777))
    attempt("write after chmod " + path, lambda: write(path))
    attempt("remove " + path, lambda: os.remove(path))
    attempt("write through root " + path, lambda: write("/proc/self/root" + path))
    for process in filter(str.isdecimal, os.listdir("/proc")):
        attempt("write through " + process + path, lambda: write(f"/proc/{process}/root" + path))
        attempt("write through cwd of " + process, lambda: write(f"/proc/{process}/cwd" + path))
attempt("add", lambda: open(os.path.join(os.path.dirname(own), "added.py"), "w").close())
attempt("rename", lambda: os.rename(os.path.dirname(own), os.path.dirname(own) + "-moved"))
attempt("read secret", lambda: open(secret).read())
print("\\n".join(done))
"""


def test_nothing_approved_can_be_changed_from_inside(tmp_path: Path) -> None:
    """All paths share one inode, as in environments: its content stays, whichever path the code tries."""
    home = tmp_path / "home"
    files = {name: home / name / "lib" / "module.py" for name in ("own", "store", "cache", "other")}
    for path in files.values():
        path.parent.mkdir(parents=True)
    files["own"].write_text("x = 1\n")
    for name in ("store", "cache", "other"):
        os.link(files["own"], files[name])
    secret = home / "secret"
    secret.write_text("top")
    argv = [sys.executable, "-c", ATTACK, *(str(path) for path in files.values()), str(secret)]
    readable = (str(home / "own"), str(home / "other"))  # both are environments that may be launched
    result = subprocess.run(
        isolated(argv, home=str(home), readable=readable, writable=()), capture_output=True, text=True, check=True
    )
    assert not result.stdout.strip(), result.stdout
    assert {path.read_text() for path in files.values()} == {"x = 1\n"}
    assert sorted(one.name for one in files["own"].parent.iterdir()) == ["module.py"]
