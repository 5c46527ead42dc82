"""Changed libraries of a submission, with what the workspace knows of them; routine changes are folded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from assay.core.comparison.diff import Change, Row, Step

LEAST_OPEN = 8  # changed libraries that are always shown
SHARE = 10  # one in so many installed libraries is shown


@dataclass(frozen=True, kw_only=True)
class LibraryChange:
    """One changed library.

    `new` is whether the workspace never approved it, `accepted` the version of the same environment that was approved
    with the same file, `held` another environment that contains it and the version there, `waiting` another pending
    submission that contains it; '' for none. `index` is '' for the default index.
    """

    row: Row
    new: bool = False
    accepted: str = ""
    held: str = ""
    waiting: str = ""
    index: str = ""

    @property
    def routine(self) -> bool:
        """Whether it is a small change of a library that others need and that the workspace has approved before."""
        row = self.row
        small = row.change is Change.UPGRADED and row.step is not Step.MAJOR
        notable = row.direct or self.new or row.licence_changed or self.index
        return not notable and (small or row.change in {Change.ADDED, Change.REMOVED, Change.MOVED})


@dataclass(frozen=True, kw_only=True)
class LibraryChanges:
    """The changes of a submission: shown, folded, and approved before with the same file."""

    open: tuple[LibraryChange, ...]
    folded: tuple[LibraryChange, ...]
    accepted: tuple[LibraryChange, ...]


def fold(changes: Iterable[LibraryChange], installed: int, concerned: Collection[str] = ()) -> LibraryChanges:
    """Return the changes of a version with `installed` libraries by whether they are shown or folded.

    Routine changes are folded if more than a tenth of the libraries changed. If that still leaves more than a tenth,
    as in a first version, added libraries that are not direct are folded too. Libraries with findings (`concerned`)
    are always shown.
    """
    several = list(changes)
    accepted = _named(several, _was_accepted, concerned)
    folded: set[str] = set()
    for quiet in (_is_routine, _comes_along):
        if len(several) - len(accepted | folded) > max(LEAST_OPEN, installed // SHARE):
            folded |= _named(several, quiet, concerned) - accepted
    return LibraryChanges(
        open=tuple(one for one in several if one.row.name not in accepted | folded),
        folded=tuple(one for one in several if one.row.name in folded),
        accepted=tuple(one for one in several if one.row.name in accepted),
    )


def _was_accepted(change: LibraryChange) -> bool:
    return bool(change.accepted)


def _is_routine(change: LibraryChange) -> bool:
    return change.routine


def _comes_along(change: LibraryChange) -> bool:
    return change.row.change is Change.ADDED and not change.row.direct


def _named(changes: Sequence[LibraryChange], test: Callable[[LibraryChange], bool], but: Collection[str]) -> set[str]:
    """Return the names of the libraries that pass a test, except those in `but`."""
    return {one.row.name for one in changes if test(one)}.difference(but)
