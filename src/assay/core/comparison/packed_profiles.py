"""Profiles of versions as sections of a packed file: what the similarity search reads, in the order it needs it."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assay.core.comparison.inverted_index import pack_slots
from assay.core.comparison.packed import Packed, pack_rows, pack_strings
from assay.core.comparison.similarity import Profile, Weights

LINE = "\n"  # between lines and between names; a canonical PEP 508 line has none


@dataclass(slots=True, kw_only=True)
class Entry:
    """One profile in compact form: `pairs` are numbers of (name, version)."""

    key: str
    python: str
    digest: str
    lines: tuple[str, ...]
    direct: frozenset[str]
    pairs: Sequence[int]

    def profile(self, pairs: PackedPairs | Sequence[tuple[str, str]]) -> Profile:
        """Return the profile; `pairs` are those that the numbers stand for."""
        versions = dict(pairs[number] for number in self.pairs)
        return Profile(python=self.python, lines=self.lines, versions=versions, digest=self.digest)


def entry_at(packed: Packed, slot: int) -> Entry:
    """Return the entry in a slot of a packed file."""
    return Entry(
        key=packed.strings("keys")[slot],
        python=packed.strings("pythons")[slot],
        digest=packed.strings("digests")[slot],
        lines=_split(packed.strings("lines")[slot]),
        direct=frozenset(_split(packed.strings("names.direct")[slot])),
        pairs=packed.rows("pairs")[slot],
    )


def weights_of(packed: Packed) -> Weights:
    """Return the weights of all libraries when the file was packed."""
    holders = dict(zip(packed.strings("names"), packed.numbers("holders"), strict=True))
    return Weights(holders=holders, total=len(packed.strings("keys")))


class PackedPairs:
    """Numbers of (name, version): those of a packed file in order, and those added since; `weights` by number."""

    def __init__(self, packed: Packed) -> None:
        self._names, self._versions = packed.strings("names"), packed.strings("versions")
        self._name, self._ends = packed.numbers("names.pairs"), packed.numbers("names.ends_of_pairs")
        self._place = {name: place for place, name in enumerate(self._names)}
        self._added: list[tuple[str, str]] = []
        self._added_to: dict[str, dict[str, int]] = {}
        self._weights = weights_of(packed)
        self.weights = array("I", packed.numbers("weights.pairs"))

    def __len__(self) -> int:
        return len(self.weights)

    def __getitem__(self, number: int) -> tuple[str, str]:
        if number < len(self._versions):
            return self._names[self._name[number]], self._versions[number]
        return self._added[number - len(self._versions)]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        names = list(self._names)
        yield from zip(map(names.__getitem__, self._name), self._versions, strict=True)
        yield from self._added

    def place(self, number: int) -> int:
        """Return the row of a pair in the packed file, -1 where it has none."""
        return number if number < len(self._versions) else -1

    def number(self, name: str, version: str) -> int:
        """Return the number of a pair, -1 where it has none."""
        found = self._versions.find(version, *self._range(name))
        return self._added_to.get(name, {}).get(version, -1) if found < 0 else found

    def versions(self, name: str) -> Iterator[tuple[str, int]]:
        """Yield the versions of a library with the numbers of the pairs."""
        for number in range(*self._range(name)):
            yield self._versions[number], number
        yield from self._added_to.get(name, {}).items()

    def add(self, name: str, version: str) -> int:
        """Return the number of a pair, which gets one if it has none."""
        number = self.number(name, version)
        if number < 0:
            number = self._added_to.setdefault(name, {})[version] = len(self)
            self._added.append((name, version))
            self.weights.append(self._weights.of(name))
        return number

    def _range(self, name: str) -> tuple[int, int]:
        """Return where the pairs of a name begin and end in the packed file."""
        place = self._place.get(name)
        if place is None:
            return 0, 0
        return (self._ends[place - 1] if place else 0), self._ends[place]


def sections_of(profiles: Iterable[tuple[str, Profile]]) -> dict[str, bytes]:
    """Return the sections of profiles with their keys, in this order."""
    numbers: dict[tuple[str, str], int] = {}
    found: list[Entry] = []
    for key, one in profiles:
        found.append(
            Entry(
                key=key,
                python=one.python,
                digest=one.digest,
                lines=one.lines,
                direct=one.direct,
                pairs=array("I", [numbers.setdefault(pair, len(numbers)) for pair in one.versions.items()]),
            )
        )
    pairs = sorted(numbers)
    rank = {numbers[pair]: place for place, pair in enumerate(pairs)}
    for entry in found:
        entry.pairs = array("I", map(rank.__getitem__, entry.pairs))
    return _of_entries(found, pairs)


def _of_entries(found: list[Entry], pairs: list[tuple[str, str]]) -> dict[str, bytes]:
    """Return the sections of entries; `pairs` are in order, and each is in an entry."""
    held = [array("I") for _ in pairs]
    for slot, entry in enumerate(found):
        for number in entry.pairs:
            held[number].append(slot)
    holders = Counter[str]()
    for (name, _), slots in zip(pairs, held, strict=True):
        holders[name] += len(slots)
    weights = Weights(holders=holders, total=len(found))
    pair_weights = array("I", [weights.of(name) for name, _ in pairs])
    return {
        **pack_strings("keys", [one.key for one in found]),
        **pack_strings("pythons", [one.python for one in found]),
        **pack_strings("digests", [one.digest for one in found]),
        **pack_strings("lines", [LINE.join(one.lines) for one in found]),
        **pack_strings("names.direct", [LINE.join(sorted(one.direct)) for one in found]),
        **pack_rows("pairs", [array("I", one.pairs) for one in found]),
        **_of_pairs(pairs, holders),
        "weights.pairs": pair_weights.tobytes(),
        "weights.held": array("I", [sum(map(pair_weights.__getitem__, one.pairs)) for one in found]).tobytes(),
        "weights.direct": array("I", [weights.sum(one.direct) for one in found]).tobytes(),
        **pack_slots("held", held, len(found)),
        **_by_text("direct", [one.direct for one in found]),
        **_by_text("python", [[one.python] for one in found]),
        **_by_text("digest", [[one.digest] for one in found]),
    }


def _of_pairs(pairs: list[tuple[str, str]], holders: Mapping[str, int]) -> dict[str, bytes]:
    """Return the sections of pairs: names in order, and for each the versions from the end of the one before."""
    names = sorted(holders)
    place = {name: number for number, name in enumerate(names)}
    named = array("I", [place[name] for name, _ in pairs])
    counts, ends, at = Counter(named), array("I"), 0
    for number in range(len(names)):
        at += counts[number]
        ends.append(at)
    return {
        **pack_strings("names", names),
        **pack_strings("versions", [version for _, version in pairs]),
        "names.pairs": named.tobytes(),
        "names.ends_of_pairs": ends.tobytes(),
        "holders": array("I", [holders[name] for name in names]).tobytes(),
    }


def _by_text(name: str, features: Iterable[Iterable[str]]) -> dict[str, bytes]:
    """Return the sections of an inverted index by texts, from the texts of each slot."""
    slots: dict[str, array[int]] = {}
    count = 0
    for slot, texts in enumerate(features):
        count = slot + 1
        for text in texts:
            slots.setdefault(text, array("I")).append(slot)
    ordered = sorted(slots)
    return pack_strings(f"{name}.features", ordered) | pack_slots(name, [slots[one] for one in ordered], count)


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split(LINE)) if text else ()
