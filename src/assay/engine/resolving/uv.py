"""From a request to a lock: uv resolves; we keep the one file per library that would be installed."""

from __future__ import annotations

import json
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
from assay.engine.interface import Credentials, ResolveRequest
from assay.engine.resolving.index_routing import index_for_uv, index_of, real_address
from assay.engine.resolving.uv_errors import explain, pinned_by_base, without_wheel
from assay.engine.resolving.uv_proxy import uv_proxy

TIMEOUT = 300.0  # seconds; the hardest real resolutions take tens


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

    `wheels` is a folder of wheels that are offered besides the index ('' for none). The requirement file is
    written from parsed values; nothing that a person typed reaches a command line.
    """
    folder = Path(workdir)
    answer = folder / "pylock.resolved.toml"
    (folder / "requirements.in").write_text(_lines(request.libraries + request.pins))
    (folder / "constraints.txt").write_text(_lines(request.pins + request.holds))
    answer.unlink(missing_ok=True)
    if request.preferred:
        answer.write_text(_earlier(request.preferred))
    with uv_proxy(request, credentials or {}) as variables:
        finished = uv.run(
            [*_arguments(request, answer.name), *(["--find-links", wheels] if wheels else [])],
            cache=cache,
            cwd=workdir,
            log_line=log_line,
            started=started,
            timeout=TIMEOUT,
            variables=variables,
        )
    if finished.code:
        told = pinned_by_base(explain(finished.text), request.pins)
        from_source = request.allow_sources and without_wheel(told.detail)
        hint = f"Build makes a wheel of {from_source} from its source first, confined." if from_source else told.hint
        raise ResolutionError(told.detail, hint=hint, path="libraries")
    return read_answer(answer.read_text(), request)


def _earlier(preferred: tuple[str, ...]) -> str:
    """Return a lock with nothing but names and versions: uv keeps to what its output file held before."""
    packages = (pin.split("==") for pin in preferred)
    told = "".join(
        f"\n[[packages]]\nname = {json.dumps(one)}\nversion = {json.dumps(two)}\n" for one, two in packages
    )
    return f'lock-version = "1.0"\ncreated-by = "assay"\n{told}'


def _lines(lines: tuple[str, ...]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _arguments(request: ResolveRequest, answer: str) -> list[str]:
    arguments = ["pip", "compile", "--quiet", "--format", "pylock.toml", "--output-file", answer]
    arguments += ["--python", request.python_path, "--default-index", index_for_uv(request)]
    arguments += ["--constraints", "constraints.txt", "--no-header", "--no-annotate", "--no-build"]
    if request.cool_down_days:
        arguments += ["--exclude-newer", f"{request.cool_down_days} days"]
    return [*arguments, "requirements.in"]


def read_answer(text: str, request: ResolveRequest) -> Lock:
    """Read uv's `pylock.toml` and choose each library's file."""
    document = tomllib.loads(text)
    ranks = tag_ranks(request.python)
    variables = marker_variables(request.python)
    libraries = tuple(
        _library(package, ranks, request)
        for package in document.get("packages", ())
        if "marker" not in package or Marker(package["marker"]).evaluate(variables)
    )
    return Lock(python=request.python, platform=this_platform(), libraries=libraries)


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


def _library(package: dict[str, Any], ranks: dict[Tag, int], request: ResolveRequest) -> LockedLibrary:
    entry = _chosen(package, ranks)
    if entry is None:
        raise ResolutionError(
            f"{package['name']} {package['version']} has no file for Python {request.python} on this machine.",
            hint="Try another version of it, or another Python.",
            path="libraries",
        )
    uploaded = entry.get("upload-time")
    return LockedLibrary(
        name=canonicalize_name(package["name"]),
        version=package["version"],
        index=index_of(package["name"], request).url,
        file=File(
            name=_name(entry),
            url=_without_credentials(real_address(entry.get("url", ""))),
            size=entry.get("size", 0),
            sha256=entry["hashes"]["sha256"],
            uploaded=uploaded.isoformat().replace("+00:00", "Z") if uploaded else "",
        ),
    )


def _name(entry: dict[str, Any]) -> str:
    return str(entry.get("name") or file_name(entry.get("url") or entry.get("path", "")))


def _chosen(package: dict[str, Any], ranks: dict[Tag, int]) -> dict[str, Any] | None:
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


def _without_credentials(address: str) -> str:
    return re.sub(r"^(\w+://)[^/@]*@", r"\1", address)
