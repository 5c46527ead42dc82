"""Many versions at once: which are nearest to a need, which cover it, which are nearly the same.

Each profile stands in a slot of an inverted index (`core/comparison/inverted_index.py`). What it answers equals
`core/comparison/similarity.py` applied to each profile in turn (tests/core/test_similarity.py).
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from assay.core.comparison.inverted_index import Postings, bits_of, slots_of
from assay.core.comparison.similarity import (
    Nearness,
    Profile,
    Weights,
    applies,
    extras_of,
    fits,
    name_of,
    nearness,
    requirement,
    share,
)

ROUNDING = 1e-6  # of weights, which are whole numbers, times a share
SLACK = 8  # slots and weights are set anew when an eighth of the profiles came or went


@dataclass(slots=True, kw_only=True)
class _Book:
    """One profile, kept small: `pairs` are numbers into the shelf's list of (name, version)."""

    key: str
    python: str
    digest: str
    lines: tuple[str, ...]
    asked: frozenset[str]
    pairs: array[int]


class Shelf:
    """Profiles by key, e.g. `geo@3`; `line_of` says which keys are versions of one thing.

    Not safe for several threads at once.
    """

    def __init__(self, line_of: Callable[[str], str] = str) -> None:
        self._line_of = line_of
        self.answers: dict[str, Any] = {}  # what was worked out of all profiles; forgotten when one changes
        self._pairs: list[tuple[str, str]] = []
        self._number: dict[tuple[str, str], int] = {}
        self._versions: dict[str, dict[str, int]] = {}
        self._pair_weights: list[int] = []
        self.weights = Weights(holders={}, total=0)
        self._index([])

    def __len__(self) -> int:
        return len(self._slot)

    @property
    def keys(self) -> list[str]:
        """The keys, in the order in which they were put."""
        return sorted(self._slot, key=self._slot.__getitem__)

    # Putting and taking

    def fill(self, profiles: Iterable[tuple[str, Profile]]) -> None:
        """Put many profiles into an empty shelf."""
        self.answers.clear()
        self._index([self._book(key, profile) for key, profile in profiles])

    def put(self, key: str, profile: Profile) -> None:
        """Put one profile, in place of the one of that key if there is one."""
        self.drop(key)
        self.answers.clear()
        self._stand(self._book(key, profile))
        self._tidy()

    def drop(self, key: str) -> None:
        """Take a profile away, if it is there."""
        slot = self._slot.pop(key, None)
        if slot is not None:
            self.answers.clear()
            self._books[slot] = None
            self._tidy()

    def profile(self, key: str) -> Profile:
        """Return a profile as it was put. Raises KeyError."""
        return self._profile(self._at(self._slot[key]))

    # Asking

    def nearest(self, need: Profile, *, limit: int = 10, but: str = "") -> list[Nearness]:
        """Return at most `limit` of what is nearest to a need, best first; up to half of it because it covers.

        Of several versions of one thing the best is told, and the best that covers. `but` is left out.
        """
        scores = self._scores(need)
        order = [slot for slot, book in enumerate(self._books) if book and book.key != but]
        order.sort(key=lambda slot: (-scores[slot], -slot))
        covering = self._covering(need)
        fitting = self._first([slot for slot in order if covering >> slot & 1], (limit + 1) // 2)
        others = [slot for slot in self._first(order, limit) if slot not in fitting]
        chosen = sorted([*fitting, *others[: limit - len(fitting)]], key=lambda slot: (-scores[slot], -slot))
        told = [self._at(slot) for slot in chosen]
        return [nearness(book.key, need, self._profile(book), self.weights) for book in told]

    def slots(self, keys: Iterable[str]) -> int:
        """Return the slots of keys as bits, for `live` and `holders`; keys that are not there are passed over."""
        return bits_of(self._slot[key] for key in keys if key in self._slot)

    def live(self, among: int) -> Iterator[tuple[str, dict[str, int]]]:
        """Yield each library with how many of some slots hold it, by version."""
        live: dict[str, dict[str, int]] = {}
        counts = self._held.counts(range(len(self._pairs)), among)
        for (name, version), count in zip(self._pairs, counts, strict=True):
            if count:
                live.setdefault(name, {})[version] = count
        yield from sorted(live.items())

    def holders(self, name: str, version: str, among: int) -> list[str]:
        """Return the keys in some slots that hold a library in a version."""
        number = self._versions.get(name, {}).get(version, -1)
        return [self._at(slot).key for slot in slots_of(self._held.bits(number) & among)]

    def asking(self, name: str, among: int) -> list[tuple[str, str]]:
        """Return the lines that ask for a library, each with the key in some slots that asks so."""
        books = (self._at(slot) for slot in slots_of(self._asked.bits(name) & among))
        return [(line, book.key) for book in books for line in book.lines if name_of(line) == name]

    def alike(self, keys: Sequence[str], least: float) -> Iterator[tuple[str, str]]:
        """Yield pairs of keys on the same Python whose score is at least `least`, which is above 0.5.

        Of keys that ask for and hold the same, only the first is joined to others.

        Two sets whose Jaccard index is t or more share one of their rarest members that make up 1 - t of the
        weight (prefix filtering, Chaudhuri et al. 2006). The score is a mean of two indices, so for what is
        asked for t is at least 2 * least - 1; only those that share a rare name there are compared in full.
        """
        met: dict[str, list[_Book]] = {}
        same: dict[tuple[str, frozenset[str]], _Book] = {}
        for book in (self._at(self._slot[key]) for key in keys if key in self._slot):
            twin = same.setdefault((book.digest, book.asked), book)
            if twin is not book and book.digest:
                yield twin.key, book.key
                continue
            features = [*self._rarest(book, 2 * least - 1), f"sha256:{book.digest}"]
            own = frozenset(book.pairs)
            for other in {other.key: other for one in features for other in met.get(one, ())}.values():
                if other.python == book.python and self._score(book, own, other, least) >= least:
                    yield other.key, book.key
            for one in features:
                met.setdefault(one, []).append(book)

    # Inside

    def _first(self, order: list[int], limit: int) -> list[int]:
        """Return the first slots, one of each thing."""
        found: dict[str, int] = {}
        for slot in order:
            if len(found) == limit:
                break
            found.setdefault(self._line_of(self._at(slot).key), slot)
        return list(found.values())

    def _scores(self, need: Profile) -> list[float]:
        """Return each slot's score, as `core.similarity.score` has it; that of an identical lock is 1."""
        weights, slots = self.weights, len(self._books)
        own = weights.sum(need.asked)
        shared = self._asked.sums(((name, weights.of(name)) for name in need.asked), slots)
        scores = [share(both, own, other) for both, other in zip(shared, self._asked_weights, strict=True)]
        if need.versions:
            own = weights.sum(need.versions)
            shared = self._held.sums(
                ((self._number.get(pair, -1), weights.of(pair[0])) for pair in need.versions.items()), slots
            )
            held = [share(both, own, other) for both, other in zip(shared, self._held_weights, strict=True)]
            scores = [
                (one + other) / 2 if weight else other
                for one, other, weight in zip(held, scores, self._held_weights, strict=True)
            ]
        for slot in slots_of(self._of_digest.bits(need.digest)) if need.digest else ():
            scores[slot] = 1.0
        return scores

    def _covering(self, need: Profile) -> int:
        """Return the slots that serve all that a need asks for, on the same Python."""
        bits = self._of_python.bits(need.python)
        for line in need.lines:
            if applies(line, need.python):
                bits &= self._serving(line)
        return bits | (self._of_digest.bits(need.digest) if need.digest else 0)

    def _serving(self, line: str) -> int:
        name, extras = name_of(line), requirement(line).extras
        versions = self._versions.get(name, {})
        bits = reduce(or_, (self._held.bits(number) for one, number in versions.items() if fits(line, one)), 0)
        if not extras:
            return bits
        books = ((slot, self._books[slot]) for slot in slots_of(bits))
        return bits_of(slot for slot, book in books if book and extras <= extras_of(book.lines, name))

    def _score(self, one: _Book, pairs: frozenset[int], other: _Book, least: float) -> float:
        """Return `core.similarity.score` of two profiles on the shelf, or less when it cannot reach `least`.

        `pairs` are those of the first.
        """
        if one.digest and one.digest == other.digest:
            return 1.0
        weights = self.weights
        asked = share(weights.sum(one.asked & other.asked), weights.sum(one.asked), weights.sum(other.asked))
        if asked < 2 * least - 1 - ROUNDING:
            return 0.0
        both = sum(map(self._pair_weights.__getitem__, pairs.intersection(other.pairs)))
        return (share(both, self._held_weight(one), self._held_weight(other)) + asked) / 2

    def _rarest(self, book: _Book, least: float) -> list[str]:
        """Return the rarest names asked for that weigh just more than 1 - `least` of all of them; '' for none."""
        room = (1 - least) * self.weights.sum(book.asked)
        found = []
        for name in sorted(book.asked, key=lambda name: (self._asked.count(name), name)):
            found.append(name)
            room -= self.weights.of(name)
            if room < -ROUNDING:
                break
        return found or [""]

    def _held_weight(self, book: _Book) -> int:
        return self._held_weights[self._slot[book.key]]

    def _at(self, slot: int) -> _Book:
        book = self._books[slot]
        if book is None:
            raise LookupError(slot)
        return book

    def _profile(self, book: _Book) -> Profile:
        versions = dict(self._pairs[number] for number in book.pairs)
        return Profile(python=book.python, lines=book.lines, versions=versions, digest=book.digest)

    def _book(self, key: str, profile: Profile) -> _Book:
        return _Book(
            key=key,
            python=profile.python,
            digest=profile.digest,
            lines=profile.lines,
            asked=profile.asked,
            pairs=array("I", [self._numbered(pair) for pair in profile.versions.items()]),
        )

    def _numbered(self, pair: tuple[str, str]) -> int:
        number = self._number.get(pair)
        if number is None:
            number = self._number[pair] = len(self._pairs)
            self._pairs.append(pair)
            self._pair_weights.append(self.weights.of(pair[0]))
            self._versions.setdefault(pair[0], {})[pair[1]] = number
        return number

    def _tidy(self) -> None:
        """Set slots and weights anew when much has come or gone, so that the shelf stays as small as it can."""
        gone = len(self._books) - len(self._slot)
        if SLACK * (gone + len(self._books) - self._packed) > self._packed:
            self._index([book for book in self._books if book])

    def _index(self, books: list[_Book]) -> None:
        """Set everything anew for these profiles: pairs that none of them holds are forgotten."""
        self._number_anew(books)
        self._held, self._asked, self._of_python, self._of_digest = Postings(), Postings(), Postings(), Postings()
        self._books: list[_Book | None] = []
        self._slot: dict[str, int] = {}
        self._held_weights, self._asked_weights = array("I"), array("I")
        for book in books:
            self._stand(book)
        for postings in (self._held, self._asked, self._of_python, self._of_digest):
            postings.settle(len(books))
        self._packed = len(books)

    def _number_anew(self, books: list[_Book]) -> None:
        """Set the weights, and number the pairs that these profiles hold."""
        counted: Counter[int] = Counter()
        for book in books:
            counted.update(book.pairs)
        holders: Counter[str] = Counter()
        for number, count in counted.items():
            holders[self._pairs[number][0]] += count
        self.weights = Weights(holders=holders, total=len(books))
        pairs, self._pairs, self._number, self._versions, self._pair_weights = self._pairs, [], {}, {}, []
        fresh = {number: self._numbered(pairs[number]) for number in counted}
        for book in books:
            book.pairs = array("I", map(fresh.__getitem__, book.pairs))

    def _stand(self, book: _Book) -> None:
        """Give a profile the next slot."""
        slot = len(self._books)
        self._books.append(book)
        self._slot[book.key] = slot
        self._held.add(slot, book.pairs)
        self._asked.add(slot, book.asked)
        self._of_python.add(slot, [book.python])
        self._of_digest.add(slot, [book.digest])
        self._held_weights.append(sum(map(self._pair_weights.__getitem__, book.pairs)))
        self._asked_weights.append(self.weights.sum(book.asked))
