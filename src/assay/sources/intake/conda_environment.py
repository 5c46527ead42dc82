"""`environment.yml` of conda: its entries translated to those of the Python index, and its pip entries."""

from __future__ import annotations

from assay.core.intake.document import Document, Entry
from assay.sources.intake.conda_names import python_of, translate
from assay.sources.intake.formats import array, parse_yaml, table
from assay.sources.intake.requirements import entry_of


def read_environment(text: str) -> Document:
    """Read an environment file. A conda entry gives way to a pip entry of the same name."""
    python: str | None = None
    entries: list[Entry] = []
    for one in array(table(parse_yaml(text)).get("dependencies")):
        if isinstance(one, dict):
            entries += [entry_of(str(line).strip(), 0) for line in array(one.get("pip"))]
            continue
        python = python_of(str(one)) or python
        line, reason = translate(str(one))
        entries.append(Entry(text=str(one)[:200], library=line, reason=reason, weak=True))
    return Document(kind="conda-environment", entries=tuple(entries), python=python)
