"""`python docs/release_notes.py v1.2.3`: print what the changelog says of a version, for its release page."""

from __future__ import annotations

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parents[1] / "CHANGELOG.md"


def notes(changelog: str, tag: str) -> str:
    """Return the section of a tag's version without its heading. Raises ValueError when it is missing or empty."""
    version = tag.removeprefix("v")
    # A heading is `## 1.2.3`, with or without more after it, such as the date.
    found = re.search(rf"^## {re.escape(version)}(?: [^\n]*)?\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if not found or not found[1].strip():
        raise ValueError(f"CHANGELOG.md has no section '## {version}' with a line. Rename '## Unreleased' to it.")
    return found[1].strip() + "\n"


if __name__ == "__main__":
    try:
        sys.stdout.write(notes(CHANGELOG.read_text(), sys.argv[1]))
    except ValueError as error:
        sys.exit(str(error))
