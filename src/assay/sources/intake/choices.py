"""The choices of a file, such as its extras and dependency groups, from its entries."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from assay.core.intake.document import Choice, Entry


def choices_of(entries: Iterable[Entry], *, selected: Collection[str] = ()) -> tuple[Choice, ...]:
    """Return the choices of entries in their order, by default with none selected."""
    names = dict.fromkeys(one.choice for one in entries if one.choice)
    return tuple(Choice(name=name, label=name[:1].upper() + name[1:], selected=name in selected) for name in names)
