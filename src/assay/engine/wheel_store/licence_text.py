"""Identifying a licence by its text.

`licenseclassifier` finds the licence texts in a file. A file is one licence only when nothing beside that text
can change it: an unknown licence is better than a wrong one.
"""

from __future__ import annotations

import re

from licenseclassifier import identify_license

from assay.core.licences.names import normalise

MAX_TEXT = 40_000  # bytes: the longest common licence, GPL-3.0, has 35,000; larger files are collections
MAX_TITLE = 30  # words beside a licence text: its title, the name of the project, its authors
MAX_REST = 300  # words beside it where they name the same licence, as in the licence files of Jupyter
LINE = r"[^\w\n]*(?:Copyright\b|(?i:copyright)[^\S\n]*(?:\([cC]\)|\d)|\([cC]\)[^\S\n]*\d|©).*"
COPYRIGHT = re.compile(rf"(?m)^{LINE}$")
FIRST_LINES = re.compile(rf"(?:(?:{LINE})?[^\S\n]*\n)+")
NAMED = re.compile(
    r"(?i)\b(?:licen[sc]ed|released|distributed|available)\s+under\s+(?:the\s+)?(?:terms\s+of\s+)?(?:the\s+)?"
    r"[\"'*`]*([\w. -]{1,60}?)[\"'*`]*\s?(?:[,:(\n\"'*`]|\.\s|$)"
)
# Words beside a licence text that limit it to a part, offer another licence or add a condition.
LIMITS = re.compile(
    r"(?i)\b(except\w*|unless|commercial|addition\w*|restrict\w*|portions?|parts?|files|director\w+|folders?|dual"
    r"|either|must|may|shall|redistribut\w*|bundl\w*|third)\b"
)
NEGATIONS = re.compile(r"(?i)\b(no|non|not|never|only|without)\b")


def identify(text: str) -> str:
    """Return the SPDX identifier of a text that is one licence and nothing that changes it, '' for any other."""
    if len(text) > MAX_TEXT:
        return ""
    names, rest, end = set(), "", 0
    for match in identify_license(text, coverage_threshold=0):
        names.add(match.id)
        rest += text[end : match.start] + _before_licence(text[match.start : match.end])
        end = match.end
    rest = COPYRIGHT.sub("", rest + text[end:])
    return names.pop() if len(names) == 1 and _changes_nothing(rest, *names) else ""


def _before_licence(match: str) -> str:
    """Return the words of a match between its copyright lines and the licence text."""
    found = FIRST_LINES.match(match)
    if found is None:
        return ""
    text = match[found.end() :]
    matches = identify_license(text, coverage_threshold=0)
    return text[: matches[0].start] if matches else ""


def _changes_nothing(rest: str, licence: str) -> bool:
    """Return whether the words beside a licence text are no more than a title, or tell that it is the licence."""
    words = len(re.findall(r"\w+", rest))
    named = {normalise(name) for name in NAMED.findall(rest)}
    if LIMITS.search(rest) or not named <= {licence}:
        return False
    return words <= MAX_REST if named else words <= MAX_TITLE and not NEGATIONS.search(rest)
