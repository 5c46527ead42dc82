"""Python scripts: their metadata block (PEP 723), else what they import and what commands in them install."""

from __future__ import annotations

import re

from assay.core.intake.document import Document, Entry
from assay.sources.intake.code.imports import Imports, imported
from assay.sources.intake.formats import array, text_of, toml
from assay.sources.intake.pip.install_commands import Installs
from assay.sources.intake.pip.lines import entry_of
from assay.sources.intake.positions import Positions

# The pattern of the standard, for blocks of the type `script`.
BLOCK = re.compile(r"(?m)^# /// script$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
# Cells of notebooks that were exported as scripts, by Jupytext and Databricks.
MAGIC = re.compile(r"#\s*(?:MAGIC\s+)?[%!]\s*(?P<command>(?:pip|conda|mamba|uv)\s.*)")
NOTHING = "lists no dependencies in its script metadata"


def read_script(text: str) -> Document:
    """Read a script. Its metadata block wins, as it does for the tools that run scripts. Raises InvalidInputError."""
    block = BLOCK.search(text)
    if block:
        return _with_metadata(text, block)
    installs = Installs()
    for number, line in enumerate(text.split("\n"), 1):
        found = MAGIC.match(line) if line.startswith("#") else None
        if found:
            installs.read(found["command"], number)
    imports = Imports(installs.entries)
    found_entries = [imports.entry(module, line) for line, module in imported(text)]
    entries = [*installs.entries, *(one for one in found_entries if one)]
    return Document(kind="script", entries=tuple(entries), python=installs.python)


def _with_metadata(text: str, block: re.Match[str]) -> Document:
    lines = block["content"].split("\n")
    content = "\n".join(line[2:] if line.startswith("# ") else line[1:] for line in lines)
    metadata, positions = toml(content), Positions(content)
    before = text.count("\n", 0, block.start("content"))
    entries = [
        entry_of(str(one).strip(), before + positions.string(str(one))) for one in array(metadata.get("dependencies"))
    ] or [Entry(line=before, text="# /// script", reason=NOTHING)]
    return Document(
        kind="script", entries=tuple(entries), requires_python=text_of(metadata.get("requires-python")).strip()
    )
