"""A prepared server: the same as one that is started for its owner, given to one person once, nobody else's."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from studio.rig import LAB, SECRETS, Desk, Studio, eventually, serve_desk

from assay.launchers import supervisor
from assay.studio import prepared
from assay.studio.prefix import studio_prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

# A person's Jupyter configuration, which their server executes while it starts: it tells what it is.
TELL = """
import gc, json, os, resource, sys, threading
def told():
    umask = os.umask(0)
    os.umask(umask)
    status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
    kept = ("Uid", "Gid", "Groups", "Cap", "NoNew", "Seccomp", "NSpid", "Threads", "SigB", "SigI", "SigC")
    files = [(number, os.readlink(f"/proc/self/fd/{number}")) for number in sorted(os.listdir("/proc/self/fd"))
             if os.path.exists(f"/proc/self/fd/{number}")]
    return {
        "prepared": gc.get_freeze_count() > 0, "variables": dict(os.environ), "path": sys.path, "argv": sys.argv[1:],
        "flags": str(sys.flags),
        "main": sys.modules["__main__"].__spec__.name, "folder": os.getcwd(), "umask": umask, "files": files,
        "limits": [resource.getrlimit(getattr(resource, one)) for one in dir(resource) if one.startswith("RLIMIT_")],
        "affinity": len(os.sched_getaffinity(0)), "priority": os.getpriority(os.PRIO_PROCESS, 0),
        "status": {name: value for name, value in status.items() if name.startswith(kept)},
        "cgroup": open("/proc/self/cgroup").read(), "oom": open("/proc/self/oom_score_adj").read(),
        "users": open("/proc/self/uid_map").read(), "first": open("/proc/1/comm").read(),
        "mounts": sorted(" ".join(one.split(" ")[4:6]) for one in open("/proc/self/mountinfo")),
        "homes": os.listdir(os.path.expanduser("~/..")), "home": sorted(os.listdir(os.path.expanduser("~/../.."))),
        "hub": {one: os.listdir(os.path.expanduser("~/../../hub/" + one))
                for one in os.listdir(os.path.expanduser("~/../../hub"))},
        "hook": str(sys.excepthook), "threads": threading.active_count(),
    }
json.dump(told(), open(os.path.expanduser("~/told.json"), "w"))
"""
# Prepares a server and tells which variables were read meanwhile, whether the folder was, and how many threads run.
WATCH = """
import importlib, json, os, sys
found = {"__name__": "prepared_server"}
exec(compile(open(sys.argv[1]).read(), sys.argv[1], "exec"), found)
for name in found["READ_AGAIN"]:
    importlib.import_module(name)
found["sysconfig"].get_config_vars()
asked, folder = [], os.getcwd
os.getcwd = lambda: asked.append(1) or folder()
read = found["prepare"]()
print(json.dumps([sorted(read), len(asked), len(os.listdir("/proc/self/task"))]))
"""


@pytest.fixture(scope="module")
def served(prefix: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Studio]]:
    """Start a desk and a Hub that prepares one server, and end both."""
    desk = Desk(prefix)
    with serve_desk(desk) as server:
        with Studio(tmp_path_factory.mktemp("studio"), server.server_port, prepared=1) as studio:
            yield desk, studio
        server.shutdown()


@pytest.fixture
def studio(served: tuple[Desk, Studio]) -> Studio:
    """Return the Hub, with a server that is ready."""
    eventually(lambda: waiting(served[1]))
    return served[1]


def waiting(studio: Studio) -> list[int]:
    """Return the pids of prepared servers that wait for their assignment, as their log tells."""
    log = studio.home / "hub" / "prepared.log"
    told = re.fullmatch(r"A server is prepared: process (\d+)\n", log.read_text()) if log.exists() else None
    return [int(told[1])] if told and int(told[1]) in studio.processes() else []


def told(studio: Studio, name: str) -> dict[str, Any]:
    """Start a server of a person who has it tell what it is, and stop it."""
    config = studio.home / "homes" / name / ".jupyter" / "jupyter_server_config.py"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(TELL)
    studio.start(name, "same")
    studio.seen(name, "same", "ready")
    found: dict[str, Any] = json.loads((config.parent.parent / "told.json").read_text())
    studio.stop(name, "same")
    return found


def test_it_is_the_same_as_one_started_for_its_owner(studio: Studio) -> None:
    """Variables, path, limits, open files, rights, mounts: whatever a process can tell of itself."""
    first = told(studio, "ana")
    cold = told(studio, "ana")
    assert (first.pop("prepared"), cold.pop("prepared")) == (True, False)
    for one in (first, cold):
        for name in ("JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN", "JUPYTERHUB_SERVICE_URL"):
            assert one["variables"].pop(name)
        hidden = str(studio.home / "hub" / "prepared")
        empty = {
            f"{studio.home}/homes ro,nosuid,nodev,relatime",
            f"{studio.home}/hub/kernels ro,nosuid,nodev,relatime",
        }
        one["mounts"] = [mount for mount in one["mounts"] if not mount.startswith(hidden) and mount not in empty]
    assert first == cold
    assert first["homes"] == ["ana"]
    assert first["hub"] == {"kernels": ["ana-same"]}


def test_what_an_assignment_sets_is_not_read_before_or_read_again(studio: Studio) -> None:
    """Libraries that keep a variable that they read while they are imported would keep that of nobody."""
    python, script = studio_prefix() / "bin" / "python", Path(prepared.__file__).with_name("prepared_server.py")
    ran = subprocess.run([python, "-P", "-c", WATCH, script], capture_output=True, text=True, check=True)
    read, folder, threads = json.loads(ran.stdout)
    assert set(read) & set(told(studio, "ana")["variables"]) <= {"USER", "LANG", "PATH"}
    assert (folder, threads) == (0, 1)


def test_it_waits_without_an_owner_a_home_or_a_secret(studio: Studio) -> None:
    """Its variables hold no secret, it sees nobody's files, and its socket has no name that another could open."""
    (studio.home / "homes" / "eve").mkdir(parents=True, exist_ok=True)
    [parent] = waiting(studio)
    one = max(supervisor.tree(parent))
    variables = Path(f"/proc/{one}/environ").read_text()
    assert not [value for value in SECRETS.values() if value in variables]
    assert "JUPYTERHUB_API_TOKEN" not in variables
    seen = Path(f"/proc/{one}/root{studio.home}")
    assert sorted(path.name for path in seen.iterdir()) in (["homes", "hub"], ["environments", "homes", "hub"])
    assert not list((seen / "homes").iterdir())
    assert not list((seen / "hub" / "kernels").iterdir())
    files = [str(path.readlink()) for pid in (parent, one) for path in Path(f"/proc/{pid}/fd").iterdir()]
    numbers = {name[8:-1] for name in files if name.startswith("socket:")}
    listed = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()]
    assert numbers
    assert not [words for words in listed if words[6] in numbers and len(words) > 7]


def test_two_starts_at_once_share_nothing(studio: Studio) -> None:
    """One gets what was prepared, the other one of its own; each is its owner's."""
    [parent] = waiting(studio)
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda name: studio.start(name, "at-once"), ("fay", "gus")))
    for name in ("fay", "gus"):
        studio.seen(name, "at-once", "ready")
    servers = {pid: one for pid, one in studio.processes().items() if "singleuser" in one or "prepared" in one}
    assert parent in servers
    owners = ("fay", "gus")
    for name in owners:
        (studio.home / "homes" / name / f"of-{name}").touch()
    for name in owners:
        files = studio.call("GET", f"/user/{name}/at-once/api/contents").json()["content"]
        assert [one["name"] for one in files] == [f"of-{name}"]
        studio.stop(name, "at-once")
    eventually(lambda: parent not in studio.processes(), 5)


def test_one_that_ends_is_replaced(studio: Studio) -> None:
    """Killed while it waits: the next start succeeds without it, and another is prepared."""
    [parent] = waiting(studio)
    os.kill(max(supervisor.tree(parent)), signal.SIGKILL)
    studio.start("hal", "after")
    studio.seen("hal", "after", "ready")
    studio.stop("hal", "after")
    eventually(lambda: waiting(studio))
    assert waiting(studio) != [parent]


def test_a_refused_start_assigns_nothing(served: tuple[Desk, Studio], studio: Studio) -> None:
    """A right that was taken away since the person asked: the gate refuses, and nobody gets anything."""
    desk, _ = served
    before = waiting(studio)
    desk.refuse("eve may not start geo@4.", "Ask an administrator.")
    try:
        assert "eve may not start" in studio.refused("eve", "late")
    finally:
        desk.refusal = None
    assert waiting(studio) == before
    assert not list(Path(f"/proc/{max(supervisor.tree(before[0]))}/root{studio.home}/homes").iterdir())


def test_an_application_takes_none(served: tuple[Desk, Studio], studio: Studio) -> None:
    """What is prepared is a notebook server; other applications start as before."""
    desk, _ = served
    before = waiting(studio)
    argv = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "{port}"]
    desk.application = {"name": "Files", "path": "", "argv": argv, "strips": True}
    try:
        studio.start("ida", "app")
        studio.seen("ida", "app", "ready")
    finally:
        desk.application = dict(LAB)
    assert waiting(studio) == before
    studio.stop("ida", "app")


def test_it_ends_when_nobody_uses_studio(studio: Studio) -> None:
    """Unused for ten minutes, it is ended; it is prepared again when somebody comes."""
    active = studio.home / "hub" / "active"
    os.utime(active, (0, 0))
    eventually(lambda: not waiting(studio))
    eventually(lambda: not [one for one in studio.processes().values() if "prepared" in one])
    active.touch()
    eventually(lambda: waiting(studio))


@pytest.mark.parametrize("way", ["asked", "killed"])
def test_it_ends_with_the_hub(prefix: Path, tmp_path: Path, way: str) -> None:
    """Told to end or killed, the Hub leaves no prepared server behind."""
    with serve_desk(Desk(prefix)) as server, Studio(tmp_path / "home", server.server_port, prepared=1) as studio:
        eventually(lambda: waiting(studio))
        if way == "asked":
            studio.end()
        else:
            hub = next(pid for pid, one in studio.processes().items() if "-m jupyterhub --config" in one)
            os.kill(hub, signal.SIGKILL)
            studio.process.wait(5)
        eventually(lambda: not studio.processes(), 3)
        server.shutdown()
