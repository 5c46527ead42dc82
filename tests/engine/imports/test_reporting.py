"""What reports the imports of a process: what it says, and that nobody notices it."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support.imports import python_in

from assay.engine import imports

FOLDER = Path(imports.__file__).parent
PACKAGES = {
    "pandas/__init__.py": "import numpy\n",
    "pandas/core/__init__.py": "",
    "numpy/__init__.py": "",
    "sklearn/__init__.py": "",
    "matplotlib/__init__.py": "",
    "six.py": "",
    "google/protobuf/__init__.py": "",
    "cv2/__init__.py": "from cv2 import gapi\n",
    "cv2/gapi/__init__.py": "",
    "_hidden.py": "",
}


@dataclass
class Server:
    """A server that keeps what is reported; `status` is its answer, after `delay` seconds."""

    status: int = 202
    delay: float = 0.0
    reports: list[tuple[str, set[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.reports.append((self.headers["Authorization"], set(body["modules"])))
                time.sleep(server.delay)
                self.send_response(server.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Stay quiet."""

            def handle(self) -> None:
                with suppress(OSError):  # an ended process does not wait for the answer
                    super().handle()

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/api/v1/imports"

    def all(self, count: int) -> list[set[str]]:
        """Wait for so many reports and return them."""
        deadline = time.monotonic() + 10
        while len(self.reports) < count:
            assert time.monotonic() < deadline, self.reports
            time.sleep(0.01)
        return [names for _, names in self.reports]


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve on loopback."""
    found = Server()
    yield found
    found.http.shutdown()
    found.http.server_close()


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of an environment."""
    return python_in(tmp_path_factory.mktemp("environments") / "d1", PACKAGES)


def run(python: Path, url: str, code: str, *options: str, shared: str = "-", **variables: str) -> Any:  # noqa: ANN401 - a finished process
    """Run code with the variables of a recorded process; it must end well and print only what it prints."""
    told = {"PYTHONPATH": str(FOLDER), "ASSAY_IMPORTS": f"{python.parents[1].name} {url} ticket {shared}"}
    done = subprocess.run(
        [str(python), *options, "-c", code],
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **told, **variables},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def test_what_is_imported_is_reported_at_the_end(python: Path, server: Server, tmp_path: Path) -> None:
    """Packages and modules of the environment, once; nothing of the person's own, and nothing of Python's."""
    (tmp_path / "secret_project.py").write_text("import sklearn")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nimport secret_project, json, six, pandas.core"
    run(python, server.url, f"{code}, google.protobuf")
    assert server.all(1) == [{"sklearn", "six", "pandas", "numpy", "google.protobuf"}]
    assert server.reports[0][0] == "Bearer ticket"


def test_a_process_that_imports_nothing_is_a_session_too(python: Path, server: Server) -> None:
    """So that "never" has something to count."""
    run(python, server.url, "pass")
    assert server.all(1) == [set()]


def test_shared_packages_are_named_by_what_is_below(python: Path, server: Server) -> None:
    """The package itself says nothing then."""
    run(python, server.url, "import cv2, six", shared="cv2,google")
    assert server.all(1) == [{"cv2.gapi", "six"}]


def test_no_trace_in_the_process(python: Path, server: Server) -> None:
    """The path is as without it, `sitecustomize` too, and no module of a library is loaded for it."""
    code = (
        "import sys; print(sys.path, 'sitecustomize' in sys.modules, 'socket' in sys.modules, 'json' in sys.modules)"
    )
    without = run(python, server.url, code, PYTHONPATH="")
    assert run(python, server.url, code) == without


def test_the_environments_own_sitecustomize_runs(server: Server, tmp_path: Path) -> None:
    """Also when it fails: then Python says so as it does without us, and goes on."""
    own = python_in(tmp_path / "own", {"sitecustomize.py": "import six\nWAS = 1\n", "six.py": ""})
    assert run(own, server.url, "import sitecustomize; print(sitecustomize.WAS, sitecustomize.__file__)").startswith(
        "1 "
    )
    assert server.all(1) == [{"six", "sitecustomize"}]
    broken = python_in(tmp_path / "broken", {"sitecustomize.py": "raise ValueError('mine')\n"})
    told = {"PYTHONPATH": str(FOLDER), "ASSAY_IMPORTS": f"broken {server.url} ticket -"}
    ways = [
        subprocess.run([str(broken), "-c", "print(1)"], env=env, capture_output=True, text=True, check=True)
        for env in ({}, told)
    ]
    assert ways[0].stderr == ways[1].stderr
    assert "mine" in ways[1].stderr
    assert ways[1].stdout == "1\n"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("-S",), "print(1)"),
        (("-I",), "print(1)"),
        (("-E",), "print(1)"),
        ((), "import os; os.write(1, b'1\\n'); os._exit(0)"),
        ((), "import os, sys; print(1, flush=True); os.execv('/bin/true', ['true'])"),
    ],
)
def test_what_leaves_without_us_is_not_recorded(
    python: Path, server: Server, options: tuple[str, ...], code: str
) -> None:
    """Options that ignore PYTHONPATH, and ends without `atexit`, are as they are without it."""
    assert run(python, server.url, code, *options) == "1\n"
    assert not server.reports


def test_another_python_is_not_recorded(python: Path, server: Server) -> None:
    """A person's other Pythons inherit the variables; only the environment's own reports."""
    told = {"PYTHONPATH": str(FOLDER), "ASSAY_IMPORTS": f"other {server.url} ticket -"}
    assert run(python, server.url, "import six; print(1)", **told) == "1\n"
    for words in ("", "d1", "d1 a b c d", f"d1 {server.url} ticket"):
        assert run(python, server.url, "import six; print(1)", ASSAY_IMPORTS=words) == "1\n"
    assert not server.reports


def test_without_a_server_nobody_waits(python: Path) -> None:
    """Refused, a name that does not exist, no address at all: the process ends well."""
    for url in (
        "http://127.0.0.1:9/x",
        "http://no.such.host.invalid/x",
        "https://127.0.0.1:9/x",
        "nonsense",
        "http://",
    ):
        began = time.monotonic()
        assert run(python, url, "import six; print(1)") == "1\n"
        assert time.monotonic() - began < 5


def test_a_silent_server_is_not_waited_for(python: Path, server: Server) -> None:
    """The report counts without its answer."""
    server.delay = 20
    began = time.monotonic()
    run(python, server.url, "import six")
    assert time.monotonic() - began < 5
    assert server.all(1) == [{"six"}]


def test_forks_report_for_themselves(python: Path, server: Server) -> None:
    """A child that ends as Python does reports what it has more than its parent; one that leaves at once does not."""
    code = (
        "import os, sys, six\n"
        "if os.fork() == 0:\n    import sklearn\n    sys.exit(0)\n"
        "os.wait()\n"
        "if os.fork() == 0:\n    os._exit(0)\n"
        "os.wait()\n"
        "import numpy\n"
    )
    run(python, server.url, code, "-W", "error")
    assert server.all(2) == [{"six", "sklearn"}, {"six", "numpy"}]
    time.sleep(0.05)
    assert len(server.reports) == 2


def test_worker_processes_go_on(python: Path, server: Server) -> None:
    """Pools that fork and pools that spawn, threads, and a pool in a thread."""
    code = (
        "import multiprocessing as m, concurrent.futures as c\n"
        "if __name__ == '__main__':\n"
        "    for way in ('fork', 'spawn', 'forkserver'):\n"
        "        with m.get_context(way).Pool(2) as pool: assert pool.map(abs, [-1, 2]) == [1, 2]\n"
        "    with c.ThreadPoolExecutor() as threads: assert list(threads.map(abs, [-1])) == [1]\n"
        "    import six; print('done')\n"
    )
    assert run(python, server.url, code) == "done\n"
    assert {"six"} in server.all(1) or {"six"} in [names for _, names in server.reports]


def test_a_living_process_reports_now_and_then(python: Path, server: Server, tmp_path: Path) -> None:
    """What is new is reported without the end; the same is not reported twice; a refusal ends it."""
    for name in ("sitecustomize.py", "report_imports.py"):
        text = (FOLDER / name).read_text().replace("FIRST, EVERY = 10.0, 300.0", "FIRST, EVERY = 0.05, 0.05")
        (tmp_path / name).write_text(text)
    code = (
        "import sys\nfor line in sys.stdin:\n    exec(line)\n    print('done', flush=True)\nimport os; os._exit(0)\n"
    )
    told = {"PYTHONPATH": str(tmp_path), "ASSAY_IMPORTS": f"d1 {server.url} ticket -"}
    with subprocess.Popen(
        [str(python), "-c", code], env=told, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def do(line: str) -> None:
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            process.stdout.readline()

        assert server.all(1) == [set()]
        do("import six")
        assert server.all(2)[1] == {"six"}
        do("import os, time; (os.fork() or os._exit(0)) and os.wait(); time.sleep(0.2)")
        assert len(server.reports) == 2  # the same, again and again
        server.status = 403
        do("import numpy")
        assert server.all(3)[2] == {"six", "numpy"}
        do("import sklearn, time; time.sleep(0.2)")
        assert len(server.reports) == 3
        process.stdin.close()


def test_a_read_only_place_is_fine(python: Path, server: Server, tmp_path: Path) -> None:
    """No byte code can be written beside it or into HOME."""
    for name in ("sitecustomize.py", "report_imports.py"):
        (tmp_path / name).write_text((FOLDER / name).read_text())
    tmp_path.chmod(0o555)
    told = {"PYTHONPATH": str(tmp_path), "PYTHONPYCACHEPREFIX": "/proc/nowhere"}
    run(python, server.url, "import six", **told)
    tmp_path.chmod(0o755)
    assert server.all(1) == [{"six"}]
    assert not list(tmp_path.rglob("*.pyc"))


def test_lazy_modules_stay_unloaded(python: Path, server: Server) -> None:
    """Looking at a module runs no code of it; what stands for a module without being one is passed over."""
    code = (
        "import sys, types, six\n"
        "class Lazy(types.ModuleType):\n    def __getattr__(self, name): raise SystemExit(3)\n"
        "sys.modules['lazy'] = Lazy('lazy')\n"
        "class Odd:\n    __slots__ = ()\n"
        "sys.modules['odd'] = Odd()\n"
        "sys.modules['none'] = None\n"
    )
    run(python, server.url, code)
    assert server.all(1) == [{"six"}]
