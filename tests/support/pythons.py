"""Tiny archives of Pythons, as uv installs them: their `python` describes itself and does nothing else."""

from __future__ import annotations

import io
import platform
import tarfile
from pathlib import Path

SCRIPT = """#!/bin/sh
echo "[\\"cpython\\", \\"{version}\\", false, \\"$0\\", \\"${{0%/bin/*}}\\", \\"linux\\", \\"final\\"]"
"""


def unpack(folder: Path, version: str) -> str:
    """Put an installation of a version into a folder, where it is found, and return its minor version."""
    with tarfile.open(make_archive(folder.parent / "archives", version)) as archive:
        archive.extractall(folder.parent / "unpacked", filter="data")
    folder.mkdir(exist_ok=True)
    (folder.parent / "unpacked" / "python").rename(folder / f"cpython-{version}")
    return ".".join(version.split(".")[:2])


def make_archive(folder: Path, version: str, *, works: bool = True) -> Path:
    """Write the archive of a version into a folder, in the layout of python-build-standalone."""
    minor = ".".join(version.split(".")[:2])
    header = "# system configuration generated and used by the sysconfig module"
    library = f"python/lib/python{minor}"
    files = {
        f"python/bin/python{minor}": SCRIPT.format(version=version) if works else "#!/bin/sh\nexit 1\n",
        f"{library}/_sysconfigdata__linux_x86_64-linux-gnu.py": f"{header}\nbuild_time_vars = {{}}\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    machine = platform.machine()
    path = folder / f"cpython-{version}+20250101-{machine}-unknown-linux-gnu-install_only_stripped.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text), 0o755
            archive.addfile(member, io.BytesIO(text.encode()))
    return path
