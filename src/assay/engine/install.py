"""From a lock to a directory: exactly the files it names, each checked against its hash by uv."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from assay.core.errors import BuildError
from assay.core.lock import Lock
from assay.engine import uv
from assay.engine.interface import Question

DOWNLOADED = re.compile(r"^\s*Downloaded (\S+)")
READY = re.compile(r"^\s*(Prepared|Installed) \d+ packages?")
OnProgress = Callable[[int, int], None]  # libraries done, bytes done


def make_prefix(prefix: Path, python_path: str, *, cache: str) -> None:
    """Make an empty environment that can be moved (no pip, no setuptools)."""
    uv.run_or_raise(
        ["venv", "--quiet", "--relocatable", "--no-project", "--python", python_path, str(prefix)],
        cache=cache,
        cwd=str(prefix.parent),
        what="The empty environment could not be made",
    )


def install(
    lock: Lock,
    prefix: Path,
    question: Question,
    *,
    cache: str,
    workdir: str,
    on_line: Callable[[str], None],
    on_progress: OnProgress,
) -> None:
    """Install exactly the lock's files: from the cache alone if it has them all, else by the network.

    Naming versions with hashes rather than addresses lets uv use what its cache knows by name; a lock
    by address would fetch every file again. Raises BuildError.
    """
    pins = Path(workdir) / "locked.txt"
    pins.write_text("".join(f"{one.name}=={one.version} --hash=sha256:{one.file.sha256}\n" for one in lock.libraries))
    sizes = {one.name: one.file.size for one in lock.libraries}
    seen = _Counter(sizes, on_progress)

    def line_seen(line: str) -> None:
        on_line(line)
        seen.line(line)

    arguments = ["pip", "sync", "--python", str(prefix / "bin" / "python"), "--require-hashes"]
    arguments += [
        "--default-index",
        question.index.url,
        "--link-mode",
        "hardlink",
        "--allow-empty-requirements",
    ]
    if question.only_binary:
        arguments.append("--no-build")
    offline = uv.run([*arguments, "--offline", str(pins)], cache=cache, cwd=workdir, on_line=seen.line)
    if offline.code == 0:
        for line in offline.lines:
            on_line(line)
        return
    on_line("Not everything is in the cache; fetching from the index.")
    online = uv.run([*arguments, str(pins)], cache=cache, cwd=workdir, on_line=line_seen)
    if online.code:
        raise _failure(online.text)


class _Counter:
    """Counts libraries and bytes from what uv says."""

    def __init__(self, sizes: dict[str, int], on_progress: OnProgress) -> None:
        self._sizes, self._on_progress = sizes, on_progress
        self._done: set[str] = set()

    def line(self, line: str) -> None:
        """Take one line of uv's into account."""
        one = DOWNLOADED.match(line)
        if one and one[1] in self._sizes:
            self._done.add(one[1])
        elif READY.match(line):
            self._done = set(self._sizes)
        else:
            return
        self._on_progress(len(self._done), sum(self._sizes[name] for name in self._done))


def _failure(text: str) -> BuildError:
    short = "\n".join(line for line in text.splitlines() if line.strip())[-3000:]
    if re.search(r"[Hh]ash mismatch", text):
        return BuildError(
            f"A downloaded file is not the one that was locked.\n{short}",
            hint="The index served another file than it announced. Do not use it; tell its administrator.",
        )
    if re.search(r"No space left|os error 28", text):
        return BuildError(f"The disk is full.\n{short}", hint="Free space, then build again.")
    return BuildError(
        f"The locked files could not be installed.\n{short}",
        hint="If the index did not answer, build again in a moment; else see the log.",
    )
