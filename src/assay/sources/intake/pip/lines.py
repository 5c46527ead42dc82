"""One line of a requirements file: a library, another file, an option or a reference, with what becomes of it."""

from __future__ import annotations

import re
from dataclasses import replace

from packaging.utils import canonicalize_name

from assay.core.intake.document import Entry
from assay.sources.intake.code.import_names import is_standard_library
from assay.sources.intake.formats import shown
from assay.sources.intake.known_names import most_used
from assay.sources.intake.pip.direct_references import reference_entry
from assay.sources.intake.pip.options import option_reason

MAX_LINE = 4000  # characters of a line without its hashes; real ones stay below 300
QUOTED = r"(?:\"[^\"]*\"|'[^']*'|\S+)"
OF_REQUIREMENT = re.compile(rf"\s--(?P<name>hash|config-settings?|global-option|install-option)(?:=|\s)\s*{QUOTED}")
OTHER_OPTION = re.compile(r"(?<=[\w\])*'\"])\s+-{1,2}[A-Za-z][\w-]*(?=[\s=]|$)")
INCLUDE = re.compile(
    rf"(?:-r|--requirements?)(?P<one>[ =]*)(?P<file>{QUOTED})|(?:-c|--constraints?)(?P<two>[ =]*)(?P<limits>{QUOTED})"
)
EDITABLE = re.compile(r"(?:-e|--editable)(?:=|\s|$)\s*(?P<what>.*)")
STAR = re.compile(r"(>=|<)\s*(\d+(?:\.\d+)*)\.\*")  # old spellings; the star adds nothing to an order
PLAIN_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
PYTHON_LINE = re.compile(r"python\s*([=<>~!].*)?", re.IGNORECASE)


def entry_of(line: str, number: int, *, choice: str = "") -> Entry:
    """Return the entry of a line without comments: a library, or what became of it."""
    written = line
    line = line.strip().rstrip(",;").strip()
    line = line.strip("\"'").strip() if line[:1] in "\"'" and line[-1:] == line[:1] else line
    if not line:
        return Entry(line=number, text=shown(written), reason="names no library", choice=choice)
    if len(line) > MAX_LINE and "--hash" not in line:
        reason = f"has {len(line)} characters; write one library per line"
        return Entry(line=number, text=shown(line), reason=reason, choice=choice)
    line, note = _without_options(line)
    found = INCLUDE.fullmatch(line)
    if found and not _is_other_option(line):
        name = (found["file"] or found["limits"]).strip("\"'")
        return Entry(line=number, text=shown(line), include=name, limits=not found["file"], choice=choice)
    editable = EDITABLE.fullmatch(line)
    if editable:
        inner = editable["what"].split(" #")[0].strip().strip("\"'")
        referred = reference_entry(inner, number, choice=choice, editable=True)
        if referred:
            return replace(referred, text=shown(line), library="", note="", reason=referred.reason or NO_EDITABLE)
    if line.startswith("-"):
        return Entry(line=number, text=shown(line), reason=option_reason(line), choice=choice)
    return reference_entry(line, number, choice=choice) or _library(line, number, choice, note)


NO_EDITABLE = "is an editable install; add the published library by name if an index has it"


def _is_other_option(line: str) -> bool:
    """Return whether an option only begins with the letters of -r or -c: `-check`."""
    return line.startswith(("-r", "-c")) and line[2:3].isalpha() and "." not in line


def _without_options(line: str) -> tuple[str, str]:
    """Return a requirement without its options, and a note that names those that mean something."""
    if " -" not in line or line.startswith("-"):
        return line, ""
    lost = [found[0].strip() for found in OF_REQUIREMENT.finditer(line) if found["name"] != "hash"]
    line = OF_REQUIREMENT.sub("", line).strip().removesuffix("\\").strip()
    other = OTHER_OPTION.search(line)  # pip, too, takes the rest of the line as options
    if other:
        lost.append(line[other.start() :].strip())
        line = line[: other.start()].strip()
    note = f"is taken without {shown(' '.join(lost))[:100]}: options are not read here" if lost else ""
    return line, note


def _library(line: str, number: int, choice: str, note: str) -> Entry:
    reason = _no_library(line)
    if reason:
        return Entry(line=number, text=shown(line), reason=reason, choice=choice)
    library = STAR.sub(r"\1\2", line)
    if library != line:
        note = note or f"is read as {library[:100]}"
    return Entry(line=number, text=shown(line), library=library, choice=choice, note=note)


def _no_library(line: str) -> str:
    """Return why a line that looks like a library is none, '' if it is one."""
    if "${" in line or re.match(r"\$\w|%\w+%", line):
        return "contains an environment variable; write the value itself"
    if PYTHON_LINE.fullmatch(line):
        return "is Python itself; choose its version beside the list"
    name = PLAIN_NAME.match(line)
    if name is None:
        return ""
    normal = canonicalize_name(name[0])
    if normal == "pkg-resources":
        return "is no library: a mistake of an old pip on Debian lists it"
    if name[0] == line and is_standard_library(line) and normal not in most_used():
        return "is part of Python's standard library"
    return ""
