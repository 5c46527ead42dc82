"""Builds from a warm cache against the bare uv commands for the same: resolve, lock, venv, sync."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

from run import median, say

from assay.core.lock import Lock
from assay.engine import uv
from assay.engine.interface import Index, Job, Places, Question
from assay.engine.interpreters import find_interpreters
from assay.engine.layout import remove_tree

LIMIT = 1.5
SETS = {
    "5 libraries": "six attrs humanize click rich",
    "data science, ~100 distributions": (
        "pandas scikit-learn matplotlib jupyterlab seaborn statsmodels sqlalchemy plotly bokeh openpyxl"
    ),
}


def builds(home: Path) -> None:
    """Measure each set."""
    python = find_interpreters()["3.11"].path
    places = Places(
        environments=str(home / "environments"), cache=str(home / "cache"), overlays=str(home / "overlays")
    )
    for name, libraries in SETS.items():
        question = Question(
            python="3.11",
            python_path=python,
            libraries=tuple(libraries.split()),
            index=Index(url="https://pypi.org/simple"),
        )
        _measure(home, name, question, places)


def _measure(home: Path, name: str, question: Question, places: Places) -> None:
    last: dict[str, Any] = {}

    def ours() -> None:
        last.update(_build(home, question, places))

    for _ in range(2):  # fill the cache, the overlay, and the system's own caches
        ours()
    lock = Lock.from_toml(last["lock"])
    steps: list[dict[str, float]] = []

    def timed() -> None:
        ours()
        steps.append(last["steps"])

    bare = median(lambda: _bare(home, question, places), 3)
    whole = median(timed, 3)
    made = sorted(one["resolving"] + one["installing"] for one in steps)[len(steps) // 2]
    checks = sorted(one["checking"] for one in steps)[len(steps) // 2]
    say(f"{name}: {len(lock.libraries)} distributions, bare uv", f"{bare:.2f} s", "the peer")
    say(
        "  resolve, install, verify and make read-only",
        f"{made:.2f} s",
        f"{made / bare:.2f} x (limit {LIMIT})",
        made <= LIMIT * bare,
    )
    say("  check every import and the kernel, seal", f"{checks:.2f} s", "uv has no such step")
    say("  the whole build process", f"{whole:.2f} s", f"{whole / bare:.2f} x")
    again = median(lambda: _build(home, question, places, keep=True), 3)
    say("  the same lock again", f"{again:.2f} s", f"{again / bare:.2f} x")


def _build(home: Path, question: Question, places: Places, *, keep: bool = False) -> dict[str, Any]:
    if not keep:
        for path in Path(places.environments).glob("*"):
            remove_tree(path)
    folder = home / f"build-{uuid4().hex}"
    folder.mkdir()
    (folder / "job.json").write_text(json.dumps(Job(question=question, places=places).to_dict()))
    subprocess.run(  # noqa: S603 - our own engine
        [sys.executable, "-m", "assay.engine", str(folder)], check=True, stdout=subprocess.DEVNULL
    )
    found: dict[str, Any] = json.loads((folder / "outcome.json").read_text())
    return found


def _bare(home: Path, question: Question, places: Places) -> None:
    folder = home / f"bare-{uuid4().hex}"
    folder.mkdir()
    (folder / "requirements.in").write_text("\n".join(question.libraries))
    compile_ = ["pip", "compile", "-q", "--generate-hashes", "-o", "locked.txt", "--python", question.python_path]
    for arguments in (
        [*compile_, "requirements.in"],
        ["venv", "-q", "--python", question.python_path, "venv"],
        ["pip", "sync", "-q", "--python", "venv/bin/python", "--require-hashes", "locked.txt"],
    ):
        subprocess.run(  # noqa: S603 - uv
            [uv.binary(), "--no-config", *arguments], cwd=folder, env=uv.environment(places.cache), check=True
        )
    remove_tree(folder)
