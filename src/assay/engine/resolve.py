"""From a question to a lock: uv resolves; we keep the one file per library that would be installed."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Any

from packaging.markers import Marker, default_environment
from packaging.tags import Tag, compatible_tags, cpython_tags, platform_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from assay.core.errors import ResolutionError
from assay.core.lock import File, Lock, LockedLibrary, file_name
from assay.engine import uv
from assay.engine.explain import explain, pinned_by_base
from assay.engine.interface import Question

TIMEOUT = 300.0  # seconds; the hardest real resolutions take tens


def resolve(
    question: Question,
    *,
    cache: str,
    workdir: str,
    on_line: Callable[[str], None] | None = None,
    started: Callable[[Popen[str]], None] | None = None,
) -> Lock:
    """Resolve and return the lock (without dependency edges). Raises ResolutionError with an explanation.

    The requirement file is written from parsed values; nothing that a person typed reaches a command line.
    """
    folder = Path(workdir)
    answer = folder / "pylock.resolved.toml"
    (folder / "requirements.in").write_text(_lines(question.libraries + question.pins))
    (folder / "constraints.txt").write_text(_lines(question.pins + question.holds))
    finished = uv.run(
        _arguments(question, answer.name),
        cache=cache,
        cwd=workdir,
        on_line=on_line,
        started=started,
        timeout=TIMEOUT,
    )
    if finished.code:
        told = pinned_by_base(explain(finished.text), question.pins)
        raise ResolutionError(told.detail, hint=told.hint, path="libraries")
    return read_answer(answer.read_text(), question)


def _lines(lines: tuple[str, ...]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _arguments(question: Question, answer: str) -> list[str]:
    arguments = ["pip", "compile", "--quiet", "--format", "pylock.toml", "--output-file", answer]
    arguments += ["--python", question.python_path, "--default-index", question.index.url]
    arguments += ["--constraints", "constraints.txt", "--no-header", "--no-annotate"]
    if question.only_binary:
        arguments += ["--no-build"]
    if question.cool_down_days:
        arguments += ["--exclude-newer", f"{question.cool_down_days} days"]
    return [*arguments, "requirements.in"]


def read_answer(text: str, question: Question) -> Lock:
    """Read uv's `pylock.toml` and choose each library's file."""
    document = tomllib.loads(text)
    ranks = tag_ranks(question.python)
    variables = marker_variables(question.python)
    libraries = tuple(
        _library(package, ranks, question)
        for package in document.get("packages", ())
        if "marker" not in package or Marker(package["marker"]).evaluate(variables)
    )
    return Lock(python=question.python, platform=this_platform(), libraries=libraries)


def this_platform() -> str:
    """Return this machine's platform as locks name it, e.g. `linux-x86_64`."""
    import platform  # noqa: PLC0415 - only needed when a lock is made

    return f"{sys.platform}-{platform.machine()}"


def tag_ranks(python: str) -> dict[Tag, int]:
    """Return the wheel tags that a CPython of this machine takes, best first (PEP 425)."""
    version = tuple(int(part) for part in python.split("."))
    platforms = list(platform_tags())
    interpreter = f"cp{version[0]}{version[1]}"
    tags = [
        *cpython_tags(version, platforms=platforms),
        *compatible_tags(version, interpreter=interpreter, platforms=platforms),
    ]
    return {tag: rank for rank, tag in reversed(list(enumerate(tags)))}


def marker_variables(python: str) -> dict[str, str]:
    """Return PEP 508 marker variables for a Python of this machine."""
    return {
        **{name: str(value) for name, value in default_environment().items()},
        "python_version": python,
        "python_full_version": f"{python}.99",
        "implementation_version": f"{python}.99",
        "extra": "",
    }


def _library(package: dict[str, Any], ranks: dict[Tag, int], question: Question) -> LockedLibrary:
    entry = _chosen(package, ranks)
    if entry is None:
        raise ResolutionError(
            f"{package['name']} {package['version']} has no file for Python {question.python} on this machine.",
            hint="Try another version of it, or another Python.",
            path="libraries",
        )
    uploaded = entry.get("upload-time")
    return LockedLibrary(
        name=canonicalize_name(package["name"]),
        version=package["version"],
        index=_without_credentials(package.get("index", question.index.url)),
        file=File(
            name=entry.get("name") or file_name(entry["url"]),
            url=_without_credentials(entry["url"]),
            size=entry.get("size", 0),
            sha256=entry["hashes"]["sha256"],
            uploaded=uploaded.isoformat().replace("+00:00", "Z") if uploaded else "",
        ),
    )


def _chosen(package: dict[str, Any], ranks: dict[Tag, int]) -> dict[str, Any] | None:
    """Return the entry of the best wheel; the source distribution when no wheel fits."""
    best: tuple[int, tuple[int, str], dict[str, Any]] | None = None
    for entry in package.get("wheels", ()):
        try:
            *_, build, tags = parse_wheel_filename(entry.get("name") or file_name(entry["url"]))
        except InvalidWheelFilename:
            continue
        fitting = [ranks[tag] for tag in tags if tag in ranks]
        number = (-build[0], build[1]) if build else (0, "")
        if fitting and (best is None or (min(fitting), number) < best[:2]):
            best = (min(fitting), number, entry)
    return best[2] if best else package.get("sdist")


def _without_credentials(address: str) -> str:
    return re.sub(r"^(\w+://)[^/@]*@", r"\1", address)
