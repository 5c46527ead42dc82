"""Resolving a request to a lock by uv; the lock contains the one file per library that would be installed."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Any

from packaging.markers import Marker
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from assay.core.errors import ResolutionError
from assay.core.lock import File, Lock, LockedLibrary, file_name
from assay.engine import uv
from assay.engine.interface import Credentials, ResolveRequest
from assay.engine.resolving.compatibility import marker_variables, tag_ranks, this_platform
from assay.engine.resolving.index_routing import index_for_uv, index_of, original_url
from assay.engine.resolving.uv_errors import explain, pinned_by_base
from assay.engine.resolving.uv_proxy import uv_proxy

TIMEOUT = 300.0  # seconds; the slowest real resolutions take tens of seconds


def resolve(
    request: ResolveRequest,
    *,
    cache: str,
    workdir: str,
    log_line: Callable[[str], None] | None = None,
    started: Callable[[Popen[str]], None] | None = None,
    wheels: str = "",
    credentials: Credentials | None = None,
) -> Lock:
    """Resolve and return the lock (without dependency edges). Raises ResolutionError with an explanation.

    `wheels` is a folder of wheels to use in addition to the index ('' for none). Requirements are parsed values
    written to files: no user input is part of a command line.
    """
    folder = Path(workdir)
    output = folder / "pylock.resolved.toml"
    (folder / "requirements.in").write_text(_lines(request.libraries + request.pins))
    (folder / "constraints.txt").write_text(_lines(request.pins + request.constraints))
    output.unlink(missing_ok=True)
    if request.preferred:
        output.write_text(_preferences(request.preferred))
    with uv_proxy(request, credentials or {}) as variables:
        finished = uv.run(
            [*_arguments(request, output.name), *(["--find-links", wheels] if wheels else [])],
            cache=cache,
            cwd=workdir,
            log_line=log_line,
            started=started,
            timeout=TIMEOUT,
            variables=variables,
        )
    if finished.code:
        explanation = pinned_by_base(explain(finished.text), request.pins)
        raise ResolutionError(explanation.detail, hint=explanation.hint, path="libraries")
    return read_lock(output.read_text(), request)


def _preferences(preferred: tuple[str, ...]) -> str:
    """Return a lock with only names and versions: uv prefers the versions in an existing output file."""
    packages = (pin.split("==") for pin in preferred)
    entries = "".join(
        f"\n[[packages]]\nname = {json.dumps(one)}\nversion = {json.dumps(two)}\n" for one, two in packages
    )
    return f'lock-version = "1.0"\ncreated-by = "assay"\n{entries}'


def _lines(lines: tuple[str, ...]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _arguments(request: ResolveRequest, output: str) -> list[str]:
    arguments = ["pip", "compile", "--quiet", "--format", "pylock.toml", "--output-file", output]
    arguments += ["--python", request.python_path, "--default-index", index_for_uv(request)]
    arguments += ["--constraints", "constraints.txt", "--no-header", "--no-annotate", "--no-build"]
    if request.cool_down_days:
        arguments += ["--exclude-newer", f"{request.cool_down_days} days"]
    return [*arguments, "requirements.in"]


def read_lock(text: str, request: ResolveRequest) -> Lock:
    """Read uv's `pylock.toml` and select each library's file."""
    document = tomllib.loads(text)
    ranks = tag_ranks(request.python)
    variables = marker_variables(request.python)
    libraries = tuple(
        _library(package, ranks, request)
        for package in document.get("packages", ())
        if "marker" not in package or Marker(package["marker"]).evaluate(variables)
    )
    return Lock(python=request.python, platform=this_platform(), libraries=libraries)


def _library(package: dict[str, Any], ranks: dict[Tag, int], request: ResolveRequest) -> LockedLibrary:
    entry = _best_file(package, ranks)
    if entry is None:
        raise ResolutionError(
            f"{package['name']} {package['version']} has no file for Python {request.python} on this machine.",
            hint="Try another version of the library, or another Python.",
            path="libraries",
        )
    uploaded = entry.get("upload-time")
    return LockedLibrary(
        name=canonicalize_name(package["name"]),
        version=package["version"],
        index=index_of(package["name"], request).url,
        file=File(
            name=_name(entry),
            url=_without_credentials(original_url(entry.get("url", ""))),
            size=entry.get("size", 0),
            sha256=entry["hashes"]["sha256"],
            uploaded=uploaded.isoformat().replace("+00:00", "Z") if uploaded else "",
        ),
    )


def _name(entry: dict[str, Any]) -> str:
    return str(entry.get("name") or file_name(entry.get("url") or entry.get("path", "")))


def _best_file(package: dict[str, Any], ranks: dict[Tag, int]) -> dict[str, Any] | None:
    """Return the entry of the best wheel; the source distribution when no wheel fits."""
    best: tuple[int, tuple[int, str], dict[str, Any]] | None = None
    for entry in package.get("wheels", ()):
        try:
            *_, build, tags = parse_wheel_filename(_name(entry))
        except InvalidWheelFilename:
            continue
        fitting = [ranks[tag] for tag in tags if tag in ranks]
        number = (-build[0], build[1]) if build else (0, "")
        if fitting and (best is None or (min(fitting), number) < best[:2]):
            best = (min(fitting), number, entry)
    return best[2] if best else package.get("sdist")


def _without_credentials(url: str) -> str:
    return re.sub(r"^(\w+://)[^/@]*@", r"\1", url)
