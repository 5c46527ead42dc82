"""A packed file: named sections of bytes behind a header, read in place, so that processes share them in memory."""

from __future__ import annotations

import json
import sys
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

MAGIC = b"ASSAYIDX"
FORMAT = 1  # increase it with every change of the sections or of what they mean
ALIGNMENT = 8


class DamagedError(ValueError):
    """The bytes are not a packed file of this format, or were changed."""


def pack(sections: Mapping[str, bytes], facts: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the bytes of a packed file: magic, length of the header, header (JSON with a checksum), sections."""
    places: dict[str, tuple[int, int]] = {}
    checksum, at = 0, 0
    padded = {name: data + bytes(-len(data) % ALIGNMENT) for name, data in sections.items()}
    for name, data in padded.items():
        places[name] = (at, len(sections[name]))
        at += len(data)
        checksum = zlib.crc32(data, checksum)
    header = {"format": FORMAT, "order": sys.byteorder, "sections": places, "checksum": checksum, "facts": facts}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    yield MAGIC + len(text).to_bytes(ALIGNMENT, "little") + text
    yield from padded.values()


def read_header(start: bytes) -> tuple[dict[str, Any], int]:
    """Return the header in the first bytes of a packed file, and where its sections begin. Raises DamagedError."""
    length = int.from_bytes(start[len(MAGIC) : len(MAGIC) + ALIGNMENT], "little")
    body = len(MAGIC) + ALIGNMENT + length
    try:
        header: dict[str, Any] = json.loads(bytes(start[len(MAGIC) + ALIGNMENT : body]))
        known = (bytes(start[: len(MAGIC)]), header["format"], header["order"]) == (MAGIC, FORMAT, sys.byteorder)
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError from error
    if not known:
        raise DamagedError
    return header, body


class Packed:
    """The sections of a packed file in a buffer, e.g. a mapped file. Raises DamagedError."""

    def __init__(self, buffer: Any) -> None:  # noqa: ANN401 - a buffer: bytes or a mapped file
        whole = memoryview(buffer)
        header, body = read_header(whole)  # type: ignore[arg-type]  # slices of a view are bytes-like
        self.facts: dict[str, Any] = header["facts"]
        self._places: dict[str, list[int]] = header["sections"]
        self._body = whole[body:]
        if zlib.crc32(self._body) != header["checksum"]:
            raise DamagedError

    def bytes(self, name: str) -> memoryview:
        """Return a section."""
        start, length = self._places[name]
        return self._body[start : start + length]

    def numbers(self, name: str) -> memoryview:
        """Return a section of 32-bit numbers."""
        return self.bytes(name).cast("I")

    def strings(self, name: str) -> Strings:
        """Return a section of strings."""
        return Strings(self.numbers(f"{name}.ends"), self.bytes(f"{name}.text"))

    def rows(self, name: str) -> Rows:
        """Return a section of rows of numbers."""
        return Rows(self.numbers(f"{name}.ends"), self.numbers(f"{name}.rows"))


class Strings(Sequence[str]):
    """A list of strings in a packed file."""

    def __init__(self, ends: memoryview, text: memoryview) -> None:
        self._ends, self._text = ends, text

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        start = self._ends[place - 1] if place else 0
        return str(self._text[start : self._ends[place]], "utf-8")

    def __iter__(self) -> Iterator[str]:
        text, start = bytes(self._text), 0
        for end in self._ends:
            yield text[start:end].decode()
            start = end

    def find(self, wanted: str, low: int = 0, high: int | None = None) -> int:
        """Return the place of a string between two places of a list in order, -1 where it is not."""
        high = len(self) if high is None else high
        place = bisect_left(self, wanted, low, high)
        return place if place < high and self[place] == wanted else -1


def pack_strings(name: str, strings: Iterable[str]) -> dict[str, bytes]:
    """Return the sections of a list of strings."""
    ends, parts, at = array("I"), [], 0
    for one in strings:
        parts.append(one.encode())
        at += len(parts[-1])
        ends.append(at)
    return {f"{name}.ends": ends.tobytes(), f"{name}.text": b"".join(parts)}


class Rows:
    """Rows of 32-bit numbers in a packed file."""

    def __init__(self, ends: memoryview, numbers: memoryview) -> None:
        self._ends, self._numbers = ends, numbers

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, place: int) -> memoryview:
        return self._numbers[self._ends[place - 1] if place else 0 : self._ends[place]]


def pack_rows(name: str, rows: Iterable[array[int]]) -> dict[str, bytes]:
    """Return the sections of rows of numbers."""
    ends, parts, at = array("I"), [], 0
    for one in rows:
        parts.append(one.tobytes())
        at += len(one)
        ends.append(at)
    return {f"{name}.ends": ends.tobytes(), f"{name}.rows": b"".join(parts)}
