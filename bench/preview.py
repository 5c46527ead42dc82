"""Benchmark of the editor's preview beside a resolution with plain uv."""

from __future__ import annotations

import subprocess
from pathlib import Path

from report import median, print_figure

from assay.engine import uv
from assay.engine.interface import Index, ResolveRequest
from assay.engine.interpreters import find_interpreters
from assay.engine.resolving.uv import resolve

LIMIT = 1.2
SETS = {
    "5 libraries": "six attrs humanize click rich",
    "~100": "pandas scikit-learn matplotlib jupyterlab seaborn statsmodels sqlalchemy plotly bokeh openpyxl",
}


def preview(home: Path) -> None:
    """Measure both with the same warm cache."""
    python, cache = find_interpreters()["3.11"].path, str(home / "cache")
    work = home / "preview"
    work.mkdir(exist_ok=True)
    for name, libraries in SETS.items():
        request = ResolveRequest(
            python="3.11",
            python_path=python,
            libraries=tuple(libraries.split()),
            index=Index(url="https://pypi.org/simple", trusted=True),
        )
        (work / "plain.in").write_text("\n".join(request.libraries))
        command = [uv.binary(), "--no-config", "pip", "compile", "-q", "--no-build", "--python", python]
        command += ["--format", "pylock.toml", "-o", "pylock.plain.toml", "plain.in"]

        def bare(command: list[str] = command) -> None:
            (work / "pylock.plain.toml").unlink(missing_ok=True)
            subprocess.run(command, cwd=work, env=uv.environment(cache), check=True)  # noqa: S603 - uv

        def ours(request: ResolveRequest = request) -> None:
            resolve(request, cache=cache, workdir=str(work))

        peer, took = median(bare, 9), median(ours, 9)
        print_figure(f"resolving {name} with plain uv, warm: median", f"{peer * 1000:.0f} ms", "the peer")
        print_figure(
            "  Assay's preview",
            f"{took * 1000:.0f} ms",
            f"{took / peer:.2f} x (limit {LIMIT})",
            took <= LIMIT * peer,
        )
