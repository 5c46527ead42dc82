"""Code inside a launched environment tries to change it, another one by shared files, the shelf and the cache."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assay.launchers.isolation import wall_works, walled

pytestmark = pytest.mark.skipif(not wall_works(), reason="bubblewrap does not work on this machine")

ATTACK = """
import os, sys
own, shelf, cache, other, secret = sys.argv[1:]
done = []
def attempt(name, action):
    try:
        action(); done.append(name)
    except OSError:
        pass
def write(path):
    descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC); os.write(descriptor, b"evil"); os.close(descriptor)
for path in (own, shelf, cache, other):
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
    """All places share one inode, as environments do: it keeps its content whichever name is tried."""
    home = tmp_path / "home"
    places = {name: home / name / "lib" / "module.py" for name in ("own", "shelf", "cache", "other")}
    for path in places.values():
        path.parent.mkdir(parents=True)
    places["own"].write_text("x = 1\n")
    for name in ("shelf", "cache", "other"):
        os.link(places["own"], places[name])
    secret = home / "secret"
    secret.write_text("top")
    argv = [sys.executable, "-c", ATTACK, *(str(path) for path in places.values()), str(secret)]
    readable = (str(home / "own"), str(home / "other"))  # both are environments that may be launched
    done = subprocess.run(
        walled(argv, home=str(home), readable=readable, writable=()), capture_output=True, text=True, check=True
    )
    assert not done.stdout.strip(), done.stdout
    assert {path.read_text() for path in places.values()} == {"x = 1\n"}
    assert sorted(one.name for one in places["own"].parent.iterdir()) == ["module.py"]
