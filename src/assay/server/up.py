"""`assay up`: pages, worker, app proxy and Studio as children of one process. Ctrl-C ends all of them.

Our own processes are forks of this one, which loads their code first: so they share its memory, and each keeps the
isolation of a process of its own (docs/decisions/0006).
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from multiprocessing.context import ForkProcess
from types import FrameType

from assay.launchers.supervisor import die_with_parent
from assay.server.app_proxy import serve_apps
from assay.server.metrics_folder import hide_metrics_folder, make_metrics_folder
from assay.server.preload import load_code
from assay.server.setup import ensure_administrator, first_password_file, install_studio, migrate, prepare
from assay.server.web import serve
from assay.server.worker import work

START_TIMEOUT = 60  # seconds until the pages must respond
GRACE = 8  # seconds between SIGTERM and SIGKILL
PR_SET_NAME = 15  # prctl(2)
LOOK_SECONDS = 2.0  # between two looks at whether a child has ended


def end_with_parent() -> None:
    """Let the kernel send SIGTERM to a child when this process is killed."""
    die_with_parent(signal.SIGTERM)


def _run_forked(name: str, run: Callable[[], int]) -> None:
    """Run a function in a forked child, with the session, signals, input and name (`ps -o comm`) of a new process."""
    os.setsid()
    end_with_parent()
    ctypes.CDLL(None).prctl(PR_SET_NAME, f"assay {name}".encode(), 0, 0, 0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    sys.exit(run())


class Children:
    """Child processes, which end with this process."""

    def __init__(self) -> None:
        self._forks: dict[str, ForkProcess] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.stopping = threading.Event()

    def fork(self, name: str, run: Callable[[], int]) -> None:
        """Fork a child that runs a function, in a session of its own. Before any thread of this process starts."""
        child = multiprocessing.get_context("fork").Process(name=name, target=_run_forked, args=(name, run))
        child.start()
        self._forks[name] = child

    def start(self, name: str, argv: list[str], env: dict[str, str] | None = None) -> None:
        """Start a child in a session of its own, so that Ctrl-C of the terminal reaches this process only."""
        self._running[name] = subprocess.Popen(  # noqa: S603 - our own commands
            argv,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=end_with_parent,  # noqa: PLW1509 - one prctl; no thread of ours runs yet
        )

    def ended(self) -> str | None:
        """Return the name of a child that has ended, if any."""
        names = [name for name, child in self._forks.items() if not child.is_alive()]
        names += [name for name, child in self._running.items() if child.poll() is not None]
        return names[0] if names else None

    def end(self) -> None:
        """End all: send SIGTERM, then SIGKILL after the grace period."""
        for fork in self._forks.values():
            fork.terminate()
        for child in self._running.values():
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + GRACE
        for fork in self._forks.values():
            fork.join(max(0.1, deadline - time.monotonic()))
            if fork.is_alive() and fork.pid:
                os.killpg(fork.pid, signal.SIGKILL)
                fork.join()
        for child in self._running.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def up(*, demo: bool = False) -> int:
    """Set up and start everything, print the address, and wait."""
    if demo:  # a look around need not download the names of a whole index; *Refresh names* does
        os.environ.setdefault("ASSAY_NAMES_HOURS", "0")
    prepare()
    install_studio()  # first, since it can fail and nothing is changed yet
    migrate()
    if not demo:  # the demo creates its own accounts
        _create_administrator()
    children = Children()

    def stop(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        children.stopping.set()

    signal.signal(signal.SIGINT, stop)  # a child of a script may have inherited an ignored SIGINT
    signal.signal(signal.SIGTERM, stop)
    try:
        return _run(children, demo=demo)
    finally:
        children.end()


def _run(children: Children, *, demo: bool) -> int:
    from django.conf import settings  # noqa: PLC0415 - after prepare()

    from assay.studio.process import hub_command  # noqa: PLC0415 - after prepare()

    make_metrics_folder(settings.HOME)
    load_code()
    hide_metrics_folder()  # the pages make it again
    children.fork("pages", serve)
    children.fork("worker", work)
    children.fork("apps", serve_apps)
    argv, env = hub_command(settings)
    children.start("studio", argv, env)
    if not _wait_for(f"http://127.0.0.1:{settings.PORT}/healthz", children):
        sys.stderr.write(f"The pages did not start; is port {settings.PORT} in use? Set PORT to another.\n")
        return 1
    _greet(settings.PUBLIC_URL)
    if demo:
        threading.Thread(target=_demo, daemon=True).start()
    while not children.stopping.wait(LOOK_SECONDS):
        ended = children.ended()
        if ended:
            sys.stderr.write(f"{ended} ended unexpectedly; stopping the others. Its log is above.\n")
            return 1
    sys.stdout.write("Stopping …\n")
    return 0


def _demo() -> None:
    from assay.server.demo import populate  # noqa: PLC0415 - after prepare()

    populate()


def _wait_for(address: str, children: Children) -> bool:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and not children.stopping.is_set() and not children.ended():
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310 - our own address
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    return children.stopping.is_set()


def _create_administrator() -> None:
    made = ensure_administrator()
    if made:
        path = first_password_file()
        path.touch(mode=0o600)
        path.write_text(f"{made[0]}\n{made[1]}\n")


def _greet(address: str) -> None:
    lines = [f"\nAssay is ready:  {address}\n"]
    path = first_password_file()
    if path.exists():
        name, password = path.read_text().split()
        lines.append(f"Sign in as       {name}\nPassword         {password}\n")
        lines.append(f"(Change it after signing in, then remove {path}.)\n")
    lines.append("Stop with        Ctrl-C\n\n")
    sys.stdout.writelines(lines)
    sys.stdout.flush()
