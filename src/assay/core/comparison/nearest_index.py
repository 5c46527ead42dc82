"""Similarity search over many versions: which are nearest to a spec, which cover it, which are near-duplicates.

Each profile has a slot in an inverted index (`core/comparison/inverted_index.py`). Most profiles are in a packed
file, which processes share; those added since are in memory. Results equal those of
`core/comparison/similarity.py` applied to each profile in turn (tests/core/comparison/test_similarity.py).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from operator import or_
from typing import Any

from assay.core.comparison.inverted_index import InvertedIndex, bits_of, slots_of
from assay.core.comparison.packed import Packed, pack
from assay.core.comparison.packed_profiles import Entry, PackedPairs, entry_at, sections_of, weights_of
from assay.core.comparison.similarity import (
    Nearness,
    Profile,
    applies,
    extras_of,
    fits,
    jaccard,
    nearness,
)
from assay.core.spec import name_of, requirement

ROUNDING = 1e-6  # tolerance for the product of a weight (an integer) and a fraction
SLACK = 8  # the index is packed again when an eighth of the profiles was added or removed
SMALL = 500  # profiles that are packed again at once; whoever keeps a larger file packs it (`is_stale`)


class NearestIndex:
    """Profiles by key, e.g. `geo@3`; `group_of` maps a key to its group, e.g. its environment.

    Without a packed file it is empty. Not safe for several threads at once.
    """

    def __init__(self, group_of: Callable[[str], str] = str, packed: Packed | None = None) -> None:
        self._group_of = group_of
        self.cache: dict[str, Any] = {}  # values derived from all profiles; cleared when one changes
        self._open(packed or _packed([]))

    @property
    def keys(self) -> list[str]:
        """The keys, in the order in which they were added."""
        return sorted(self._slot, key=self._slot.__getitem__)

    @property
    def changes(self) -> int:
        """The number of profiles that were added or removed since the index was packed."""
        return len(self._added) + len(self._removed)

    @property
    def is_stale(self) -> bool:
        """Whether so much has changed that the index must be packed again, to be small and its weights current."""
        return SLACK * self.changes > len(self._keys)

    # Adding and removing

    def load(self, profiles: Iterable[tuple[str, Profile]]) -> None:
        """Replace all profiles with these."""
        self.cache.clear()
        self._open(_packed(profiles))

    def add(self, key: str, profile: Profile) -> None:
        """Add a profile, replacing the one with the same key."""
        self.remove(key)
        self.cache.clear()
        self._append(
            Entry(
                key=key,
                python=profile.python,
                digest=profile.digest,
                lines=profile.lines,
                direct=profile.direct,
                pairs=array("I", [self._pairs.add(*pair) for pair in profile.versions.items()]),
            )
        )
        self._pack_if_small()

    def remove(self, key: str) -> None:
        """Remove a profile, if it is present."""
        slot = self._slot.pop(key, None)
        if slot is not None:
            self.cache.clear()
            self._removed.add(slot)
            self._pack_if_small()

    def profile(self, key: str) -> Profile:
        """Return the profile of a key. Raises KeyError."""
        return self._profile(self._entry_at(self._slot[key]))

    def profiles(self) -> Iterator[tuple[str, Profile]]:
        """Yield all keys and profiles, in the order in which they were added."""
        pairs = list(self._pairs)
        for entry in map(self._entry_at, sorted(self._slot.values())):
            yield entry.key, entry.profile(pairs)

    # Queries

    def nearest(self, need: Profile, *, limit: int = 10, exclude: str = "") -> list[Nearness]:
        """Return at most `limit` versions nearest to a need, best first; half the places are for those that cover it.

        Of each group only the best is returned, and the best that covers the need. The key `exclude` is left out.
        """
        scores = self._scores(need)
        order = [slot for key, slot in self._slot.items() if key != exclude]
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
        number = self._pairs.number(name, version)
        return [self._key_at(slot) for slot in slots_of(self._held.bits(number) & among)]

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
        seen: dict[str, list[Entry]] = {}
        same: dict[tuple[str, frozenset[str]], Entry] = {}
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
            found.setdefault(self._group_of(self._key_at(slot)), slot)
        return list(found.values())

    def _scores(self, need: Profile) -> list[float]:
        """Return each slot's score, equal to `similarity.score`; an identical lock scores 1."""
        weights, slots = self.weights, len(self._held_weights)
        own = weights.sum(need.direct)
        shared = self._direct.sums(((name, weights.of(name)) for name in need.direct), slots)
        scores = [jaccard(both, own, other) for both, other in zip(shared, self._direct_weights, strict=True)]
        if need.versions:
            own = weights.sum(need.versions)
            shared = self._held.sums(
                ((self._pairs.number(*pair), weights.of(pair[0])) for pair in need.versions.items()), slots
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
        versions = self._pairs.versions(name)
        bits = reduce(or_, (self._held.bits(number) for one, number in versions if fits(line, one)), 0)
        if not extras:
            return bits
        entries = ((slot, self._entry_at(slot)) for slot in slots_of(bits) if slot not in self._removed)
        return bits_of(slot for slot, entry in entries if extras <= extras_of(entry.lines, name))

    def _score(self, one: Entry, pairs: frozenset[int], other: Entry, least: float) -> float:
        """Return `similarity.score` of two entries, or 0 when it cannot reach `least`.

        `pairs` are those of the first entry.
        """
        if one.digest and one.digest == other.digest:
            return 1.0
        weights = self.weights
        direct = jaccard(weights.sum(one.direct & other.direct), weights.sum(one.direct), weights.sum(other.direct))
        if direct < 2 * least - 1 - ROUNDING:
            return 0.0
        both = sum(map(self._pairs.weights.__getitem__, pairs.intersection(other.pairs)))
        return (jaccard(both, self._held_weight(one), self._held_weight(other)) + direct) / 2

    def _rarest(self, entry: Entry, least: float) -> list[str]:
        """Return the rarest direct names whose weight just exceeds 1 - `least` of the total; `[""]` for none."""
        budget = (1 - least) * self.weights.sum(entry.direct)
        found = []
        for name in sorted(entry.direct, key=lambda name: (self._direct.count(name), name)):
            found.append(name)
            budget -= self.weights.of(name)
            if budget < -ROUNDING:
                break
        return found or [""]

    def _held_weight(self, entry: Entry) -> int:
        return self._held_weights[self._slot[entry.key]]

    def _entry_at(self, slot: int) -> Entry:
        """Return the entry in a slot. Raises LookupError for removed slots."""
        if slot in self._removed:
            raise LookupError(slot)
        packed = len(self._keys)
        return entry_at(self._packed, slot) if slot < packed else self._added[slot - packed]

    def _key_at(self, slot: int) -> str:
        """Return the key in a slot. Raises LookupError for removed slots."""
        return self._entry_at(slot).key if slot in self._removed or slot >= len(self._keys) else self._keys[slot]

    def _profile(self, entry: Entry) -> Profile:
        return entry.profile(self._pairs)

    def _pack_if_small(self) -> None:
        if self.is_stale and len(self._slot) <= SMALL:
            self._open(_packed(self.profiles()))

    def _open(self, packed: Packed) -> None:
        """Start with the profiles of a packed file."""
        self._packed = packed
        self._keys = packed.strings("keys")
        self._pairs, self.weights = PackedPairs(packed), weights_of(packed)
        self._slot = {key: slot for slot, key in enumerate(self._keys)}
        self._added: list[Entry] = []
        self._removed: set[int] = set()
        self._held = InvertedIndex(packed, "held", self._pairs.place)
        self._direct, self._by_python, self._by_digest = (
            InvertedIndex(packed, name, packed.strings(f"{name}.features").find)
            for name in ("direct", "python", "digest")
        )
        self._held_weights = array("I", packed.numbers("weights.held"))
        self._direct_weights = array("I", packed.numbers("weights.direct"))

    def _append(self, entry: Entry) -> None:
        """Add an entry in the next slot."""
        slot = len(self._held_weights)
        self._added.append(entry)
        self._slot[entry.key] = slot
        self._held.add(slot, entry.pairs)
        self._direct.add(slot, entry.direct)
        self._by_python.add(slot, [entry.python])
        self._by_digest.add(slot, [entry.digest])
        self._held_weights.append(sum(map(self._pairs.weights.__getitem__, entry.pairs)))
        self._direct_weights.append(self.weights.sum(entry.direct))


def _packed(profiles: Iterable[tuple[str, Profile]]) -> Packed:
    """Pack profiles in memory."""
    return Packed(b"".join(pack(sections_of(profiles), {})))
