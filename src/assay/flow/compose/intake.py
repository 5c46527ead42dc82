"""Import of dependency files: read them, combine their entries into one list, and find a Python for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from assay.core.errors import AssayError, InvalidInputError
from assay.core.intake.combine import Combined, GivenFile, combine
from assay.core.intake.document import Document
from assay.core.roles import Actor, Right, check_right
from assay.engine.resolving.compatibility import marker_variables
from assay.flow.paths import interpreters
from assay.sources.intake.kinds import read

MAX_FILES = 20  # in one import; projects have a handful
MAX_TOTAL = 8_000_000  # bytes of all files together


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What was read. `python` is an offered Python that the files ask for, `asked_python` what they say of it.

    `locked`: every file that has libraries holds exact versions. `direct` are the names that were asked for, None
    where the files do not say.
    """

    combined: Combined
    python: str | None
    asked_python: str
    locked: bool
    direct: frozenset[str] | None


def read_files(
    actor: Actor,
    files: Sequence[tuple[str, bytes]],
    *,
    selected: Sequence[tuple[str, str]] | None = None,
    python: str | None = None,
) -> Intake:
    """Read files (name and content) and combine them; a file that cannot be read is listed with its error.

    `selected` are the chosen (file, choice) pairs, None for those that the files select. `python` replaces the Python
    that the files ask for. Raises InvalidInputError for no, too many or too large files.
    """
    check_right(actor, Right.COMPOSE)
    _check_limits(files)
    given = [_read(name, data) for name, data in files]
    documents = [one.document for one in given if one.document]
    offered = tuple(interpreters())
    found = python if python in offered else _python_of(documents, offered)
    variables = [marker_variables(one) for one in ([found] if found else offered)]
    combined = combine(given, variables, selected=selected)
    with_libraries = [one for one in documents if any(entry.library for entry in one.entries)]
    direct = [one.direct for one in with_libraries if one.direct is not None]
    return Intake(
        combined=combined,
        python=found,
        asked_python=next(
            (one.python or one.requires_python for one in documents if one.python or one.requires_python), ""
        ),
        locked=bool(with_libraries) and all(one.locked for one in with_libraries),
        direct=frozenset().union(*direct) if direct else None,
    )


def _check_limits(files: Sequence[tuple[str, bytes]]) -> None:
    if not files:
        raise InvalidInputError("No file given.", hint="Choose a file, or paste its content.", path="files")
    if len(files) > MAX_FILES or sum(len(data) for _, data in files) > MAX_TOTAL:
        raise InvalidInputError(
            f"At most {MAX_FILES} files with {MAX_TOTAL / 1e6:.0f} MB together can be read at once.",
            hint="Choose fewer files.",
            path="files",
        )


def _read(name: str, data: bytes) -> GivenFile:
    try:
        return GivenFile(name=name, document=read(data, name))
    except AssayError as error:
        return GivenFile(name=name, error=error)


def _python_of(documents: Sequence[Document], offered: Sequence[str]) -> str | None:
    """Return the offered Python that the files name or, newest first, that all their specifiers allow."""
    named = next((one.python for one in documents if one.python in offered), None)
    if named:
        return named
    wanted = [one.requires_python for one in documents if one.requires_python]
    if not wanted:
        return None
    return next((one for one in offered if all(_allows(specifier, one) for specifier in wanted)), None)


def _allows(specifier: str, python: str) -> bool:
    try:
        return SpecifierSet(specifier).contains(f"{python}.99")
    except InvalidSpecifier:
        return True
