"""In which lines of a TOML or INI text its strings and keys stand, as their parsers do not tell."""

from __future__ import annotations

import re

HEADER = re.compile(r"\s*\[{1,2}\s*(?P<name>[^\[\]]+?)\s*\]{1,2}\s*(#.*)?")
KEY = re.compile(r"\s*(?P<key>\"[^\"]+\"|'[^']+'|[\w-]+)\s*[=.:]")
STRING = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'([^']*)'")
ESCAPED = re.compile(r"\\([\"\\])")
QUOTES = str.maketrans("", "", "\"' ")


class Positions:
    """The lines of each string and key of a text, given away in their order."""

    def __init__(self, text: str) -> None:
        self._strings: dict[str, list[tuple[str, int]]] = {}
        self._keys: dict[str, list[tuple[str, int]]] = {}
        section = ""
        for number, line in enumerate(text.split("\n"), 1):
            header = HEADER.fullmatch(line)
            if header:
                section = header["name"].translate(QUOTES)
                parent, _, last = section.rpartition(".")
                self._keys.setdefault(last, []).append((parent, number))
                continue
            key = KEY.match(line)
            if key:
                self._keys.setdefault(key["key"].strip("\"'"), []).append((section, number))
            for double, single in STRING.findall(line):
                value = ESCAPED.sub(r"\1", double) if double else single
                self._strings.setdefault(value.strip(), []).append((section, number))
            if not key or not STRING.search(line):
                self._strings.setdefault(line.strip(), []).append((section, number))

    def string(self, value: str, section: str = "") -> int:
        """Return the line of the next string with a value, first of a section; 0 where there is none."""
        return _next(self._strings.get(value.strip(), []), section)

    def key(self, name: str, section: str = "") -> int:
        """Return the line of the next key with a name, first of a section; 0 where there is none."""
        return _next(self._keys.get(name, []), section)


def _next(places: list[tuple[str, int]], section: str) -> int:
    found = next((one for one in places if one[0].startswith(section)), places[0] if places else None)
    if found is None:
        return 0
    if len(places) > 1:
        places.remove(found)
    return found[1]
