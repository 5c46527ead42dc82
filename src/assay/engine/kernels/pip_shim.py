"""What `pip` is inside a server or a kernel: it says what to do instead of failing at read-only files.

Runs with the environment's own Python (`python pip_shim.py ARGUMENTS`), and as an IPython extension for
`%pip`. Where the workspace allows libraries of one's own, it installs into one's home, beside the approved
ones and never in their place. Standard library only, Python 3.9 and newer.
"""

from __future__ import annotations

import fnmatch
import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
import tempfile

CHANGES = {"install", "uninstall", "download", "wheel"}
# A name, perhaps extras, perhaps versions: no option, no path, no address, no marker.
LINE = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9._, -]+\])?\s*([<>=!~]=?[^;@\s]*(,\s*[<>=!~]=?[^;@\s]*)*)?"
)
REFUSED = """{reference} is approved and read-only: pip does not change it.
For other libraries start a new version of it: {address}
"""
ALLOWED = """Installed for you alone, into {folder}.
It is not part of {reference}: nobody else gets it, and approved libraries always win over it.
Restart the kernel to use it. For everybody, start a new version: {address}
"""


def personal_folder(reference: str) -> str:
    """Return where libraries of one's own beside a version lie, e.g. `~/.assay/libraries/geo-3`."""
    name = re.sub(r"[^a-z0-9-]", "-", reference)
    return os.path.join(os.path.expanduser("~"), ".assay", "libraries", name)  # noqa: PTH111, PTH118 - pathlib costs start-up time of every kernel


def main(arguments: list[str]) -> int:
    """Answer one call of pip."""
    verb = next((one for one in arguments if not one.startswith("-")), "")
    if verb in CHANGES or not verb:
        return install(arguments) if verb == "install" and os.environ.get("ASSAY_PERSONAL") else refuse()
    if importlib.util.find_spec("pip") is not None:
        return subprocess.run([sys.executable, "-m", "pip", *arguments], check=False).returncode
    if verb in {"list", "freeze"}:
        for name, version in sorted(installed().items()):
            sys.stdout.write(f"{name}=={version}\n")
        return 0
    return refuse()


def refuse() -> int:
    """Say what to do."""
    sys.stderr.write(REFUSED.format(**told()))
    return 1


def told() -> dict[str, str]:
    """Return what the messages speak of."""
    reference = os.environ.get("ASSAY_ENVIRONMENT", "This environment")
    return {
        "reference": reference,
        "address": os.environ.get("ASSAY_NEW_VERSION", "the page of the environment"),
        "folder": personal_folder(reference),
    }


def installed() -> dict[str, str]:
    """Return what the environment holds, by normalised name."""
    found = importlib.metadata.distributions(path=[one for one in sys.path if one.startswith(sys.prefix)])
    return {normal(one.metadata["Name"]): one.version for one in found if one.metadata["Name"]}


def normal(name: str) -> str:
    """Return a name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def install(arguments: list[str]) -> int:
    """Install into one's own folder, at the versions that the environment holds where it holds one."""
    lines = [one for one in arguments if one not in {"install", "-q", "--quiet", "-U", "--upgrade"}]
    for line in lines:
        if not LINE.fullmatch(line):
            sys.stderr.write(f"{line!r} cannot be installed here: names and versions only.\n")
            return refuse()
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as pins:
        pins.writelines(f"{name}=={version}\n" for name, version in installed().items())
        pins.flush()
        return _install(lines, pins.name) if lines else refuse()


def _install(lines: list[str], pins: str) -> int:
    command = [os.environ["ASSAY_UV"], "--no-config", "pip", "install", "--no-build", "--python", sys.executable]
    command += ["--target", told()["folder"], "--default-index", os.environ["ASSAY_PERSONAL"], "--constraint", pins]
    planned = subprocess.run([*command, "--dry-run", *lines], capture_output=True, text=True, check=False)
    exact = re.findall(r"^ \+ ([^=\s]+)(==\S+)", planned.stderr, re.MULTILINE)
    owned = os.environ.get("ASSAY_OWNED", "").split()
    taken = [one for one, _ in exact if any(fnmatch.fnmatchcase(normal(one), pattern) for pattern in owned)]
    if planned.returncode or taken:
        why = f"{', '.join(taken)}: only versions of environments take it, from its own source.\n"
        sys.stderr.write(why if taken else planned.stderr)
        return refuse()
    # What was looked at is what is installed, whatever the index says a moment later.
    pinned = [name + version for name, version in exact]
    done = subprocess.run([*command, "--no-deps", *pinned], check=False).returncode if pinned else 0
    sys.stderr.write((REFUSED if done else ALLOWED).format(**told()))
    return done


def load_ipython_extension(shell: object) -> None:
    """Let `%pip` be the same as `!pip`."""

    def pip(line: str) -> None:
        """Say what to do, or install for oneself."""
        shell.system(f'"{sys.executable}" "{__file__}" {line}')  # type: ignore[attr-defined]  # IPython's shell has no types

    shell.register_magic_function(pip, "line", "pip")  # type: ignore[attr-defined]  # as above


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
