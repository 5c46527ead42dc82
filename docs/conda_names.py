"""Write the table of names that `assay.sources.intake.conda.names` reads.

The source is `grayskull_pypi_mapping.json` in the wheel of conda-pypi (MIT): the Python names of conda-forge's
packages. Only those are kept whose names differ, and those that look like native libraries or like a part of another
package but are Python libraries. Usage: `python docs/conda_names.py conda_pypi-0.13.1-py3-none-any.whl`
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from zipfile import ZipFile

from packaging.utils import canonicalize_name

from assay.sources.intake.conda.names import NAMES
from assay.sources.intake.conda.rules import SHORTENED, looks_native, reason_against
from assay.sources.name_lists import MOST_USED, read_names

MEMBER = "conda_pypi/grayskull_pypi_mapping.json"
UNREADABLE = re.compile(r"[0-9a-f]{40,}")  # names that an error of the mapping made


def write_names(wheel: Path) -> None:
    """Write the table from a wheel of conda-pypi. Of several Python names the most used one counts."""
    with ZipFile(wheel) as archive:
        packages = json.loads(archive.read(MEMBER)).values()
    used = {name: place for place, name in enumerate(read_names(MOST_USED))}
    names: dict[str, list[str]] = {}
    for one in packages:
        conda, python = canonicalize_name(one["conda_name"]), canonicalize_name(one["pypi_name"])
        if not UNREADABLE.fullmatch(python):
            names.setdefault(conda, []).append(python)
    lines = []
    for conda, found in sorted(names.items()):
        python = conda if conda in found else min(found, key=lambda one: (used.get(one, len(used)), one))
        if conda != python:
            lines.append(f"{conda} {python}")
        elif (looks_native(conda) or SHORTENED.fullmatch(conda)) and not reason_against(conda):
            lines.append(conda)
    source = f"{'-'.join(wheel.name.split('-')[:2])}, {MEMBER}"
    heading = f"# Names of conda-forge and of the Python index, where they differ. Source: {source}"
    NAMES.write_text("\n".join([heading, *lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    write_names(Path(sys.argv[1]))
