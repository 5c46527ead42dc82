"""A started process outlives its starter, can be read after any restart, and ends with its whole tree."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.launchers import local, supervisor
from assay.launchers.interface import Handle, Start, Status
from assay.launchers.isolation import isolated, isolation_works
from assay.launchers.local import LocalLauncher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Found = TypeVar("Found")
WAIT_SECONDS = 10  # for what a test waits for

# Ignores SIGTERM and has children that detach in both usual ways; each writes its pid.
STUBBORN_TREE = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
def write_pid():
    with open("pids", "a") as file:
        file.write(f"{os.getpid()}\\n")
write_pid()
if os.fork() == 0:
    os.setsid()
    write_pid()
    time.sleep(600)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        write_pid()
        time.sleep(600)
    os._exit(0)
time.sleep(600)
"""

# Starts a process, prints its handle and waits to be killed, as a server would be.
OTHER_SERVER = """
import json, sys, time
from dataclasses import asdict
from assay.launchers.interface import Start
from assay.launchers.local import LocalLauncher
workdir = sys.argv[1]
argv = ("/bin/sh", "-c", "sleep 0.3; echo done; exit 5")
handle = LocalLauncher().start(Start(argv=argv, cwd=workdir, env={}, workdir=workdir))
print(json.dumps(asdict(handle)), flush=True)
time.sleep(600)
"""


def eventually(look: Callable[[], Found], seconds: float = WAIT_SECONDS) -> Found:
    """Return the first true result of `look`."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return found


def shell(workdir: Path, script: str) -> Start:
    """Return the start of a shell script."""
    return Start(argv=("/bin/sh", "-c", script), cwd=str(workdir), env={}, workdir=str(workdir))


def python(workdir: Path, code: str) -> Start:
    """Return the start of Python code."""
    return replace(shell(workdir, ""), argv=(sys.executable, "-c", code))


def ended(handle: Handle) -> Status:
    """Wait for the end, seen by a launcher that did not start it."""

    def look() -> Status | None:
        status = LocalLauncher().status(handle)
        return None if status.state == "running" else status

    status = eventually(look)
    assert status is not None
    return status


def written_pids(workdir: Path, count: int = 3) -> list[int]:
    """Wait until `count` processes of the tree have written their pid."""

    def look() -> list[int]:
        path = workdir / "pids"
        pids = [int(line) for line in path.read_text().split()] if path.exists() else []
        return pids if len(pids) >= count else []

    return eventually(look)


def is_alive(pid: int) -> bool:
    """Return whether a process exists and is not a zombie."""
    return bool(supervisor.start_time(pid))


@pytest.fixture
def launcher() -> LocalLauncher:
    """Return a launcher."""
    return LocalLauncher()


@pytest.fixture
def started(launcher: LocalLauncher) -> Iterator[Callable[[Start], Handle]]:
    """Start processes, and stop what a failing test leaves."""
    handles: list[Handle] = []

    def start(process: Start) -> Handle:
        handles.append(launcher.start(process))
        return handles[-1]

    yield start
    for handle in handles:
        launcher.stop(handle, grace=0)


Starter = "Callable[[Start], Handle]"


def test_exit_code_log_and_usage_are_stored(tmp_path: Path, started: Starter) -> None:
    """Both output streams land in the log in order; exit code, duration and memory in the status."""
    status = ended(started(shell(tmp_path, "echo one; echo two >&2; exit 7")))
    assert (status.state, status.exit_code, status.reason) == ("exited", 7, "")
    assert (tmp_path / "log").read_text() == "one\ntwo\n"
    assert status.seconds is not None
    assert 0 < status.seconds < WAIT_SECONDS


def test_only_the_given_environment_is_passed(tmp_path: Path, started: Starter) -> None:
    """A process gets the given variables and its working directory, and none of ours."""
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    status = ended(started(replace(python(tmp_path, code), env={"NAME": "value", "LC_ALL": "C"})))
    assert status.exit_code == 0
    seen = json.loads((tmp_path / "log").read_text())
    assert seen == {"NAME": "value", "LC_ALL": "C", "ASSAY_PROCESS": str(tmp_path)}


def test_log_grows_while_the_process_runs(tmp_path: Path, started: Starter) -> None:
    """Output can be read before the process ends."""
    handle = started(shell(tmp_path, "echo first; sleep 600"))
    log = tmp_path / "log"
    assert eventually(lambda: log.exists() and log.read_bytes()) == b"first\n"
    assert LocalLauncher().status(handle).state == "running"


def test_program_that_is_missing_is_explained(tmp_path: Path, started: Starter) -> None:
    """A program that cannot be started exits 127 and says why in the log."""
    status = ended(started(replace(shell(tmp_path, ""), argv=("/nowhere/program",))))
    assert status.exit_code == 127
    assert "/nowhere/program cannot be started" in (tmp_path / "log").read_text()


def test_killed_by_a_signal_is_a_negative_code(tmp_path: Path, started: Starter) -> None:
    """As in Python's subprocess, death by signal n is exit code -n."""
    assert ended(started(shell(tmp_path, "kill -SEGV $$"))).exit_code == -signal.SIGSEGV


def test_stop_ends_the_whole_tree(tmp_path: Path, launcher: LocalLauncher, started: Starter) -> None:
    """Children that called setsid or forked twice end too, even where SIGTERM is ignored."""
    handle = started(python(tmp_path, STUBBORN_TREE))
    pids = written_pids(tmp_path)
    assert all(map(is_alive, pids))
    began = time.monotonic()
    launcher.stop(handle)
    assert time.monotonic() - began < 1.0  # 0.8 s to end by itself, then force
    assert not any(map(is_alive, pids))
    status = launcher.status(handle)
    assert (status.state, status.reason) == ("exited", "stopped")
    assert status.exit_code == -signal.SIGKILL


def test_grace_is_kept(tmp_path: Path, launcher: LocalLauncher, started: Starter) -> None:
    """Force comes after the grace that was asked for, not earlier or later."""
    handle = started(python(tmp_path, STUBBORN_TREE))
    written_pids(tmp_path)
    began = time.monotonic()
    launcher.stop(handle, grace=0.2)
    assert 0.15 < time.monotonic() - began < 0.7


def test_stop_lets_a_process_finish_its_work(tmp_path: Path, launcher: LocalLauncher, started: Starter) -> None:
    """SIGTERM comes first, and its handler may write output."""
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('saved'), sys.exit(3)))\n"
        "print('up', flush=True)\n"
        "time.sleep(600)\n"
    )
    handle = started(python(tmp_path, code))
    eventually(lambda: (tmp_path / "log").exists() and (tmp_path / "log").read_text())
    launcher.stop(handle)
    assert (tmp_path / "log").read_text() == "up\nsaved\n"
    assert launcher.status(handle).exit_code == 3


def test_stop_right_after_start(tmp_path: Path, launcher: LocalLauncher, started: Starter) -> None:
    """A process that is stopped while its supervisor starts is stopped, not lost."""
    for number in range(5):
        workdir = tmp_path / str(number)
        workdir.mkdir()
        handle = started(shell(workdir, "sleep 600"))
        time.sleep(number * 0.008)
        launcher.stop(handle)
        status = launcher.status(handle)
        assert (status.state, status.reason) == ("exited", "stopped")


def test_children_left_behind_end_with_the_main_process(tmp_path: Path, started: Starter) -> None:
    """When a process exits, its detached children end too, and its exit code is stored."""
    script = "import subprocess, sys; p = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
    status = ended(started(python(tmp_path, f"{script}print(p.pid); sys.exit(4)")))
    assert status.exit_code == 4
    assert not is_alive(int((tmp_path / "log").read_text()))


def test_time_limit_is_the_reason(tmp_path: Path, started: Starter) -> None:
    """A process that exceeds its time limit is stopped, and the status has the reason."""
    status = ended(started(replace(shell(tmp_path, "sleep 600"), seconds=0.2)))
    assert status.reason == "timeout"
    assert status.seconds is not None
    assert 0.2 <= status.seconds < 1


def test_memory_limit_counts_the_tree(tmp_path: Path, started: Starter) -> None:
    """A tree that exceeds the memory limit is stopped, though no single process exceeds it."""
    code = (
        "import os, time\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0:\n"
        "        held = b'x' * (50 << 20)\n"
        "        time.sleep(600)\n"
        "time.sleep(600)\n"
    )
    status = ended(started(replace(python(tmp_path, code), memory=120 << 20)))
    assert status.reason == "memory"
    assert status.peak_memory is not None
    assert status.peak_memory > 120 << 20


def test_log_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Output beyond the limit is not stored, the log notes it once, and the process keeps running."""
    monkeypatch.setattr(supervisor, "LOG_LIMIT", 1000)
    start = shell(tmp_path, "i=0; while [ $i -lt 200 ]; do echo 0123456789; i=$((i+1)); done; exit 6")
    (tmp_path / "start.json").write_text(json.dumps(asdict(start) | {"secrets": []}))
    child = os.fork()
    if child == 0:
        os._exit(supervisor.Supervisor(str(tmp_path)).run())
    os.waitpid(child, 0)
    log = (tmp_path / "log").read_text()
    assert log.startswith("0123456789\n")
    assert log.count("the log is full") == 1
    assert len(log) < 1100
    assert json.loads((tmp_path / "status.json").read_text())["exit_code"] == 6


def test_kill_of_the_starter_changes_nothing(tmp_path: Path) -> None:
    """After `kill -9` of its starter, a process keeps running and its exit code can be read."""
    with subprocess.Popen([sys.executable, "-c", OTHER_SERVER, str(tmp_path)], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        handle = Handle(**json.loads(server.stdout.readline()))
        server.kill()
    assert LocalLauncher().status(handle).state == "running"
    assert eventually(lambda: LocalLauncher().find(str(tmp_path))) == handle
    assert ended(handle).exit_code == 5
    assert (tmp_path / "log").read_text() == "done\n"


def test_killed_supervisor_is_lost_and_leaves_nothing(
    tmp_path: Path, launcher: LocalLauncher, started: Starter
) -> None:
    """After `kill -9` of a supervisor the process is lost, and reading its status kills what detached."""
    handle = started(python(tmp_path, STUBBORN_TREE))
    pids = written_pids(tmp_path)
    os.kill(handle.pid, signal.SIGKILL)
    eventually(lambda: not is_alive(handle.pid))
    assert launcher.status(handle).state == "lost"
    eventually(lambda: not any(map(is_alive, pids)))
    assert launcher.find(str(tmp_path)) is None


def test_a_reused_pid_is_never_mistaken(tmp_path: Path, launcher: LocalLauncher) -> None:
    """A handle whose pid belongs to a later process is lost, and stopping it does not touch that process."""
    with subprocess.Popen(["sleep", "600"]) as stranger:
        handle = Handle(kind="local", workdir=str(tmp_path), pid=stranger.pid, started="1")
        assert launcher.status(handle).state == "lost"
        launcher.stop(handle)
        assert stranger.poll() is None
        stranger.kill()


def test_nothing_was_started(tmp_path: Path, launcher: LocalLauncher) -> None:
    """A directory in which nothing was started has no handle."""
    assert launcher.find(str(tmp_path)) is None


def test_overhead_is_small(tmp_path: Path, started: Starter) -> None:
    """A process that does nothing ends, status included, within a few hundredths of a second."""
    seconds = []
    for number in range(7):
        workdir = tmp_path / str(number)
        workdir.mkdir()
        began = time.monotonic()
        ended(started(shell(workdir, "exit 0")))
        seconds.append(time.monotonic() - began)
    assert statistics.median(seconds) < 0.25  # 0.04 on a quiet machine


def test_terminate_returns_at_once_and_sigkill_follows(
    tmp_path: Path, launcher: LocalLauncher, started: Starter
) -> None:
    """`terminate` does not wait; SIGKILL follows after the grace period, after one call or several."""
    handle = started(replace(python(tmp_path, STUBBORN_TREE), grace=0.3))
    pids = written_pids(tmp_path)
    began = time.monotonic()
    for _ in range(3):
        launcher.terminate(handle)
    assert time.monotonic() - began < 0.1
    assert ended(handle).reason == "stopped"
    assert 0.2 < time.monotonic() - began < 1.5
    assert not any(map(is_alive, pids))


def test_secrets_reach_the_process_and_nothing_else(tmp_path: Path, started: Starter) -> None:
    """A secret is an environment variable; no file contains it, and the log masks it, also across two chunks."""
    code = (
        "import os, sys, time\n"
        "word = os.environ['DB_PASSWORD']\n"
        "print('it is', word)\n"
        "sys.stdout.write(word[:6]); sys.stdout.flush(); time.sleep(0.3); print(word[6:])\n"
        "print('correct')\n"
        "sys.stdout.write('corr')\n"
    )
    handle = started(replace(python(tmp_path, code), secrets={"DB_PASSWORD": "correct horse"}))
    assert ended(handle).exit_code == 0
    assert (tmp_path / "log").read_text() == "it is ***\n***\ncorrect\ncorr"
    kept = [one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()]
    assert not any(b"correct horse" in one for one in kept)


def test_without_its_secrets_nothing_starts(tmp_path: Path) -> None:
    """When the starter is killed before it sends the secrets, the process does not start without them."""
    start = asdict(shell(tmp_path, "echo ran")) | {"secrets": ["DB_PASSWORD"]}
    (tmp_path / "start.json").write_text(json.dumps(start))
    local._supervisors_of("").start(str(tmp_path), {})
    eventually((tmp_path / "status.json").exists)
    assert json.loads((tmp_path / "status.json").read_text())["exit_code"] == 127
    assert "did not arrive" in (tmp_path / "log").read_text()


def test_a_new_process_forks_supervisors_when_the_other_was_killed(tmp_path: Path, started: Starter) -> None:
    """Supervisors go on without the process that forked them, whose place another one takes."""
    first = started(shell(tmp_path / "first", "sleep 0.5; exit 3"))
    forking = local._supervisors_of("")._process
    assert forking is not None
    forking.kill()
    forking.wait()
    second = started(replace(shell(tmp_path / "second", "exit 4"), secrets={"LONG": "x" * 100_000}, cwd="/"))
    assert (ended(second).exit_code, ended(first).exit_code) == (4, 3)


def of_module(workdir: Path, *arguments: str) -> Start:
    """Return the start of a module's `main`."""
    return replace(shell(workdir, ""), module="support.prepared_module", argv=arguments, env={"COLOUR": "blue"})


def test_a_module_is_called_in_a_fork_of_a_process_that_has_imported_it(tmp_path: Path, started: Starter) -> None:
    """It has the arguments, variables, folder and session of its start, and nothing of the process before."""
    handle = started(replace(of_module(tmp_path, "tell", "more"), secrets={"PASSWORD": "correct horse"}))
    assert ended(handle).exit_code == 3
    told = json.loads((tmp_path / "log").read_text())
    variables = {"COLOUR": "blue", "ASSAY_PROCESS": str(tmp_path), "PASSWORD": "***"}
    assert told == {
        "arguments": ["tell", "more"],
        "variables": variables,
        "cwd": str(tmp_path),
        "forked": True,
        "leads": True,
        "files": [0, 1, 2],
        "term": True,
    }


def test_a_module_that_fails_ends_its_process(tmp_path: Path, started: Starter) -> None:
    """The log has the traceback, and the exit code is 1."""
    assert ended(started(of_module(tmp_path, "fail"))).exit_code == 1
    assert "ValueError: it failed" in (tmp_path / "log").read_text()


def test_a_module_ends_with_its_children(tmp_path: Path, started: Starter, launcher: LocalLauncher) -> None:
    """Both when it is stopped and when its supervisor is killed."""
    handle = started(of_module(tmp_path / "stopped", "wait"))
    pids = written_pids(tmp_path / "stopped", 2)
    launcher.stop(handle)
    assert not any(map(is_alive, pids))
    handle = started(of_module(tmp_path / "killed", "wait"))
    pids = written_pids(tmp_path / "killed", 2)
    os.kill(handle.pid, signal.SIGKILL)
    assert eventually(lambda: launcher.status(handle).state == "lost")
    assert eventually(lambda: not any(map(is_alive, pids)))


def test_a_request_while_the_unused_process_ends_starts_another(tmp_path: Path, started: Starter) -> None:
    """The request was not accepted, and is repeated."""
    assert ended(started(of_module(tmp_path / "first", "tell"))).exit_code == 3
    forking = local._supervisors_of("support.prepared_module")._process
    assert forking is not None
    forking.kill()
    forking.wait()
    forking.poll = lambda: None  # type: ignore[method-assign]  # it ends just after this look
    assert ended(started(of_module(tmp_path / "second", "tell"))).exit_code == 3


def test_what_is_left_of_an_ended_process_is_closed(tmp_path: Path, started: Starter) -> None:
    """A process that ends unused many times a day costs no file descriptor each time."""
    opened = []
    for name in ("first", "second", "third"):
        assert ended(started(of_module(tmp_path / name, "tell"))).exit_code == 3
        opened.append(len(list(Path("/proc/self/fd").iterdir())))
        forking = local._supervisors_of("support.prepared_module")._process
        assert forking is not None
        forking.kill()
        forking.wait()
    assert opened[2] == opened[1] == opened[0]


def test_a_process_with_a_module_ends_when_it_is_not_used(tmp_path: Path) -> None:
    """A request that was sent before its end is still answered."""
    ours, theirs = socket.socketpair()
    code = "from assay.launchers import prepared; prepared.serve('support.prepared_module', unused=0.05)"
    (tmp_path / "start.json").write_text(json.dumps(asdict(of_module(tmp_path, "tell")) | {"secrets": []}))
    with ours, theirs:
        ours.sendall(json.dumps({"workdir": str(tmp_path), "secrets": {}}).encode() + b"\n")
        variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        process = subprocess.Popen([sys.executable, "-c", code], stdin=theirs.fileno(), env=variables)
        theirs.close()
        with ours.makefile("rb") as answers:
            assert int(answers.readline()) > 0
            assert answers.readline() == b""
        assert process.wait(WAIT_SECONDS) == 0
    eventually((tmp_path / "status.json").exists)
    assert json.loads((tmp_path / "status.json").read_text())["exit_code"] == 3


def test_the_end_is_told_at_a_named_pipe(tmp_path: Path, started: Starter) -> None:
    """Who waits there reads a byte once the status is written; a pipe at which nobody waits is no error."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    first = started(replace(shell(tmp_path, "exit 5"), wakes=str(pipe)))
    assert ended(first).exit_code == 5
    assert eventually(lambda: not is_alive(first.pid))  # it has told so, too
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    handle = started(replace(shell(tmp_path / "again", "exit 6"), wakes=str(pipe), cwd="/"))
    assert select.select([reading], [], [], WAIT_SECONDS)[0]
    assert LocalLauncher().status(handle).exit_code == 6
    os.close(reading)


def test_processors_are_limited(tmp_path: Path, started: Starter) -> None:
    """A process and its children use at most the given number of processors."""
    code = "import os, subprocess; print(len(os.sched_getaffinity(0)), flush=True); subprocess.run(['nproc'])"
    assert ended(started(replace(python(tmp_path, code), processors=1))).exit_code == 0
    assert (tmp_path / "log").read_text().split() == ["1", "1"]


def test_peak_memory_of_a_short_life(tmp_path: Path, started: Starter) -> None:
    """A peak between two checks of the limits is counted too."""
    status = ended(started(python(tmp_path, "b'x' * (80 << 20)")))
    assert status.peak_memory is not None
    assert status.peak_memory > 80 << 20


def test_isolated_processes_do_not_see_others(tmp_path: Path, started: Starter) -> None:
    """An isolated process sees no other one, handles SIGTERM itself, and keeps its exit code."""
    if not isolation_works():
        pytest.skip("bubblewrap does not work here")
    code = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b'saved'), os._exit(3)))\n"
        "print(len([one for one in os.listdir('/proc') if one.isdigit()]) < 5, flush=True)\n"
        "time.sleep(600)\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    argv = isolated([sys.executable, "-c", code], home=str(home), readable=(), writable=())
    handle = started(replace(shell(tmp_path, ""), argv=tuple(argv), grace=5.0))
    log = tmp_path / "log"
    eventually(lambda: log.exists() and log.read_text())
    LocalLauncher().terminate(handle)
    assert ended(handle).exit_code == 3
    assert log.read_text() == "True\nsaved"


@given(st.lists(st.binary(max_size=12), max_size=12), st.lists(st.binary(min_size=4, max_size=6), max_size=3))
def test_mask_does_not_depend_on_chunks(chunks: list[bytes], secrets: list[bytes]) -> None:
    """However a stream is split, no secret remains in the output, and without secrets nothing changes."""
    chunks = [part for chunk in chunks for part in (chunk, *secrets)]
    mask = supervisor.Mask(secrets)
    output = b"".join(map(mask.feed, chunks)) + mask.flush()
    if not secrets:
        assert output == b"".join(chunks)
    if len(secrets) == 1 and b"*" not in secrets[0]:
        assert secrets[0] not in output
