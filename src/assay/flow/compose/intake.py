"""Import of dependency files: read them, combine their entries into one list, and find a Python for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from assay.core.errors import AssayError, InvalidInputError
from assay.core.intake.combine import Combined, GivenFile, combine
from assay.core.intake.document import Document
from assay.core.intake.intent import Reduced, asked_with, reduced, roots
from assay.core.roles import Actor, Right, check_right
from assay.engine.engines import engine_of
from assay.engine.interface import ResolveRequest
from assay.engine.resolving.compatibility import marker_variables
from assay.flow.package_indexes import indexes_in
from assay.flow.paths import engine_paths, home, interpreter, interpreters
from assay.sources.intake.kinds import read

MAX_FILES = 20  # in one import; projects have a handful
MAX_TOTAL = 8_000_000  # bytes of all files together


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What was read. `python` is an offered Python that the files ask for, `asked_python` what they say of it.

    `locked`: some file holds exact versions, the result of a resolution. `direct` are the names that were asked for,
    None where the files do not say; `requires` maps names to those that they require, as far as the files say.
    """

    combined: Combined
    python: str | None
    asked_python: str
    locked: bool
    direct: frozenset[str] | None
    requires: Mapping[str, tuple[str, ...]]

    @property
    def reducible(self) -> bool:
        """Whether there is a shorter list to look for: exact versions of several libraries."""
        return self.locked and len(self.combined.libraries) > 1


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
    return Intake(
        combined=combined,
        python=found,
        asked_python=next(filter(None, (one.python or one.requires_python for one in documents)), ""),
        locked=any(one.locked for one in documents),
        direct=_direct(combined),
        requires={name: needed for one in documents for name, needed in one.requires.items()},
    )


def reduce_to_intent(actor: Actor, intake: Intake, python: str) -> Reduced:
    """Reduce exact versions to what was probably asked for, with the versions of everything as constraints.

    Where the files say neither what was asked for nor what requires what, the exact list is resolved on `python`;
    libraries without a wheel count as asked for. Raises ResolutionError when it does not resolve.
    """
    check_right(actor, Right.COMPOSE)
    libraries = intake.combined.libraries
    names = [canonicalize_name(Requirement(line).name) for line in libraries]
    if intake.direct is None:
        return reduced(libraries, roots(names, intake.requires or _resolved_requires(actor, libraries, python)))
    # Without a graph, what the files ask for is believed to lead to all of their lock.
    asked = asked_with(intake.direct, names, intake.requires) if intake.requires else intake.direct
    return reduced(libraries, asked)


def _resolved_requires(actor: Actor, libraries: tuple[str, ...], python: str) -> dict[str, tuple[str, ...]]:
    sources = indexes_in(actor.workspace_id)
    request = ResolveRequest(
        python=python,
        python_path=interpreter(python).path,
        libraries=libraries,
        index=sources.index,
        other_indexes=sources.others,
        allow_sdists=sources.allow_sdists,
    )
    (home() / "tmp").mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="intake-", dir=home() / "tmp") as workdir:
        return engine_of(request).requires(
            request, paths=engine_paths(), workdir=workdir, credentials=sources.credentials
        )


def _direct(combined: Combined) -> frozenset[str] | None:
    """Return the names that the files ask for: those that a lock names, and all of files that are no locks."""
    names: set[str] = set()
    known = False
    for one in combined.files:
        if one.document is None or not one.results:
            continue
        if one.document.direct is not None:
            known, names = True, names | one.document.direct
        elif not one.document.locked:
            found = {row.name for row in one.results if row.name}
            known, names = known or bool(found), names | found
    return frozenset(names) if known else None


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
