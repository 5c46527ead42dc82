"""Write the lists of names that `assay.sources.name_lists` reads.

The source is `top_pypi_packages.json` in the wheel of guarddog (Apache-2.0): the 15,000 most downloaded names of
30 days. Usage: `python docs/name_lists.py guarddog-3.2.0-py3-none-any.whl`
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

from assay.core.similar_names import NameIndex
from assay.sources.name_lists import LONG_HISTORY, MOST_USED

MEMBER = "guarddog/analyzer/metadata/resources/top_pypi_packages.json"
COUNT = 5000
BY_HAND = ["h5pyd"]  # by the HDF Group, since 2016


def write_lists(wheel: Path) -> None:
    """Write both lists from a wheel of guarddog."""
    with ZipFile(wheel) as archive:
        document = json.loads(archive.read(MEMBER))
    names = document["packages"]
    day = datetime.fromtimestamp(document["downloaded_timestamp"], UTC).date()
    source = f"{'-'.join(wheel.name.split('-')[:2])}, {MEMBER}, of {day}"
    index = NameIndex(names[:COUNT])
    known = BY_HAND + [name for name in names[COUNT:] if index.find(name)]
    _write(MOST_USED, f"The {COUNT} most downloaded names. Source: {source}", names[:COUNT])
    _write(LONG_HISTORY, f"Widely used names that resemble a more used one. Source: {source}", known)


def _write(path: Path, heading: str, names: list[str]) -> None:
    path.write_text("\n".join([f"# {heading}", *names, ""]), encoding="utf-8")


if __name__ == "__main__":
    write_lists(Path(sys.argv[1]))
