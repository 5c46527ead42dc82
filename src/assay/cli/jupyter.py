"""`assay jupyter install`, `assay kernel list`: the workspace's environments in a Jupyter of one's own."""

from __future__ import annotations

import argparse
import base64
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from uv import find_uv_bin

import assay
from assay.client import Client
from assay.core.errors import InvalidInputError, UnavailableError

if TYPE_CHECKING:
    from assay.cli.serve import Commands

MODULE = Path(assay.__file__).parent / "studio" / "kernelspec_manager.py"
NAME, VERSION = "assay_kernels", "1"
PAPERS = f"{NAME}-{VERSION}.dist-info"
CONFIG = '{"ServerApp": {"kernel_spec_manager_class": "assay_kernels.AssayKernels"}}\n'


def add_to(commands: Commands) -> None:
    """Add the commands."""
    jupyter = commands.add_parser("jupyter", help="a Jupyter of your own")
    actions = jupyter.add_subparsers(dest="action", required=True, metavar="ACTION")
    install = actions.add_parser("install", help="show the workspace's environments as kernels in a Jupyter")
    install.add_argument("--python", help="the Python of that Jupyter; the one of `jupyter` on PATH")
    install.set_defaults(run=_install)
    uninstall = actions.add_parser("uninstall", help="take them away again")
    uninstall.add_argument("--python", help="as above")
    uninstall.set_defaults(run=_uninstall)
    kernel = commands.add_parser("kernel", help="environments as kernels")
    deeds = kernel.add_subparsers(dest="action", required=True, metavar="ACTION")
    deeds.add_parser("list", help="list what may be launched").set_defaults(run=_list)


def _install(arguments: argparse.Namespace) -> int:
    python = _python(arguments.python)
    if _run([python, "-c", "import jupyter_client"]):
        raise InvalidInputError(f"There is no Jupyter in {python}.", hint="Name its Python with --python.")
    with tempfile.TemporaryDirectory() as folder:
        wheel = write_wheel(Path(folder))
        # Offline and alone: nothing of that Jupyter changes but this one module.
        done = _run([*_pip("install", python), "--no-deps", "--no-index", "--reinstall", str(wheel)])
    if done:
        raise UnavailableError(f"It could not be installed: {done[-400:]}", hint="May you write there?")
    sys.stdout.write(
        f"Installed for {python}. Start its Jupyter with ASSAY_URL and ASSAY_TOKEN set, as for this command;\n"
        "each environment of the workspace is a kernel there, and each start asks Assay again.\n"
    )
    return 0


def _uninstall(arguments: argparse.Namespace) -> int:
    done = _run([*_pip("uninstall", _python(arguments.python)), NAME])
    if done:
        raise UnavailableError(f"It could not be removed: {done[-400:]}", hint="Is it installed there?")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    del arguments
    for one in Client.from_environment().get("/kernels")["items"]:
        mark = " (personal draft)" if one["kind"] == "personal" else ""
        sys.stdout.write(
            f"assay-{one['name']:<24} {one['environment']:<20} Python {one['python']}  {one['title']}{mark}\n"
        )
    return 0


def _python(given: str | None) -> str:
    if given:
        return given
    jupyter = shutil.which("jupyter")
    found = Path(jupyter).parent / "python" if jupyter else None
    if found is None or not found.exists():
        raise InvalidInputError("No Jupyter is on your PATH.", hint="Name its Python with --python.")
    return str(found)


def _pip(verb: str, python: str) -> list[str]:
    return [find_uv_bin(), "--no-config", "pip", verb, "--quiet", "--python", python]


def _run(argv: list[str]) -> str:
    """Run a command; return what it said if it failed, '' otherwise."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)  # noqa: S603 - uv, and the user's Python
    except OSError as error:
        return str(error)
    return "" if done.returncode == 0 else (done.stderr.strip() or "it failed")


def write_wheel(folder: Path) -> Path:
    """Write the module as a wheel (PEP 427) with its entry point and Jupyter's setting; return its path."""
    files = {
        f"{NAME}.py": MODULE.read_text(),
        f"{NAME}-{VERSION}.data/data/etc/jupyter/jupyter_server_config.d/{NAME}.json": CONFIG,
        f"{PAPERS}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n",
        f"{PAPERS}/WHEEL": "Wheel-Version: 1.0\nGenerator: assay\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{PAPERS}/entry_points.txt": f"[jupyter_client.kernel_provisioners]\nassay = {NAME}:AssayProvisioner\n",
    }
    lines = [f"{path},sha256={_digest(text)},{len(text.encode())}" for path, text in files.items()]
    files[f"{PAPERS}/RECORD"] = "\n".join([*lines, f"{PAPERS}/RECORD,,", ""])
    wheel = folder / f"{NAME}-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
