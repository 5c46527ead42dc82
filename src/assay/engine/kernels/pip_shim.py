"""The `pip` command inside a server or a kernel: prints what to do instead of failing on read-only files.

Runs with the environment's own Python (`python pip_shim.py ARGUMENTS`), and as an IPython extension for
`%pip`. If the workspace allows personal libraries, it installs them into the user's home; they never replace
approved ones. Standard library only, Python 3.9 and newer.
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
# A name with optional extras and versions: no option, path, URL or marker.
LINE = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9._, -]+\])?\s*([<>=!~]=?[^;@\s]*(,\s*[<>=!~]=?[^;@\s]*)*)?"
)
REFUSED = """{reference} is approved and read-only: pip cannot change it.
To use other libraries, create a new version: {address}
"""
ALLOWED = """Installed for you alone, into {folder}.
It is not part of {reference}: nobody else gets it, and approved libraries take precedence.
Restart the kernel to use it. To provide it to everybody, create a new version: {address}
"""


def personal_folder(reference: str) -> str:
    """Return the folder of the user's personal libraries for a version, e.g. `~/.assay/libraries/geo-3`."""
    name = re.sub(r"[^a-z0-9-]", "-", reference)
    return os.path.join(os.path.expanduser("~"), ".assay", "libraries", name)  # noqa: PTH111, PTH118 - pathlib costs start-up time of every kernel


def main(arguments: list[str]) -> int:
    """Run one pip command; return its exit code."""
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
    """Print what to do instead; return exit code 1."""
    sys.stderr.write(REFUSED.format(**values()))
    return 1


def values() -> dict[str, str]:
    """Return the values that the messages contain."""
    reference = os.environ.get("ASSAY_ENVIRONMENT", "This environment")
    return {
        "reference": reference,
        "address": os.environ.get("ASSAY_NEW_VERSION", "the page of the environment"),
        "folder": personal_folder(reference),
    }


def installed() -> dict[str, str]:
    """Return the versions of the environment's libraries by normalised name."""
    found = importlib.metadata.distributions(path=[one for one in sys.path if one.startswith(sys.prefix)])
    return {normal(one.metadata["Name"]): one.version for one in found if one.metadata["Name"]}


def normal(name: str) -> str:
    """Return the normalised form of a name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def install(arguments: list[str]) -> int:
    """Install into the personal folder; versions of the environment's libraries are constraints."""
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
    command += ["--target", values()["folder"], "--default-index", os.environ["ASSAY_PERSONAL"], "--constraint", pins]
    planned = subprocess.run([*command, "--dry-run", *lines], capture_output=True, text=True, check=False)
    exact = re.findall(r"^ \+ ([^=\s]+)(==\S+)", planned.stderr, re.MULTILINE)
    owned = os.environ.get("ASSAY_OWNED", "").split()
    owned_names = [one for one, _ in exact if any(fnmatch.fnmatchcase(normal(one), pattern) for pattern in owned)]
    if planned.returncode or owned_names:
        why = f"{', '.join(owned_names)}: cannot be installed here, since another package index owns the name.\n"
        sys.stderr.write(why if owned_names else planned.stderr)
        return refuse()
    # Install exactly the versions that were checked, even if the index changes in the meantime.
    pinned = [name + version for name, version in exact]
    done = subprocess.run([*command, "--no-deps", *pinned], check=False).returncode if pinned else 0
    sys.stderr.write((REFUSED if done else ALLOWED).format(**values()))
    return done


def load_ipython_extension(shell: object) -> None:
    """Make `%pip` the same as `!pip`."""

    def pip(line: str) -> None:
        """Run the `pip` command of this module."""
        shell.system(f'"{sys.executable}" "{__file__}" {line}')  # type: ignore[attr-defined]  # IPython's shell has no types

    shell.register_magic_function(pip, "line", "pip")  # type: ignore[attr-defined]  # as above


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
