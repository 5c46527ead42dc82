"""`assay jupyter install` and `uninstall`, `assay kernel list`: environments as kernels of your own Jupyter."""

from __future__ import annotations

import argparse
import base64
import hashlib
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from uv import find_uv_bin

import assay
from assay.cli.arguments import add_command, add_group, add_json
from assay.cli.output import Tone, say, say_json, say_table, tint
from assay.client import Client
from assay.core.errors import InvalidInputError, UnavailableError

if TYPE_CHECKING:
    from assay.cli.arguments import Commands

MODULE = Path(assay.__file__).parent / "studio" / "kernelspec_manager.py"
NAME, VERSION = "assay_kernels", "1"
DIST_INFO = f"{NAME}-{VERSION}.dist-info"
CONFIG = '{"ServerApp": {"kernel_spec_manager_class": "assay_kernels.AssayKernels"}}\n'


def add_to(commands: Commands) -> None:
    """Add the commands."""
    actions = add_group(commands, "jupyter", "Use the environments of the workspace in your own Jupyter")
    install = add_command(
        actions,
        "install",
        "Show the environments as kernels in a Jupyter",
        _install,
        examples=("assay jupyter install", "assay jupyter install --python ~/jupyter/bin/python"),
    )
    uninstall = add_command(actions, "uninstall", "Remove the kernels from a Jupyter", _uninstall)
    for command in (install, uninstall):
        command.add_argument(
            "--python", metavar="PATH", help="Python of the Jupyter (default: that of `jupyter` on PATH)"
        )
    kernels = add_group(commands, "kernel", "List environments as kernels")
    add_json(add_command(kernels, "list", "List the environments that you can start as kernels", _list))


def _install(arguments: argparse.Namespace) -> int:
    python = _python(arguments.python)
    if _run([python, "-c", "import jupyter_client"]):
        raise InvalidInputError(
            f"There is no Jupyter in {python}.", hint="Name the Python of your Jupyter with --python."
        )
    with tempfile.TemporaryDirectory() as folder:
        wheel = write_wheel(Path(folder))
        # Offline and without dependencies: only this module is added to that Jupyter.
        done = _run([*_pip("install", python), "--no-deps", "--no-index", "--reinstall", str(wheel)])
    if done:
        raise UnavailableError(
            f"The kernels could not be installed: {done[-400:]}",
            hint="Check that you can write to that Python's packages.",
        )
    say(f"Installed for {python}. Start its Jupyter with ASSAY_URL and ASSAY_TOKEN set.")
    say("Each environment of the workspace is a kernel there. Assay checks each start.")
    return 0


def _uninstall(arguments: argparse.Namespace) -> int:
    done = _run([*_pip("uninstall", _python(arguments.python)), NAME])
    if done:
        raise UnavailableError(
            f"The kernels could not be removed: {done[-400:]}", hint="Check that they are installed there."
        )
    say("Removed the kernels.")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    rows = Client.from_environment().get("/kernels")["items"]
    if arguments.json:
        say_json(rows)
    elif rows:
        head = ("Kernel", "Environment", "Python", "Title")
        say_table(head, [(f"assay-{one['name']}", one["environment"], one["python"], _title(one)) for one in rows])
        for one in rows:
            if one["notice"]:
                say(tint(one["notice"], Tone.WARN))
    else:
        say("No environments to start.")
    return 0


def _title(row: dict[str, str]) -> str:
    return f"{row['title']} (your draft)" if row["kind"] == "personal" else row["title"]


def _python(given: str | None) -> str:
    if given:
        return given
    jupyter = shutil.which("jupyter")
    found = Path(jupyter).parent / "python" if jupyter else None
    if found is None or not found.exists():
        raise InvalidInputError(
            "There is no Jupyter on your PATH.", hint="Name the Python of your Jupyter with --python."
        )
    return str(found)


def _pip(verb: str, python: str) -> list[str]:
    return [find_uv_bin(), "--no-config", "pip", verb, "--quiet", "--python", python]


def _run(argv: list[str]) -> str:
    """Run a command; return its error output if it failed, else ''."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)  # noqa: S603 - uv, and the user's Python
    except OSError as error:
        return str(error)
    return "" if done.returncode == 0 else (done.stderr.strip() or f"exit code {done.returncode}")


def write_wheel(folder: Path) -> Path:
    """Write the module as a wheel (PEP 427) with its entry point and Jupyter's setting; return its path."""
    files = {
        f"{NAME}.py": MODULE.read_text(),
        f"{NAME}-{VERSION}.data/data/etc/jupyter/jupyter_server_config.d/{NAME}.json": CONFIG,
        f"{DIST_INFO}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n",
        f"{DIST_INFO}/WHEEL": "Wheel-Version: 1.0\nGenerator: assay\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{DIST_INFO}/entry_points.txt": f"[jupyter_client.kernel_provisioners]\nassay = {NAME}:AssayProvisioner\n",
    }
    lines = [f"{path},sha256={_digest(text)},{len(text.encode())}" for path, text in files.items()]
    files[f"{DIST_INFO}/RECORD"] = "\n".join([*lines, f"{DIST_INFO}/RECORD,,", ""])
    wheel = folder / f"{NAME}-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
