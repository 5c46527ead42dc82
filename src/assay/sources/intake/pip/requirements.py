"""Requirements files as pip reads them, and what people paste: lists, commands, the outputs of `pip list`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from assay.core.intake.document import Document, Entry
from assay.sources.intake.formats import INSTALLERS, NO_INSTALLER, shown
from assay.sources.intake.known_names import most_used
from assay.sources.intake.pip.compiled import via_annotations
from assay.sources.intake.pip.install_commands import Installs
from assay.sources.intake.pip.lines import MAX_LINE, PYTHON_LINE, entry_of

__all__ = ["entries_of", "entry_of", "logical_lines", "read_requirements"]

COMMENT = re.compile(r"(^|\s)#.*$")
PINNED = re.compile(r"===?[^*,;]+(;|$)")
EDITABLE_COMMENT = re.compile(r"#\s*Editable\b.*\((?P<name>[A-Za-z0-9][\w.-]*)(==(?P<version>[^)]+))?\)\s*$")
BREAKS = re.compile("[\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")
INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad\u202a-\u202e]")
TYPED = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "--", "−": "-", "‐": "-", "‑": "-"}  # noqa: RUF001 - what word processors write
    | {"≥": ">=", "≤": "<=", "≠": "!=", "、": ",", "\t": " "}
)
MESSAGE = re.compile(
    r"(warning|error|deprecation|note|info|notice|hint)\s*:|\[notice\]|\[?(WARN|ERROR|INFO)\]"
    r"|(Collecting|Downloading|Requirement already satisfied:?|Using cached|Using Python|Found existing installation:"
    r"|Installing collected packages:|Successfully (installed|built|uninstalled)|Looking in (indexes|links):"
    r"|Building wheels?( for)?|Attempting uninstall:|Uninstalling|Preparing metadata|Getting requirements"
    r"|Installing build dependencies|Installing backend dependencies|You (are using|should consider)"
    r"|(Resolved|Prepared|Installed|Uninstalled|Audited) \d+ packages?|Obtaining"
    r"|Cloning into|Stored in directory:)\s+\S"
    r"|Traceback \(most recent call last\)",
    re.IGNORECASE,
)
HEADING = re.compile(r"Package\s+Version(\s+.*)?|-{3,}(\s+-{3,})*|={3,}|`{3}\w*|#!.*")
BULLET = re.compile(r"([-*•+]|\d{1,3}[.)])\s+(?=[A-Za-z0-9\"'])")
ROW = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)\s+\(?v?(?P<version>\d[\w.!+-]*)\)?(?P<rest>\s+\S.*)?")
COMMAND = re.compile(
    r"(?:^|[\s$!%>#/\\(])(?P<command>(?:(?:python|py)[\d.]*\s+-m\s+)?(?:pip[\d.]*|uv(?:\s+pip)?|conda|mamba|micromamba|poetry"
    r"|pdm|pipenv)\s+(?:-\S+\s+)*(?:install|add|create|sync)\b.*)"
)
# What shells print before a command: `$`, `(base) me@host:~$`, `C:\\work>`, `>>>`, `In [1]:`.
PROMPT = re.compile(
    r"(\([\w.-]+\)\s*)?([\w.-]+@[\w.-]+[:\s][^$#]*[$#]|(PS )?[A-Za-z]:\\[^<>]*>|[$%]|>>>|>|In \[\d+\]:)(\s.*)?"
)
WORDS = re.compile(r"[A-Za-z][\w.-]*(\s+[A-Za-z][\w.-]*)+[.!:]?")
SEVERAL = "holds several words; write one library per line"
WORD_LIST = re.compile(r"[\[(]?\s*(?:\"[^\"]*\"|'[^']*')(?:\s*,\s*(?:\"[^\"]*\"|'[^']*'))*\s*,?\s*[\])]?")
# What nearly all lines look like; parsing each would take longer than all the rest.
SIMPLE = re.compile(
    r"[A-Za-z0-9][\w.-]*\s*(\[[\w\s,.-]*\])?\s*([=<>~!]=?=?\s*[\w.*+!-]+\s*(,\s*[=<>~!]=?=?\s*[\w.*+!-]+\s*)*)?"
    r"(;\s*\w+\s*[=<>!~ni].*)?"
)
STRING = re.compile(r"\"([^\"]*)\"|'([^']*)'")
PROSE = frozenset(
    {"a", "an", "and", "are", "be", "for", "in", "is", "of", "on", "or", "the", "to", "with", "you", "your"}
)
PYTHON_VERSION = re.compile(r"[~=]=\s*(3\.\d{1,2})(\.[\d*]+)?")


def read_requirements(text: str) -> Document:
    """Read a requirements or constraints file, or a pasted list."""
    editable = _editables(text)
    asked, requires = via_annotations(text)
    entries: list[Entry] = []
    python: str | None = None
    requires_python = ""
    for number, line in logical_lines(typed(text)):
        found = entries_of(line, number)
        if number in editable:
            found = [replace(one, reason=_editable_reason(editable[number])) for one in found]
        wish = PYTHON_LINE.fullmatch(line)
        if wish and wish[1]:
            exact = PYTHON_VERSION.fullmatch(wish[1].strip())
            python, requires_python = (exact[1], "") if exact else (None, wish[1].strip())
        entries += found
    pins = [one.library for one in entries if one.library]
    return Document(
        kind="requirements",
        entries=tuple(entries),
        python=python,
        requires_python=requires_python,
        locked=len(pins) > 1 and all(PINNED.search(one) for one in pins),
        direct=asked,
        requires=requires,
    )


def typed(text: str) -> str:
    """Return text in plain characters: full-width forms, typographic quotes and dashes, invisible characters."""
    if text.isascii():
        return BREAKS.sub(" ", text).replace("\t", " ")
    text = unicodedata.normalize("NFKC", INVISIBLE.sub("", BREAKS.sub(" ", text)).translate(TYPED))
    return BREAKS.sub(" ", text)


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number of its first line, line) without comments; continued lines are joined."""
    joined: list[str] = []
    start = 0
    for number, raw in enumerate(text.split("\n"), 1):
        start = start or number
        bare = raw.rstrip()
        if bare.endswith("\\") and not bare.lstrip().startswith("#"):
            joined.append(bare[:-1])
            continue
        line = COMMENT.sub("", " ".join([*joined, raw])).strip()
        if line:
            yield start, line
        joined, start = [], 0
    line = COMMENT.sub("", " ".join(joined)).strip()
    if line:
        yield start, line


def entries_of(line: str, number: int, *, choice: str = "") -> list[Entry]:
    """Return the entries of a line as people write it: several names, a command, a row of a table, a message."""
    if len(line) > MAX_LINE:
        return [entry_of(line, number, choice=choice)]
    noise = "a message of pip" if MESSAGE.match(line) else "a heading" if HEADING.fullmatch(line) else ""
    command = None if noise else COMMAND.search(line)
    noise = noise or ("a command" if PROMPT.fullmatch(line) and not command else "")
    if noise:
        return [Entry(line=number, text=shown(line), reason=f"is {noise}, no library", choice=choice)]
    if command:
        return _of_command(command["command"], line, number, choice)
    line = BULLET.sub("", line, count=1) if BULLET.match(line) else line
    row = ROW.fullmatch(line)
    if row and _is_version(row["version"]):
        return [_of_row(row, number, choice)]
    parts = [] if line.startswith("-") else _several(line)
    if not parts and WORDS.fullmatch(line):
        return [Entry(line=number, text=shown(line), reason=SEVERAL, choice=choice)]
    return [entry_of(one, number, choice=choice) for one in parts or [line]]


def _of_command(command: str, line: str, number: int, choice: str) -> list[Entry]:
    installs = Installs()
    installs.read(command)
    found = [replace(one, line=number, choice=choice) for one in installs.entries]
    reason = "is a command that names no library to install"
    return found or [Entry(line=number, text=shown(line), reason=reason, choice=choice)]


def _of_row(row: re.Match[str], number: int, choice: str) -> Entry:
    """Return the entry of a row of `pip list`: a name, a version, and a folder or a newer version."""
    rest = (row["rest"] or "").strip()
    reason = ""
    if canonicalize_name(row["name"]) in INSTALLERS:
        reason = NO_INSTALLER
    elif re.match(r"/|~|[A-Za-z]:\\", rest):
        reason = f"is installed from a folder; add {row['name']} by name if an index has it"
    if reason:
        return Entry(line=number, text=shown(row[0]), reason=reason, choice=choice)
    found = entry_of(f"{row['name']}=={row['version']}", number, choice=choice)
    return replace(found, text=shown(row[0]), note=f"is taken without {rest[:60]!r}" if rest else "")


def _several(line: str) -> list[str]:
    """Return the libraries of a line that names several, [] for any other line."""
    if SIMPLE.fullmatch(line) or not re.search(r"[\s,]", line) or " --" in line or _is_requirement(line):
        return []  # a word that is an option is no library
    if WORD_LIST.fullmatch(line):
        return [one or two for one, two in STRING.findall(line) if one or two]
    for parts in (line.split(), line.split(","), re.split(r"[\s,;]+", line)):
        words = [one.strip().strip(",;") for one in parts if one.strip(" ,;")]
        if len(words) > 1 and all(_is_requirement(one) for one in words):
            return words if _are_libraries(words) else []
    return []


def _are_libraries(words: list[str]) -> bool:
    """Return whether words are libraries and no sentence: half of them are widely used names or have a version."""
    if any(one.lower() in PROSE for one in words):
        return False
    known = sum(1 for one in words if canonicalize_name(one) in most_used() or re.search(r"[=<>~\[]", one))
    return 2 * known >= len(words)


def _is_requirement(line: str) -> bool:
    try:
        Requirement(line)
    except InvalidRequirement:
        return bool(re.fullmatch(r"[A-Za-z0-9][\w.-]*=[\w.*!+-]+", line))
    return True


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def _editables(text: str) -> dict[int, str]:
    """Return the library of each line that pip freeze introduces with a comment: `# Editable install … (x==1)`."""
    if "# Editable" not in text:
        return {}
    lines = enumerate(text.split("\n"), 2)
    return {number: found["name"] for number, line in lines if (found := EDITABLE_COMMENT.match(line.strip()))}


def _editable_reason(name: str) -> str:
    return f"is an editable install of {name}; add {name} by name if an index has it"
