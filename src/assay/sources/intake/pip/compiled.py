"""The annotations of pip-compile and uv (`# via …`): which libraries were asked for, and which ones require which."""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name

NAME = re.compile(r"([A-Za-z0-9][\w.-]*)(\[[^\]]*\])?\s*[=@]")
VIA = re.compile(r"(?:^|\s)#\s+via\b(?:\s+(?P<names>.*))?$")
MORE = re.compile(r"\s+#\s{2,}(?P<names>\S.*)$")
LIMIT = re.compile(r"(-c\s|--constraint|--override)")
SOURCE = re.compile(r"-r\s|.*\(|.*\.(in|txt|toml|py|cfg)(:\S+)?$")


def via_annotations(text: str) -> tuple[frozenset[str] | None, dict[str, tuple[str, ...]]]:
    """Return the libraries that were asked for, None where the file does not say, and what each library requires."""
    if "# via" not in text and "#   via" not in text:
        return None, {}
    asked: set[str] = set()
    explained: set[str] = set()
    pinned: list[str] = []
    requires: dict[str, list[str]] = {}
    name, within = "", False
    for line in text.split("\n"):
        found = NAME.match(line)
        if found:
            name, within = canonicalize_name(found[1]), False
            pinned.append(name)
        via = VIA.search(line)
        more = MORE.match(line) if within else None
        within = bool(via or more)
        for parent in _parents(via or more):
            if SOURCE.match(parent):
                asked.add(name)
            else:
                requires.setdefault(canonicalize_name(parent), []).append(name)
            explained.add(name)
    asked |= {one for one in pinned if one not in explained}
    return frozenset(asked), {parent: tuple(dict.fromkeys(names)) for parent, names in requires.items()}


def _parents(found: re.Match[str] | None) -> list[str]:
    parts = (found["names"] or "").split(",") if found else []
    return [one.strip() for one in parts if one.strip() and not LIMIT.match(one.strip())]
