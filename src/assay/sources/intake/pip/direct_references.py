"""Requirements that name a file, a folder, a URL or a repository: which library each is, and what to do."""

from __future__ import annotations

import re
from urllib.parse import unquote

from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

from assay.core.intake.document import Entry
from assay.sources.intake.formats import PROJECT_ITSELF, shown

NAMED = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(?P<extras>\[[^\]]*\])?\s*@\s*(?P<where>[^\s;]\S*?)(?P<marker>\s*;\s.*|;)?"
)
REPOSITORY = re.compile(
    r"(git|hg|svn|bzr)\+|git@|git://|ssh://|.*\.git([@#/].*)?$|.*://git(hub|lab)\.com/[^/]+/[^/]+/?$"
)
URL = re.compile(r"[A-Za-z][\w+.-]+://?\S")
PATH = re.compile(r"\.{1,2}([/\\].*)?(\[.*\])?$|[/~\\]|[A-Za-z]:[\\/]|file:")
ARCHIVE = re.compile(r"[^/\\]+\.(whl|tar\.gz|zip|tar\.bz2|tgz)(?=$|[#?])", re.IGNORECASE)
EGG = re.compile(r"[#&]egg=(?P<name>[A-Za-z0-9][\w.-]*)")
# Where conda builds its packages; pip freeze names these folders for what conda installed.
CONDA_BUILD = re.compile(
    r"feedstock_root|conda-bld|[/\\]croot[/\\]|[/\\]ci(_\d+)?[/\\]|/tmp/(build|abs_)|[/\\]abs_|[/\\]b[/\\]"
)
ONLY_INDEXES = "and only package indexes are used"
WHOLE = re.compile(r"\.{0,2}[/\\]?(\[[^\]]*\])?")


def reference_entry(line: str, number: int, *, choice: str = "", editable: bool = False) -> Entry | None:
    """Return the entry of a line that points to a file, a folder, a URL or a repository, None for any other line."""
    named = NAMED.fullmatch(line)
    where = named["where"] if named else line
    if not (REPOSITORY.match(where) or URL.match(where) or PATH.match(where) or ARCHIVE.search(where) or editable):
        return None
    if WHOLE.fullmatch(where):
        return Entry(line=number, text=shown(line), reason=PROJECT_ITSELF, choice=choice)
    name, version = _identity(named["name"] if named else "", where)
    extras, marker = (named["extras"] or "", named["marker"] or "") if named else ("", "")
    local = where.startswith("file:")
    if named and local and version:
        found = f"{name}{extras}=={version}{marker.rstrip(';')}"
        note = "is taken by its name and version; the file itself is not used"
        return Entry(line=number, text=shown(line), library=found, note=note, choice=choice)
    if named and local and CONDA_BUILD.search(where):
        note = "is taken without a version: conda's build folder does not tell it"
        return Entry(
            line=number, text=shown(line), library=f"{name}{extras}{marker.rstrip(';')}", note=note, choice=choice
        )
    what = f"{name}=={version}" if version else name or "the library"
    reason = f"comes from {place_of(where)}, {ONLY_INDEXES}; add {what} by name if an index has it"
    return Entry(line=number, text=shown(line), reason=reason, choice=choice)


def place_of(where: str) -> str:
    """Return what a reference points to, for a sentence."""
    if REPOSITORY.match(where):
        return "a repository"
    if ARCHIVE.search(where):
        return "a file" if PATH.match(where) or not URL.match(where) else "a URL"
    return "a folder" if PATH.match(where) or not URL.match(where) else "a URL"


def _identity(name: str, where: str) -> tuple[str, str]:
    """Return the name and version of what a reference points to, '' for what it does not tell."""
    archive = ARCHIVE.search(where)
    if archive and not REPOSITORY.match(where):
        file = unquote(archive[0])
        try:
            parsed = parse_wheel_filename(file) if file.endswith(".whl") else parse_sdist_filename(file)
        except (InvalidWheelFilename, InvalidSdistFilename):
            pass
        else:
            return name or parsed[0], str(parsed[1])
    egg = EGG.search(where)
    return name or (egg["name"] if egg else ""), ""
