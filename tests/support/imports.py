"""Environments whose Python really is in them, with tiny packages named as their libraries."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from assay.core.lock import Lock as LockValue
from assay.core.report import Report
from assay.flow.paths import prefix
from assay.store.models import Lock, Version
from support.people import sealed

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def python_in(folder: Path, packages: dict[str, str] | None = None) -> Path:
    """Make a virtual environment with these modules (path: source); return its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = folder / "lib" / f"python{VERSION}" / "site-packages"
    for path, source in (packages or {}).items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(source)
    return folder / "bin" / "python"


def importable(version: Version, modules: dict[str, str]) -> None:
    """Make a built version really run, with one package for each of these libraries (library: module)."""
    lock = LockValue.from_dict(version.lock.content if version.lock else {})
    (prefix(lock.digest) / "bin" / "python").unlink()
    python_in(prefix(lock.digest), {f"{one}/__init__.py": "" for one in modules.values()})
    sealed(lock)
    know_modules(version, modules)


def know_modules(version: Version, modules: dict[str, str], **sizes: int) -> None:
    """Write into the report of a version which module each library has, and sizes (bytes)."""
    stored = Lock.objects.get(pk=version.lock_id)
    report = Report.from_dict(stored.report)
    facts = [
        replace(
            one,
            modules=(modules[one.name],) if one.name in modules else (),
            size=sizes.get(one.name.replace("-", "_"), one.size),
        )
        for one in report.libraries
    ]
    stored.report = replace(report, libraries=tuple(facts)).to_dict()
    stored.save(update_fields=["report"])
