"""Searches for fixes while their page polls: what was found so far is a file, which any web process can read.

A person has one search. A newer one replaces it; `cancel_search` ends it when the person types on; and it ends when
nobody has asked for its results for some seconds, which is when the page was left.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from assay.core.conflicts.fixes import Change, Fix, Move, best_first
from assay.core.roles import Actor
from assay.flow.compose import fix_trials
from assay.flow.compose.conflict_fixes import Problem, found_fixes
from assay.flow.paths import home

LEFT_SECONDS = 3.0  # without a request for the results; pages ask several times a second
STATE, SEEN = "state.json", "seen"


@dataclass(frozen=True, kw_only=True)
class Found:
    """The fixes that were found so far, best first."""

    fixes: tuple[Fix, ...]
    done: bool


def start_search(actor: Actor, problem: Problem) -> str:
    """Search for fixes in the background, in place of the person's earlier search; return the search's name."""
    cancel_search(actor)
    name = uuid4().hex
    folder = _folder(actor) / name
    folder.mkdir(parents=True)
    (folder / SEEN).touch()
    _write(folder, (), done=False)
    threading.Thread(target=_search, args=(problem, folder), name=f"fixes-{name}", daemon=True).start()
    return name


def read_search(actor: Actor, name: str) -> Found | None:
    """Return what a search of this person has found; None when it was cancelled or never was."""
    folder = _folder(actor) / name
    if not re.fullmatch(r"[0-9a-f]{32}", name):
        return None
    try:
        os.utime(folder / SEEN)
        state = json.loads((folder / STATE).read_text())
        silent = time.time() - (folder / STATE).stat().st_mtime > fix_trials.SECONDS + LEFT_SECONDS
    except OSError:
        return None
    return Found(fixes=tuple(_fix(one) for one in state["fixes"]), done=state["done"] or silent)


def cancel_search(actor: Actor) -> None:
    """End the person's search, in whichever process it runs: it ends when its folder is gone."""
    shutil.rmtree(_folder(actor), ignore_errors=True)


def _search(problem: Problem, folder: Path) -> None:
    """Write each fix as it is found. A search that was left or cancelled leaves nothing behind."""
    fixes: list[Fix] = []
    try:
        for fix in found_fixes(problem, lambda: _left(folder), folder):
            fixes.append(fix)
            _write(folder, fixes, done=False)
        _write(folder, fixes, done=True)
    except FileNotFoundError:  # cancelled
        shutil.rmtree(folder, ignore_errors=True)


def _left(folder: Path) -> bool:
    try:
        return time.time() - (folder / SEEN).stat().st_mtime > LEFT_SECONDS
    except FileNotFoundError:
        return True


def _write(folder: Path, fixes: list[Fix] | tuple[Fix, ...], *, done: bool) -> None:
    ordered = best_first(fixes)
    temporary = folder / f".{STATE}"
    temporary.write_text(json.dumps({"fixes": [asdict(one) for one in ordered], "done": done}))
    temporary.replace(folder / STATE)


def _fix(stored: dict[str, Any]) -> Fix:
    """Read what `_write` wrote."""
    limits = stored["constraints"]
    known = {
        "libraries": tuple(stored["libraries"]),
        "constraints": None if limits is None else tuple(limits),
        "change": Change(stored["change"]),
        "moves": tuple(Move(**one) for one in stored["moves"]),
    }
    return Fix(**{**stored, **known})


def _folder(actor: Actor) -> Path:
    return home() / "tmp" / "fixes" / str(actor.id)
