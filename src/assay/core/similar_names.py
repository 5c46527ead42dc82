"""Look-alike names: which name in use a new one can be mistaken for, and why (typosquatting).

A name is compared with all names in use at once, by an index of the names with one letter left out
(the symmetric deletion method). Two names one edit apart share an entry of that index.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

MIN_LETTERS = 4  # shorter names are one edit away from too many others: `six`, `sip`, `pip`
MIN_WORD = 5  # letters of a word that is mistyped; shorter words differ on purpose: `faiss-cpu`, `faiss-gpu`
LONG_WORD = 7  # a word this long is rarely one letter away from another by chance
WELL_KNOWN = 1000  # so many of the most used names are imitated even when they are short: `numpy`, `flask`
AFFIXES = ("python", "python2", "python3", "py", "py2", "py3")
ALIKE = str.maketrans("015i", "olsl")
ALIKE_PAIRS = (("rn", "m"), ("vv", "w"))
REPEATS = re.compile(r"(.)\1+")
DIFFERENCE_WORDS = {
    "separator": "only by its hyphens",
    "character": "only by characters that look the same",
    "swapped": "by two swapped letters",
    "repeated": "by a doubled letter",
    "missing": "by a missing letter",
    "added": "by an added letter",
    "replaced": "by a replaced letter",
    "affix": 'by "python" or "py" before or after it',
    "affix-and-letter": 'by one letter and "python" or "py" before or after it',
    "word-order": "by the order of its words",
}


class Difference(StrEnum):
    """How a look-alike differs from the name that it resembles."""

    SEPARATOR = "separator"
    CHARACTER = "character"
    SWAPPED = "swapped"
    REPEATED = "repeated"
    MISSING = "missing"
    ADDED = "added"
    REPLACED = "replaced"
    AFFIX = "affix"
    AFFIX_AND_LETTER = "affix-and-letter"
    WORD_ORDER = "word-order"

    @property
    def one_edit(self) -> bool:
        """Return whether one typing error makes one name from the other, unlike another affix or word order."""
        return self not in {Difference.AFFIX, Difference.AFFIX_AND_LETTER, Difference.WORD_ORDER}

    @property
    def words(self) -> str:
        """The end of a sentence: "reqeusts differs from requests " + words."""
        return DIFFERENCE_WORDS[self]


ONE_LETTER = {Difference.MISSING, Difference.ADDED, Difference.REPLACED, Difference.AFFIX_AND_LETTER}
SAME_LETTERS = {Difference.SWAPPED, Difference.REPEATED}


@dataclass(frozen=True, kw_only=True)
class Resemblance:
    """The name in use that another one resembles, and how the two differ."""

    name: str
    difference: Difference


class NameIndex:
    """An index to find similar names among those in use, the most used first. Names are normalised (PEP 503)."""

    def __init__(self, names: Iterable[str]) -> None:
        self._ranks = {name: rank for rank, name in enumerate(dict.fromkeys(names))}
        self._by_key: dict[str, list[str]] = {}
        for name in self._ranks:
            for key in _keys(name):
                self._by_key.setdefault(key, []).append(name)

    def __contains__(self, name: str) -> bool:
        return name in self._ranks

    def find(self, name: str) -> Resemblance | None:
        """Return the most used of the names that this one resembles, None when there is none."""
        found = {one for key in _keys(name) for one in self._by_key.get(key, ())}
        for one in sorted(found, key=self._ranks.__getitem__):
            difference = difference_of(name, one, well_known=self._ranks[one] < WELL_KNOWN)
            if difference:
                return Resemblance(name=one, difference=difference)
        return None


@lru_cache(maxsize=65_536)  # the same names are in most locks
def find_resemblance(
    name: str, *, in_use: NameIndex, most_used: NameIndex, long_history: frozenset[str]
) -> Resemblance | None:
    """Return the name that a normalised name can be mistaken for, None when there is none.

    `in_use` are the names of the workspace, `long_history` those known not to be look-alikes. Names of the
    workspace are not compared with each other, but each is compared with the most used names.
    """
    if name in most_used or name in long_history:
        return None
    return most_used.find(name) or (None if name in in_use else in_use.find(name))


def difference_of(name: str, other: str, *, well_known: bool = True) -> Difference | None:
    """Return how two names differ when one can be mistaken for the other, else None.

    A short `other` counts as mistaken for a single letter only when it is `well_known`.
    """
    letters, others = _letters(name), _letters(other)
    if name == other or min(len(letters), len(others)) < MIN_LETTERS:
        return None
    difference = _difference(name, other)
    if difference in ONE_LETTER:
        enough = MIN_WORD if well_known else LONG_WORD
    elif difference in SAME_LETTERS:
        enough = MIN_LETTERS if well_known else MIN_WORD
    else:
        return difference
    return difference if _mistyped_length(_stem(name), _stem(other)) >= enough else None


def _difference(name: str, other: str) -> Difference | None:
    letters, others = _letters(name), _letters(other)
    stem, other_stem = _stem(name), _stem(other)
    if letters == others:
        return Difference.SEPARATOR
    if _folded(letters) == _folded(others):
        return Difference.CHARACTER
    if _letters(stem) == _letters(other_stem):
        return Difference.AFFIX
    if sorted(name.split("-")) == sorted(other.split("-")):
        return Difference.WORD_ORDER
    edit = _edit(letters, others)
    if not edit and (stem, other_stem) != (name, other) and _edit(_letters(stem), _letters(other_stem)):
        return Difference.AFFIX_AND_LETTER
    return edit


def _edit(letters: str, others: str) -> Difference | None:
    """Return the one edit (restricted Damerau) between two names; replaced digits do not count."""
    start = _common_start(letters, others)
    rest, others_rest = letters[start:], others[start:]
    if REPEATS.sub(r"\1", letters) == REPEATS.sub(r"\1", others):
        return Difference.REPEATED
    if rest[1:] == others_rest:
        return Difference.ADDED
    if rest == others_rest[1:]:
        return Difference.MISSING
    if rest[1:] == others_rest[1:]:
        return None if rest[0].isdigit() and others_rest[0].isdigit() else Difference.REPLACED
    if rest[:2] == others_rest[1::-1] and rest[2:] == others_rest[2:]:
        return Difference.SWAPPED
    return None


def _common_start(letters: str, others: str) -> int:
    shorter = min(len(letters), len(others))
    return next((at for at in range(shorter) if letters[at] != others[at]), shorter)


def _mistyped_length(name: str, other: str) -> int:
    """Return the length of the one word in which two names differ, of the whole name when more words differ."""
    words, others = name.split("-"), other.split("-")
    changed = [pair for pair in zip(words, others, strict=False) if pair[0] != pair[1]]
    pair = changed[0] if len(words) == len(others) and len(changed) == 1 else (_letters(name), _letters(other))
    return max(map(len, pair))


def _keys(name: str) -> Iterator[str]:
    """Yield the index keys of a name: names that resemble each other share at least one."""
    letters, stem = _letters(name), _letters(_stem(name))
    yield _folded(letters)
    yield "".join(sorted(name.split("-")))
    for one in {letters, stem}:
        yield one
        yield REPEATS.sub(r"\1", one)
        yield from (one[:at] + one[at + 1 :] for at in range(len(one)))


def _letters(name: str) -> str:
    return name.replace("-", "")


def _folded(letters: str) -> str:
    """Return a name with characters that look the same replaced by one of them."""
    for pair, single in ALIKE_PAIRS:
        letters = letters.replace(pair, single)
    return letters.translate(ALIKE)


def _stem(name: str) -> str:
    """Return a name without `python-`, `py-`, `-python` or `-py`, numbered or not, when enough letters remain."""
    for affix in AFFIXES:
        for stem in (name.removeprefix(f"{affix}-"), name.removesuffix(f"-{affix}")):
            if stem != name and len(_letters(stem)) >= MIN_LETTERS:
                return stem
    return name
