"""Which slots have which feature, and weighted sums over all slots at once.

A feature knows its slots: few as an array of slots, many as a whole number with one bit per slot. Weights
are added up bit by bit of the sum, for all slots together, so that a query costs a few operations on long
numbers per feature, and not one step per slot and feature.
"""

from __future__ import annotations

import struct
from array import array
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field

FEW = 32  # an array takes 32 bits per slot that has the feature, a number one bit for every slot
DIGITS = bytes.maketrans(b"01", b"\x00\x01")


@dataclass
class Postings:
    """The slots of each feature, in whichever of two forms is smaller."""

    few: dict[Hashable, array[int]] = field(default_factory=dict)
    many: dict[Hashable, int] = field(default_factory=dict)

    def add(self, slot: int, features: Iterable[Hashable]) -> None:
        """Say which features a slot has. Slots come in rising order."""
        few, many, bit = self.few, self.many, 1 << slot
        for feature in features:
            if feature in few:
                few[feature].append(slot)
            elif feature in many:
                many[feature] |= bit
            else:
                few[feature] = array("I", [slot])

    def settle(self, slots: int) -> None:
        """Turn arrays into numbers where that is smaller; to be called when many were added."""
        for feature in [one for one, found in self.few.items() if len(found) * FEW > slots]:
            self.many[feature] = bits_of(self.few.pop(feature))

    def bits(self, feature: Hashable) -> int:
        """Return the slots of a feature as bits."""
        found = self.many.get(feature)
        return bits_of(self.few.get(feature, ())) if found is None else found

    def count(self, feature: Hashable) -> int:
        """Return how many slots have a feature."""
        found = self.many.get(feature)
        return len(self.few.get(feature, ())) if found is None else found.bit_count()

    def counts(self, features: Iterable[Hashable], among: int) -> Iterator[int]:
        """Yield for each feature how many of some slots have it."""
        flags = Counter(slots_of(among))
        for feature in features:
            found = self.many.get(feature)
            if found is None:
                yield sum(map(flags.__getitem__, self.few.get(feature, ())))
            else:
                yield (found & among).bit_count()

    def sums(self, weighted: Iterable[tuple[Hashable, int]], slots: int) -> list[int]:
        """Return for each slot the sum of the weights of those features that it has, below 2**32."""
        planes: list[int] = []
        rare: list[tuple[array[int], int]] = []
        for feature, weight in weighted:
            if feature in self.many:
                _add(planes, self.many[feature], weight)
            elif feature in self.few:
                rare.append((self.few[feature], weight))
        totals = list(_lanes(planes, slots))
        for found, weight in rare:
            for slot in found:
                totals[slot] += weight
        return totals


def bits_of(slots: Iterable[int]) -> int:
    """Return a number with the bits of these slots set."""
    spread = bytearray()
    for slot in slots:
        if slot >> 3 >= len(spread):
            spread.extend(bytes((slot >> 3) + 1 - len(spread)))
        spread[slot >> 3] |= 1 << (slot & 7)
    return int.from_bytes(spread, "little")


def slots_of(bits: int) -> Iterator[int]:
    """Yield the slots whose bits are set, lowest first."""
    for place, byte in enumerate(bits.to_bytes((bits.bit_length() + 7) // 8, "little")):
        if byte:
            yield from (place * 8 + bit for bit in range(8) if byte >> bit & 1)


def _add(planes: list[int], bits: int, weight: int) -> None:
    """Add a weight to the sums of the slots in `bits`; plane n holds bit n of every slot's sum."""
    for start in range(weight.bit_length()):
        carry = bits if weight >> start & 1 else 0
        plane = start
        while carry:
            planes.extend([0] * (plane + 1 - len(planes)))
            planes[plane], carry = planes[plane] ^ carry, planes[plane] & carry
            plane += 1


def _lanes(planes: list[int], slots: int) -> tuple[int, ...]:
    """Turn planes into one number per slot: the bits of each are spread over lanes of 32 bits, and joined."""
    lanes = 0
    for position, plane in enumerate(planes):
        spread = bytearray(4 * slots)
        spread[::4] = f"{plane:0{slots}b}".encode().translate(DIGITS)[::-1]
        lanes |= int.from_bytes(spread, "little") << position
    return struct.unpack(f"<{slots}I", lanes.to_bytes(4 * slots, "little"))
