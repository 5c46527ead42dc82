"""Similarity search over many versions: which are nearest to a spec, which cover it, which are near-duplicates.

Each profile has a slot in an inverted index (`core/comparison/inverted_index.py`). Results equal those of
`core/comparison/similarity.py` applied to each profile in turn (tests/core/comparison/test_similarity.py).
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from assay.core.comparison.inverted_index import InvertedIndex, bits_of, slots_of
from assay.core.comparison.similarity import (
    Nearness,
    Profile,
    Weights,
    applies,
    extras_of,
    fits,
    jaccard,
    name_of,
    nearness,
    requirement,
)

ROUNDING = 1e-6  # tolerance for the product of a weight (an integer) and a fraction
SLACK = 8  # the index is rebuilt when an eighth of the profiles was added or removed


@dataclass(slots=True, kw_only=True)
class _Entry:
    """One profile in compact form: `pairs` are positions in the index's list of (name, version)."""

    key: str
    python: str
    digest: str
    lines: tuple[str, ...]
    direct: frozenset[str]
    pairs: array[int]


class NearestIndex:
    """Profiles by key, e.g. `geo@3`; `group_of` maps a key to its group, e.g. its environment.

    Not safe for several threads at once.
    """

    def __init__(self, group_of: Callable[[str], str] = str) -> None:
        self._group_of = group_of
        self.cache: dict[str, Any] = {}  # values derived from all profiles; cleared when one changes
        self._pairs: list[tuple[str, str]] = []
        self._number: dict[tuple[str, str], int] = {}
        self._versions: dict[str, dict[str, int]] = {}
        self._pair_weights: list[int] = []
        self.weights = Weights(holders={}, total=0)
        self._rebuild([])

    @property
    def keys(self) -> list[str]:
        """The keys, in the order in which they were added."""
        return sorted(self._slot, key=self._slot.__getitem__)

    # Adding and removing

    def load(self, profiles: Iterable[tuple[str, Profile]]) -> None:
        """Replace all profiles with these."""
        self.cache.clear()
        self._rebuild([self._entry(key, profile) for key, profile in profiles])

    def add(self, key: str, profile: Profile) -> None:
        """Add a profile, replacing the one with the same key."""
        self.remove(key)
        self.cache.clear()
        self._append(self._entry(key, profile))
        self._compact()

    def remove(self, key: str) -> None:
        """Remove a profile, if it is present."""
        slot = self._slot.pop(key, None)
        if slot is not None:
            self.cache.clear()
            self._entries[slot] = None
            self._compact()

    def profile(self, key: str) -> Profile:
        """Return the profile of a key. Raises KeyError."""
        return self._profile(self._entry_at(self._slot[key]))

    # Queries

    def nearest(self, need: Profile, *, limit: int = 10, exclude: str = "") -> list[Nearness]:
        """Return at most `limit` versions nearest to a need, best first; half the places are for those that cover it.

        Of each group only the best is returned, and the best that covers the need. The key `exclude` is left out.
        """
        scores = self._scores(need)
        order = [slot for slot, entry in enumerate(self._entries) if entry and entry.key != exclude]
        order.sort(key=lambda slot: (-scores[slot], -slot))
        covering = self._covering(need)
        fitting = self._first([slot for slot in order if covering >> slot & 1], (limit + 1) // 2)
        others = [slot for slot in self._first(order, limit) if slot not in fitting]
        chosen = sorted([*fitting, *others[: limit - len(fitting)]], key=lambda slot: (-scores[slot], -slot))
        chosen_entries = [self._entry_at(slot) for slot in chosen]
        return [nearness(entry.key, need, self._profile(entry), self.weights) for entry in chosen_entries]

    def slots(self, keys: Iterable[str]) -> int:
        """Return the slots of keys as a bit set, for `live` and `holders`; unknown keys are ignored."""
        return bits_of(self._slot[key] for key in keys if key in self._slot)

    def live(self, among: int) -> Iterator[tuple[str, dict[str, int]]]:
        """Yield each library with the number of slots in `among` that contain it, by version."""
        live: dict[str, dict[str, int]] = {}
        counts = self._held.counts(range(len(self._pairs)), among)
        for (name, version), count in zip(self._pairs, counts, strict=True):
            if count:
                live.setdefault(name, {})[version] = count
        yield from sorted(live.items())

    def holders(self, name: str, version: str, among: int) -> list[str]:
        """Return the keys in `among` that contain a library in a version. Raises LookupError for removed slots."""
        number = self._versions.get(name, {}).get(version, -1)
        return [self._entry_at(slot).key for slot in slots_of(self._held.bits(number) & among)]

    def requirements(self, name: str, among: int) -> list[tuple[str, str]]:
        """Return the lines that require a library, each with its key, for the slots in `among`."""
        entries = (self._entry_at(slot) for slot in slots_of(self._direct.bits(name) & among))
        return [(line, entry.key) for entry in entries for line in entry.lines if name_of(line) == name]

    def similar_pairs(self, keys: Sequence[str], least: float) -> Iterator[tuple[str, str]]:
        """Yield pairs of keys on the same Python whose score is at least `least`, which must be above 0.5.

        Of keys with the same lock and direct libraries, only the first is paired with others.

        Two sets whose Jaccard index is t or more share one of their rarest members that make up 1 - t of the
        weight (prefix filtering, Chaudhuri et al. 2006). The score is a mean of two indices, so for direct
        libraries t is at least 2 * least - 1; only versions that share a rare direct name are compared in full.
        """
        seen: dict[str, list[_Entry]] = {}
        same: dict[tuple[str, frozenset[str]], _Entry] = {}
        for entry in (self._entry_at(self._slot[key]) for key in keys if key in self._slot):
            identical = same.setdefault((entry.digest, entry.direct), entry)
            if identical is not entry and entry.digest:
                yield identical.key, entry.key
                continue
            features = [*self._rarest(entry, 2 * least - 1), f"sha256:{entry.digest}"]
            own = frozenset(entry.pairs)
            for other in {other.key: other for one in features for other in seen.get(one, ())}.values():
                if other.python == entry.python and self._score(entry, own, other, least) >= least:
                    yield other.key, entry.key
            for one in features:
                seen.setdefault(one, []).append(entry)

    # Internals

    def _first(self, order: list[int], limit: int) -> list[int]:
        """Return the first slots, one of each group."""
        found: dict[str, int] = {}
        for slot in order:
            if len(found) == limit:
                break
            found.setdefault(self._group_of(self._entry_at(slot).key), slot)
        return list(found.values())

    def _scores(self, need: Profile) -> list[float]:
        """Return each slot's score, equal to `similarity.score`; an identical lock scores 1."""
        weights, slots = self.weights, len(self._entries)
        own = weights.sum(need.direct)
        shared = self._direct.sums(((name, weights.of(name)) for name in need.direct), slots)
        scores = [jaccard(both, own, other) for both, other in zip(shared, self._direct_weights, strict=True)]
        if need.versions:
            own = weights.sum(need.versions)
            shared = self._held.sums(
                ((self._number.get(pair, -1), weights.of(pair[0])) for pair in need.versions.items()), slots
            )
            held = [jaccard(both, own, other) for both, other in zip(shared, self._held_weights, strict=True)]
            scores = [
                (one + other) / 2 if weight else other
                for one, other, weight in zip(held, scores, self._held_weights, strict=True)
            ]
        for slot in slots_of(self._by_digest.bits(need.digest)) if need.digest else ():
            scores[slot] = 1.0
        return scores

    def _covering(self, need: Profile) -> int:
        """Return the slots that satisfy every requirement of a need on the same Python, as a bit set."""
        bits = self._by_python.bits(need.python)
        for line in need.lines:
            if applies(line, need.python):
                bits &= self._serving(line)
        return bits | (self._by_digest.bits(need.digest) if need.digest else 0)

    def _serving(self, line: str) -> int:
        name, extras = name_of(line), requirement(line).extras
        versions = self._versions.get(name, {})
        bits = reduce(or_, (self._held.bits(number) for one, number in versions.items() if fits(line, one)), 0)
        if not extras:
            return bits
        entries = ((slot, self._entries[slot]) for slot in slots_of(bits))
        return bits_of(slot for slot, entry in entries if entry and extras <= extras_of(entry.lines, name))

    def _score(self, one: _Entry, pairs: frozenset[int], other: _Entry, least: float) -> float:
        """Return `similarity.score` of two entries, or 0 when it cannot reach `least`.

        `pairs` are those of the first entry.
        """
        if one.digest and one.digest == other.digest:
            return 1.0
        weights = self.weights
        direct = jaccard(weights.sum(one.direct & other.direct), weights.sum(one.direct), weights.sum(other.direct))
        if direct < 2 * least - 1 - ROUNDING:
            return 0.0
        both = sum(map(self._pair_weights.__getitem__, pairs.intersection(other.pairs)))
        return (jaccard(both, self._held_weight(one), self._held_weight(other)) + direct) / 2

    def _rarest(self, entry: _Entry, least: float) -> list[str]:
        """Return the rarest direct names whose weight just exceeds 1 - `least` of the total; `[""]` for none."""
        budget = (1 - least) * self.weights.sum(entry.direct)
        found = []
        for name in sorted(entry.direct, key=lambda name: (self._direct.count(name), name)):
            found.append(name)
            budget -= self.weights.of(name)
            if budget < -ROUNDING:
                break
        return found or [""]

    def _held_weight(self, entry: _Entry) -> int:
        return self._held_weights[self._slot[entry.key]]

    def _entry_at(self, slot: int) -> _Entry:
        entry = self._entries[slot]
        if entry is None:
            raise LookupError(slot)
        return entry

    def _profile(self, entry: _Entry) -> Profile:
        versions = dict(self._pairs[number] for number in entry.pairs)
        return Profile(python=entry.python, lines=entry.lines, versions=versions, digest=entry.digest)

    def _entry(self, key: str, profile: Profile) -> _Entry:
        return _Entry(
            key=key,
            python=profile.python,
            digest=profile.digest,
            lines=profile.lines,
            direct=profile.direct,
            pairs=array("I", [self._pair_number(pair) for pair in profile.versions.items()]),
        )

    def _pair_number(self, pair: tuple[str, str]) -> int:
        number = self._number.get(pair)
        if number is None:
            number = self._number[pair] = len(self._pairs)
            self._pairs.append(pair)
            self._pair_weights.append(self.weights.of(pair[0]))
            self._versions.setdefault(pair[0], {})[pair[1]] = number
        return number

    def _compact(self) -> None:
        """Rebuild the index after many additions or removals, to keep it small and its weights current."""
        removed = len(self._entries) - len(self._slot)
        if SLACK * (removed + len(self._entries) - self._packed) > self._packed:
            self._rebuild([entry for entry in self._entries if entry])

    def _rebuild(self, entries: list[_Entry]) -> None:
        """Rebuild the index from these entries; pairs that none of them contains are dropped."""
        self._renumber(entries)
        self._held, self._direct, self._by_python, self._by_digest = (
            InvertedIndex(),
            InvertedIndex(),
            InvertedIndex(),
            InvertedIndex(),
        )
        self._entries: list[_Entry | None] = []
        self._slot: dict[str, int] = {}
        self._held_weights, self._direct_weights = array("I"), array("I")
        for entry in entries:
            self._append(entry)
        for index in (self._held, self._direct, self._by_python, self._by_digest):
            index.compact(len(entries))
        self._packed = len(entries)

    def _renumber(self, entries: list[_Entry]) -> None:
        """Recompute the weights, and renumber the pairs of these entries."""
        counted: Counter[int] = Counter()
        for entry in entries:
            counted.update(entry.pairs)
        holders: Counter[str] = Counter()
        for number, count in counted.items():
            holders[self._pairs[number][0]] += count
        self.weights = Weights(holders=holders, total=len(entries))
        pairs, self._pairs, self._number, self._versions, self._pair_weights = self._pairs, [], {}, {}, []
        fresh = {number: self._pair_number(pairs[number]) for number in counted}
        for entry in entries:
            entry.pairs = array("I", map(fresh.__getitem__, entry.pairs))

    def _append(self, entry: _Entry) -> None:
        """Add an entry in the next slot."""
        slot = len(self._entries)
        self._entries.append(entry)
        self._slot[entry.key] = slot
        self._held.add(slot, entry.pairs)
        self._direct.add(slot, entry.direct)
        self._by_python.add(slot, [entry.python])
        self._by_digest.add(slot, [entry.digest])
        self._held_weights.append(sum(map(self._pair_weights.__getitem__, entry.pairs)))
        self._direct_weights.append(self.weights.sum(entry.direct))
