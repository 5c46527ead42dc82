"""What a dependency file says: its entries, the choices that it offers, and the Python that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of a file: a PEP 508 line in `library`, another file in `include`, or neither for a `reason`.

    `line` counts from 1 and is 0 where the format has no lines. `choice` names the choice that it belongs to, '' for
    what always belongs to the file. A `weak` entry gives way to another one of the same name: a conda entry to a pip
    entry. `limits` marks a constraint, which adds no library. `conda` is the conda requirement of an entry that only
    a conda channel can satisfy. A `note` says what was changed or left out of an entry that is a library.
    """

    line: int = 0
    text: str
    library: str = ""
    reason: str = ""
    choice: str = ""
    weak: bool = False
    limits: bool = False
    include: str = ""
    conda: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A part of a file that can be taken or left, such as an extra, a dependency group or an environment."""

    name: str
    label: str
    selected: bool = False


@dataclass(frozen=True, kw_only=True)
class Document:
    """A dependency file that was read.

    `python` is a version that it names, such as `3.11`; `requires_python` a specifier, such as `>=3.9,<3.13`.
    `locked`: its entries are exact versions, the result of a resolution. `direct` are the names that were asked for,
    None where the file does not say. `requires` maps the name of a locked library to the names that it requires; it
    is empty where the file does not say. Names are normalised. `notes` are sentences about what the file says and has
    no meaning here.
    """

    kind: str
    entries: tuple[Entry, ...]
    choices: tuple[Choice, ...] = ()
    python: str | None = None
    requires_python: str = ""
    locked: bool = False
    direct: frozenset[str] | None = None
    requires: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
