"""Which libraries of a resolution require which others, as uv annotates them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from assay.core.errors import ResolutionError
from assay.engine import uv
from assay.engine.interface import Credentials, ResolveRequest
from assay.engine.resolving.index_routing import index_for_uv
from assay.engine.resolving.uv_errors import explain, without_wheel
from assay.engine.resolving.uv_proxy import uv_proxy

TIMEOUT = 60.0  # seconds; the metadata of a thousand exact versions is read in less
LINE = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)==\S+.*?# via (?P<via>.+)")


def requires_of(
    request: ResolveRequest, *, cache: str, workdir: str, credentials: Credentials | None = None
) -> dict[str, tuple[str, ...]]:
    """Resolve and map each library to those that it requires; libraries without a wheel are left out.

    Raises ResolutionError with an explanation.
    """
    while True:
        try:
            return _requires(request, cache=cache, workdir=workdir, credentials=credentials or {})
        except ResolutionError as error:
            lost = set(without_wheel(error.detail))
            kept = tuple(line for line in request.libraries if canonicalize_name(Requirement(line).name) not in lost)
            if kept == request.libraries:
                raise
            request = replace(request, libraries=kept)


def _requires(
    request: ResolveRequest, *, cache: str, workdir: str, credentials: Credentials
) -> dict[str, tuple[str, ...]]:
    folder = Path(workdir)
    (folder / "requirements.in").write_text("".join(f"{line}\n" for line in request.libraries))
    output = folder / "annotated.txt"
    arguments = [
        "pip",
        "compile",
        "--quiet",
        "--python",
        request.python_path,
        "--default-index",
        index_for_uv(request),
    ]
    arguments += ["--no-header", "--annotation-style", "line", "--no-build", "--output-file", output.name]
    with uv_proxy(request, credentials) as variables:
        finished = uv.run(
            [*arguments, "requirements.in"], cache=cache, cwd=workdir, timeout=TIMEOUT, variables=variables
        )
    if finished.code:
        explanation = explain(finished.text)
        raise ResolutionError(explanation.detail, hint=explanation.hint, path="libraries")
    return edges_in(output.read_text())


def edges_in(text: str) -> dict[str, tuple[str, ...]]:
    """Return the libraries that each library requires, from requirements with uv's one-line annotations."""
    edges: dict[str, list[str]] = {}
    for found in map(LINE.match, text.splitlines()):
        for one in found["via"].split(", ") if found else ():
            if found and not one.startswith("-"):
                edges.setdefault(canonicalize_name(one), []).append(canonicalize_name(found["name"]))
    return {name: tuple(needed) for name, needed in edges.items()}
