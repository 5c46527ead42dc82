"""An inverted index from features to slots (numbers of profiles), with weighted sums over all slots at once.

The slots of a feature are numbers when they are few, a bit set when they are many. Sums are kept as bit planes: a
weight is added to all slots together, so that a query costs a few operations on long integers per feature, not one
operation per slot and feature. Most slots are in a packed file; those added later are in memory.
"""

from __future__ import annotations

import struct
from array import array
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any

from assay.core.comparison.packed import Packed, Rows, pack_rows

SPARSE_BITS = 32  # a number takes 32 bits per slot with the feature, a bit set one bit for every slot
DIGITS = bytes.maketrans(b"01", b"\x00\x01")


class InvertedIndex:
    """The slots of each feature: those in a packed file, and those added since.

    `place_of` returns the row of a feature in the file, -1 where it has none.
    """

    def __init__(self, packed: Packed, name: str, place_of: Callable[[Any], int]) -> None:
        self._rows: Rows = packed.rows(name)
        self._dense = packed.bytes(f"{name}.dense")  # one byte for each row: whether it is a bit set
        self._place_of = place_of
        self._added: dict[Hashable, array[int]] = {}

    def add(self, slot: int, features: Iterable[Hashable]) -> None:
        """Add a slot with its features. Slots must be added in ascending order."""
        for feature in features:
            if feature in self._added:
                self._added[feature].append(slot)
            else:
                self._added[feature] = array("I", [slot])

    def bits(self, feature: Hashable) -> int:
        """Return the slots of a feature as a bit set."""
        dense, few = self._slots(feature)
        return dense | bits_of(few) if few else dense

    def count(self, feature: Hashable) -> int:
        """Return the number of slots with a feature."""
        dense, few = self._slots(feature)
        return dense.bit_count() + len(few)

    def counts(self, features: Iterable[Hashable], among: int) -> Iterator[int]:
        """Yield for each feature the number of slots in the bit set `among` that have it."""
        flags = Counter(slots_of(among))
        for feature in features:
            dense, few = self._slots(feature)
            yield (dense & among).bit_count() + sum(map(flags.__getitem__, few))

    def sums(self, weighted: Iterable[tuple[Hashable, int]], slots: int) -> list[int]:
        """Return for each slot the sum of the weights of its features. Sums must stay below 2**32."""
        planes: list[int] = []
        rare: list[tuple[Sequence[int], int]] = []
        for feature, weight in weighted:
            dense, few = self._slots(feature)
            if dense:
                _add(planes, dense, weight)
            if few:
                rare.append((few, weight))
        totals = list(_lanes(planes, slots))
        for found, weight in rare:
            for slot in found:
                totals[slot] += weight
        return totals

    def _slots(self, feature: Hashable) -> tuple[int, Sequence[int]]:
        """Return the slots of a feature in two disjoint parts: a bit set, and numbers."""
        added = self._added.get(feature, ())
        place = self._place_of(feature)
        if place < 0:
            return 0, added
        row = self._rows[place]
        if self._dense[place]:
            return int.from_bytes(row, "little"), added
        return 0, [*row, *added]


def pack_slots(name: str, slots_of_features: Sequence[array[int]], slots: int) -> dict[str, bytes]:
    """Return the sections of an inverted index from the slots of each feature, in the order of their rows."""
    dense = [len(one) * SPARSE_BITS > slots for one in slots_of_features]
    rows = (_as_words(one) if many else one for one, many in zip(slots_of_features, dense, strict=True))
    return pack_rows(name, rows) | {f"{name}.dense": bytes(dense)}


def _as_words(slots: array[int]) -> array[int]:
    """Return a bit set as 32-bit words."""
    bits = bits_of(slots)
    words = array("I")
    words.frombytes(bits.to_bytes((bits.bit_length() + 31) // 32 * 4, "little"))
    return words


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
