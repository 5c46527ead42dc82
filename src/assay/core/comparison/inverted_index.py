"""An inverted index from features to slots (numbers of profiles), with weighted sums over all slots at once.

The slots of a feature are an array when they are few, an integer used as a bit set when they are many. Sums are
kept as bit planes: a weight is added to all slots together, so that a query costs a few operations on long
integers per feature, not one operation per slot and feature.
"""

from __future__ import annotations

import struct
from array import array
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field

SPARSE_BITS = 32  # an array takes 32 bits per slot with the feature, a bit set one bit for every slot
DIGITS = bytes.maketrans(b"01", b"\x00\x01")


@dataclass
class InvertedIndex:
    """The slots of each feature: `sparse` as an array or `dense` as a bit set, whichever is smaller."""

    sparse: dict[Hashable, array[int]] = field(default_factory=dict)
    dense: dict[Hashable, int] = field(default_factory=dict)

    def add(self, slot: int, features: Iterable[Hashable]) -> None:
        """Add a slot with its features. Slots must be added in ascending order."""
        sparse, dense, bit = self.sparse, self.dense, 1 << slot
        for feature in features:
            if feature in sparse:
                sparse[feature].append(slot)
            elif feature in dense:
                dense[feature] |= bit
            else:
                sparse[feature] = array("I", [slot])

    def compact(self, slots: int) -> None:
        """Convert arrays to bit sets where that is smaller; call this after adding many slots."""
        for feature in [one for one, found in self.sparse.items() if len(found) * SPARSE_BITS > slots]:
            self.dense[feature] = bits_of(self.sparse.pop(feature))

    def bits(self, feature: Hashable) -> int:
        """Return the slots of a feature as a bit set."""
        found = self.dense.get(feature)
        return bits_of(self.sparse.get(feature, ())) if found is None else found

    def count(self, feature: Hashable) -> int:
        """Return the number of slots with a feature."""
        found = self.dense.get(feature)
        return len(self.sparse.get(feature, ())) if found is None else found.bit_count()

    def counts(self, features: Iterable[Hashable], among: int) -> Iterator[int]:
        """Yield for each feature the number of slots in the bit set `among` that have it."""
        flags = Counter(slots_of(among))
        for feature in features:
            found = self.dense.get(feature)
            if found is None:
                yield sum(map(flags.__getitem__, self.sparse.get(feature, ())))
            else:
                yield (found & among).bit_count()

    def sums(self, weighted: Iterable[tuple[Hashable, int]], slots: int) -> list[int]:
        """Return for each slot the sum of the weights of its features. Sums must stay below 2**32."""
        planes: list[int] = []
        rare: list[tuple[array[int], int]] = []
        for feature, weight in weighted:
            if feature in self.dense:
                _add(planes, self.dense[feature], weight)
            elif feature in self.sparse:
                rare.append((self.sparse[feature], weight))
        totals = list(_lanes(planes, slots))
        for found, weight in rare:
            for slot in found:
                totals[slot] += weight
        return totals


def bits_of(slots: Iterable[int]) -> int:
    """Return the slots as a bit set."""
    spread = bytearray()
    for slot in slots:
        if slot >> 3 >= len(spread):
            spread.extend(bytes((slot >> 3) + 1 - len(spread)))
        spread[slot >> 3] |= 1 << (slot & 7)
    return int.from_bytes(spread, "little")


def slots_of(bits: int) -> Iterator[int]:
    """Yield the slots of a bit set, lowest first."""
    for place, byte in enumerate(bits.to_bytes((bits.bit_length() + 7) // 8, "little")):
        if byte:
            yield from (place * 8 + bit for bit in range(8) if byte >> bit & 1)


def _add(planes: list[int], bits: int, weight: int) -> None:
    """Add a weight to the sums of the slots in `bits`; plane n contains bit n of every slot's sum."""
    for start in range(weight.bit_length()):
        carry = bits if weight >> start & 1 else 0
        plane = start
        while carry:
            planes.extend([0] * (plane + 1 - len(planes)))
            planes[plane], carry = planes[plane] ^ carry, planes[plane] & carry
            plane += 1


def _lanes(planes: list[int], slots: int) -> tuple[int, ...]:
    """Convert planes to one sum per slot: spread the bits of each plane over 32-bit lanes, and combine them."""
    lanes = 0
    for position, plane in enumerate(planes):
        spread = bytearray(4 * slots)
        spread[::4] = f"{plane:0{slots}b}".encode().translate(DIGITS)[::-1]
        lanes |= int.from_bytes(spread, "little") << position
    return struct.unpack(f"<{slots}I", lanes.to_bytes(4 * slots, "little"))
