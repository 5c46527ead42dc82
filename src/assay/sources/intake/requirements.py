"""Requirements files as pip reads them: continued lines, comments, hashes; each option with what became of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.core.intake.document import Document, Entry
from assay.sources.intake.formats import PROJECT_ITSELF

COMMENT = re.compile(r"(^|\s)#.*$")
HASH = re.compile(r"\s+--(hash|config-settings?|global-option|install-option)[= ]\S+")
INCLUDE = re.compile(r"(?:-r|--requirement)[ =]*(?P<file>\S+)|(?:-c|--constraint)[ =]*(?P<limits>\S+)")
PINNED = re.compile(r"===?[^*,;]+(;|$)")
OPTIONS = (
    (re.compile(r"(-e|--editable)[ =]*\.{0,2}(/.*)?(\[.*\])?$"), PROJECT_ITSELF),
    (re.compile(r"-e|--editable"), "is an editable install; add the published library instead"),
    (
        re.compile(r"-i\b|--index-url|--extra-index-url|-f\b|--find-links|--no-index|--trusted-host"),
        "is an option: libraries come from the workspace's package indexes",
    ),
    (
        re.compile(r"--pre\b|--prefer-binary|--only-binary|--no-binary|--require-hashes|--use-feature"),
        "is an option that the editor or the workspace sets; every file is verified by its hash anyway",
    ),
    (re.compile("-"), "is an option that has no meaning here"),
)


def read_requirements(text: str) -> Document:
    """Read a requirements or constraints file."""
    entries = [entry_of(line, number) for number, line in logical_lines(text)]
    pins = [one.library for one in entries if one.library]
    locked = len(pins) > 1 and all(PINNED.search(one) for one in pins)
    return Document(kind="requirements", entries=tuple(entries), locked=locked)


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number of its first line, line) without comments and hashes; continued lines are joined."""
    joined, start = "", 0
    for number, raw in enumerate(text.split("\n"), 1):
        start = start or number
        if raw.endswith("\\") and not raw.lstrip().startswith("#"):
            joined += raw[:-1] + " "
            continue
        line = HASH.sub("", COMMENT.sub("", joined + raw)).strip().rstrip(",").strip("\"'")
        if line:
            yield start, line
        joined, start = "", 0
    line = HASH.sub("", COMMENT.sub("", joined)).strip()
    if line:
        yield start, line


def entry_of(line: str, number: int, *, choice: str = "") -> Entry:
    """Return the entry of a line: a library, or an option or include with what became of it."""
    found = INCLUDE.fullmatch(line)
    if found:
        name = found["file"] or found["limits"]
        return Entry(line=number, text=line, include=name, limits=not found["file"], choice=choice)
    for pattern, reason in OPTIONS:
        if pattern.match(line):
            return Entry(line=number, text=line, reason=reason, choice=choice)
    return Entry(line=number, text=line, library=line, choice=choice)
