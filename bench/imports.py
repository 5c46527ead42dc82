"""Benchmark of recording imports: what it costs the start and the end of a Python, of an environment's own."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from report import print_figure

from assay.engine import imports as reporting

START_LIMIT, END_LIMIT = 1.0, 20.0  # milliseconds
TIMES = 40
START = "import os; os._exit(0)"  # so that nothing happens at the end
# As many modules as pandas, scikit-learn and matplotlib load together, in one package.
MODULES = 1500
END = f"""
import gc, os, sys, time, types
site = next(one for one in sys.path if one.endswith("site-packages"))
for number in range({MODULES}):
    module = types.ModuleType(f"big.m{{number}}")
    module.__file__ = f"{{site}}/big/m{{number}}.py"
    sys.modules[module.__name__] = module
watch = next(one for one in gc.get_objects() if type(one).__name__ == "Watch")
began = time.perf_counter()
watch.end()
os.write(1, str(time.perf_counter() - began).encode())
os._exit(0)
"""


def imports(home: Path) -> None:
    """Measure processor time of starts with and without, alternately, and the time that an end takes more."""
    prefix = home / "environments" / "recorded"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(prefix)], check=True)  # noqa: S603 - ourselves
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Accepts)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/api/v1/imports"
    recorded = {"PYTHONPATH": str(Path(reporting.__file__).parent), "ASSAY_IMPORTS": f"recorded {url} ticket -"}
    python = str(prefix / "bin" / "python")
    _start(python, recorded)  # writes the byte code
    pairs = [(_start(python, {}), _start(python, recorded)) for _ in range(TIMES)]
    without, with_it = (statistics.median(one) for one in zip(*pairs, strict=True))
    more = max(0.0, with_it - without)
    print_figure("start of a Python, processor time", f"{without:.1f} ms", "without recording")
    print_figure("  more with recording of imports", f"{more:.2f} ms", f"limit {START_LIMIT} ms", more <= START_LIMIT)
    ends = [_end(python, recorded) for _ in range(TIMES)]
    took = statistics.median(ends)
    ended = f"  at its end, {MODULES:,} modules"
    print_figure(ended, f"{took:.2f} ms", f"limit {END_LIMIT} ms", took <= END_LIMIT)
    server.shutdown()


class _Accepts(BaseHTTPRequestHandler):
    """Accepts every report."""

    def do_POST(self) -> None:
        """Answer 202."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


def _start(python: str, variables: dict[str, str]) -> float:
    """Return the milliseconds of processor time of a Python that ends at once."""
    process = subprocess.Popen([python, "-c", START], env={"PATH": os.defpath, **variables})  # noqa: S603 - ourselves
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return (usage.ru_utime + usage.ru_stime) * 1000


def _end(python: str, variables: dict[str, str]) -> float:
    """Return the milliseconds that a process waits at its end."""
    done = subprocess.run(  # noqa: S603 - ourselves
        [python, "-c", END], env={"PATH": os.defpath, **variables}, capture_output=True, text=True, check=True
    )
    return float(done.stdout) * 1000
