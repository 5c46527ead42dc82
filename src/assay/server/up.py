"""`assay up`: pages, worker and Studio as children of one process. Ctrl-C ends every one of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from types import FrameType

from assay.launchers.supervisor import die_with_parent
from assay.server.setup import ensure_administrator, first_password_file, install_studio, migrate, prepare

PATIENCE = 60  # seconds until pages must answer
GRACE = 8  # seconds that children get to end by themselves


def end_with_parent() -> None:
    """Let the kernel ask a child to end when this process is killed."""
    die_with_parent(signal.SIGTERM)


class Children:
    """Processes that live and die with this one."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.stopping = threading.Event()

    def start(self, name: str, argv: list[str], env: dict[str, str] | None = None) -> None:
        """Start a child in a session of its own, so that the terminal's Ctrl-C reaches only this process."""
        self._running[name] = subprocess.Popen(  # noqa: S603 - our own commands
            argv,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=end_with_parent,  # noqa: PLW1509 - one prctl; no thread of ours runs yet
        )

    def fallen(self) -> str | None:
        """Return the name of a child that has ended, if any."""
        return next((name for name, child in self._running.items() if child.poll() is not None), None)

    def end(self) -> None:
        """End all: ask first, then insist."""
        for child in self._running.values():
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + GRACE
        for child in self._running.values():
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def up(*, demo: bool = False) -> int:
    """Prepare everything, start it, say where it is, and wait."""
    prepare()
    install_studio()  # before anything is changed: it is what can fail
    migrate()
    if not demo:  # the demo makes its own people
        _make_administrator()
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

    this = [sys.executable, "-m", "assay.cli.main"]
    children.start("pages", [*this, "serve"])
    children.start("worker", [*this, "worker"])
    children.start("apps", [*this, "apps"])
    argv, env = hub_command(settings)
    children.start("studio", argv, env)
    if not _wait_for(f"http://127.0.0.1:{settings.PORT}/healthz", children):
        sys.stderr.write(f"The pages did not start; is port {settings.PORT} in use? Set PORT to another.\n")
        return 1
    _greet(settings.PUBLIC_URL)
    if demo:
        threading.Thread(target=_demo, daemon=True).start()
    while not children.stopping.wait(0.5):
        fallen = children.fallen()
        if fallen:
            sys.stderr.write(f"{fallen} ended unexpectedly; stopping the others. Its last lines are above.\n")
            return 1
    sys.stdout.write("Stopping …\n")
    return 0


def _demo() -> None:
    from assay.server.demo import populate  # noqa: PLC0415 - after prepare()

    populate()


def _wait_for(address: str, children: Children) -> bool:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not children.stopping.is_set() and not children.fallen():
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310 - our own address
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    return children.stopping.is_set()


def _make_administrator() -> None:
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
