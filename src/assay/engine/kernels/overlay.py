"""Overlays: one directory with ipykernel per Python version, for environments without a kernel of their own."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from assay.core.errors import BuildError
from assay.engine import uv
from assay.engine.interface import Credentials, EnginePaths, ResolveRequest
from assay.engine.layout import remove_tree, site_packages
from assay.engine.resolving.index_routing import index_for_uv
from assay.engine.resolving.uv_proxy import uv_proxy

BOOT = Path(__file__).with_name("kernel_boot.py")
PIP = Path(__file__).with_name("pip_shim.py")
SHIM = """#!/bin/sh
exec "$VIRTUAL_ENV/bin/python" "{script}" "$@"
"""


def overlay_path(paths: EnginePaths, python: str) -> Path:
    """Return the path of the overlay of a Python version."""
    return Path(paths.overlays) / f"cp{python.replace('.', '')}"


def needs_overlay(prefix: Path, python: str) -> bool:
    """Return whether an environment has no kernel of its own."""
    return not (site_packages(prefix, python) / "ipykernel").is_dir()


def kernel_argv(prefix: Path, paths: EnginePaths, python: str) -> list[str]:
    """Return the command that starts an environment's kernel, with Jupyter's `{connection_file}` in it."""
    overlay = str(overlay_path(paths, python)) if needs_overlay(prefix, python) else "-"
    return [str(prefix / "bin" / "python"), str(BOOT), overlay, "-f", "{connection_file}"]


def ensure_shims(paths: EnginePaths) -> Path:
    """Return the directory with the `pip` command of servers and kernels (see `pip_shim.py`); make it if missing."""
    folder = Path(paths.overlays) / "shims"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("pip", "pip3"):
        path, text = folder / name, SHIM.format(script=PIP)
        if not path.exists() or path.read_text() != text:
            new = folder / f".{name}.{uuid4().hex}"
            new.write_text(text)
            new.chmod(0o755)
            new.rename(path)
    return folder


def ensure_overlay(
    request: ResolveRequest, paths: EnginePaths, credentials: Credentials, log_line: Callable[[str], None]
) -> Path:
    """Return the overlay of a Python; make it if it does not exist. Raises BuildError."""
    path = overlay_path(paths, request.python)
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / f".{path.name}.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if path.is_dir():
            return path
        log_line(f"Installing ipykernel for Python {request.python}, once for all environments.")
        temporary = path.with_name(f".{path.name}.{uuid4().hex}")
        arguments = ["pip", "install", "--quiet", "--no-build", "--target", str(temporary)]
        arguments += ["--python", request.python_path, "--default-index", index_for_uv(request), "ipykernel"]
        with uv_proxy(request, credentials) as variables:
            finished = uv.run(arguments, cache=paths.cache, cwd=str(path.parent), variables=variables)
        if finished.code:
            remove_tree(temporary)
            raise BuildError(
                f"ipykernel could not be installed: {finished.text[-500:]}",
                hint=f"The package index must have ipykernel for Python {request.python}.",
            )
        temporary.rename(path)
    return path
