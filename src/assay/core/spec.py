"""The spec of a version: a base or a Python version, and libraries as PEP 508 lines.

A line can only name a library: no option, path, URL, variable or other file. The rules are
those of PEP 508 and PEP 440 as `packaging` implements them; stricter rules give their reason.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from assay.core.errors import InvalidInputError

MAX_LINE = 300  # characters; the longest real lines (extras and markers) stay below 200
MAX_LIBRARIES = 1000  # lines; real environments have tens
SLUG = re.compile(r"[a-z][a-z0-9-]{1,31}")
NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
PYTHON = re.compile(r"3\.\d{1,2}")
REFERENCE = re.compile(r"([a-z][a-z0-9-]{1,31})@([1-9][0-9]{0,5})")
SINGLE_EQUALS = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*(?:\[[^\]]*\])?)\s*=\s*([A-Za-z0-9.*+!_-]+)$")


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A validated spec. `libraries` are canonical PEP 508 strings, in the author's order.

    `keep` names a version whose library versions are kept unless a requirement forces a change.
    `constraints` are version limits, as in pip's constraints file: they add no library. Suggested updates and
    imports of exact versions set them.
    """

    base: str | None = None
    python: str | None = None
    libraries: tuple[str, ...] = ()
    only_binary: bool = True
    cool_down_days: int = 0
    variant: str = ""
    keep: str | None = None
    constraints: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The normalised names of the libraries, in order."""
        return tuple(map(name_of, self.libraries))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; `Spec.from_dict` reads them back."""
        return {**asdict(self), "libraries": list(self.libraries), "constraints": list(self.constraints)}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Spec:
        """Read what `to_dict` wrote, also before `constraints` had that name (`hold`)."""
        kept = {name: value for name, value in stored.items() if name != "hold"}
        constraints = tuple(stored.get("constraints", stored.get("hold", ())))
        return cls(**{**kept, "libraries": tuple(stored["libraries"]), "constraints": constraints})


@lru_cache(maxsize=16_384)
def requirement(line: str) -> Requirement:
    """Parse a canonical line; lines were validated on input."""
    return Requirement(line)


@lru_cache(maxsize=16_384)
def name_of(line: str) -> str:
    """Return the normalised name in a canonical line."""
    return canonicalize_name(requirement(line).name)


@dataclass(frozen=True, kw_only=True)
class Correction:
    """A line in a non-standard spelling that was corrected: as `written`, and as `understood`."""

    line: int
    written: str
    understood: str


def parse_spec(
    *,
    base: str | None,
    python: str | None,
    libraries: list[str] | tuple[str, ...],
    only_binary: bool = True,
    cool_down_days: int = 0,
    variant: str = "",
    keep: str | None = None,
) -> tuple[Spec, tuple[Correction, ...]]:
    """Validate a spec and return it with the corrections made. Raises InvalidInputError with a path."""
    base, python = base or None, python or None
    _check_foundation(base, python)
    lines, corrections = parse_libraries(libraries)
    if not lines and base is None:
        raise InvalidInputError(
            "No libraries given.", hint="Add at least one library, for example pandas.", path="libraries"
        )
    spec = Spec(
        base=base,
        python=python,
        libraries=lines,
        only_binary=only_binary,
        cool_down_days=cool_down_days,
        variant=variant,
        keep=keep or None,
    )
    return spec, corrections


def _check_foundation(base: str | None, python: str | None) -> None:
    if base is None and python is None:
        raise InvalidInputError(
            "Neither a base nor a Python version is given.",
            hint="Choose a published environment as base, or a Python version.",
            path="python",
        )
    if base is not None and python is not None:
        raise InvalidInputError(
            "A base brings its own Python version.", hint="Leave one of the two empty.", path="python"
        )
    if base is not None and not REFERENCE.fullmatch(base):
        raise InvalidInputError(
            f"{base!r} does not name a version.", hint="Write it as name@number, e.g. ds101@2.", path="base"
        )
    if python is not None and not PYTHON.fullmatch(python):
        raise InvalidInputError(f"{python!r} is not a Python version.", hint="Write it as 3.11.", path="python")


def parse_libraries(lines: list[str] | tuple[str, ...]) -> tuple[tuple[str, ...], tuple[Correction, ...]]:
    """Validate each line and return the canonical ones; blank lines and comments are skipped.

    Raises InvalidInputError whose `path` is `libraries[i]`, i counting from 0.
    """
    if len(lines) > MAX_LIBRARIES:
        raise InvalidInputError(
            f"{len(lines)} lines; at most {MAX_LIBRARIES} are allowed.",
            hint="List only the libraries you use; their dependencies are added for you.",
            path="libraries",
        )
    parsed: list[str] = []
    corrections: list[Correction] = []
    seen: dict[str, int] = {}
    for number, raw in enumerate(lines):
        line = raw.split(" #", 1)[0].strip() if len(raw) <= MAX_LINE else raw
        if not line or line.startswith("#"):
            continue
        understood = _understand(line)
        if understood != line:
            corrections.append(Correction(line=number + 1, written=line, understood=understood))
        requirement = parse_library(understood, number)
        _refuse_repetition(requirement, number, seen)
        parsed.append(str(requirement))
    return tuple(parsed), tuple(corrections)


def parse_constraints(lines: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Validate constraints: lines that name a library and versions, without extras. Raises InvalidInputError.

    The `path` of the error is `constraints[i]`, i counting from 0.
    """
    try:
        parsed, _ = parse_libraries(lines)
    except InvalidInputError as error:
        path = (error.path or "").replace("libraries", "constraints")
        raise InvalidInputError(f"Constraints: {error.detail}", hint=error.hint, path=path) from error
    for number, line in enumerate(parsed):
        requirement = Requirement(line)
        if requirement.extras or not requirement.specifier:
            raise InvalidInputError(
                f"Constraints: {line} {'names extras' if requirement.extras else 'limits no version'}.",
                hint="Write a name and versions, e.g. pandas<3.",
                path=f"constraints[{number}]",
            )
    return parsed


def _understand(line: str) -> str:
    """Convert `library=1.2`, the spelling of conda, to `library==1.2`."""
    single = SINGLE_EQUALS.fullmatch(line) if len(line) <= MAX_LINE else None
    return f"{single[1]}=={single[2]}" if single else line


def _refuse_repetition(requirement: Requirement, number: int, seen: dict[str, int]) -> None:
    key = f"{canonicalize_name(requirement.name)};{requirement.marker or ''}"
    if key in seen:
        raise InvalidInputError(
            f"Line {number + 1}: {requirement.name} is already in line {seen[key] + 1}.",
            hint="Keep one line and join the conditions with a comma, e.g. pandas>=2,<3.",
            path=f"libraries[{number}]",
        )
    seen[key] = number


def parse_library(line: str, number: int = 0) -> Requirement:
    """Validate one line by PEP 508; it may only name a library. Raises InvalidInputError that names the line."""
    refusal = _refusal(line)
    if refusal is None:
        try:
            requirement = Requirement(line)
        except InvalidRequirement as error:
            refusal = (
                f"{_shown(line)} is not a library requirement: {str(error).splitlines()[0]}",
                "Write a name and, if it matters, versions: pandas>=2,<3.",
            )
        else:
            if requirement.url is None:
                return requirement
            refusal = (
                f"{_shown(line)} points to a URL.",
                "Only libraries from the workspace's package indexes are allowed.",
            )
    raise InvalidInputError(f"Line {number + 1}: {refusal[0]}", hint=refusal[1], path=f"libraries[{number}]")


def _refusal(line: str) -> tuple[str, str] | None:  # noqa: PLR0911 - one return per reason
    """Return why a line cannot be a requirement and a hint, for the cases with a message of their own."""
    if len(line) > MAX_LINE:
        return f"{len(line)} characters; a line has at most {MAX_LINE}.", "One library per line."
    if any(not (char.isprintable()) for char in line):
        return f"{_shown(line)} contains a control character.", "Type the line again."
    if line.startswith("-"):
        return f"{_shown(line)} is an option.", "Options are separate fields, not part of the list; name a library."
    if "$" in line:
        return f"{_shown(line)} contains an environment variable.", "Write the value itself."
    if re.match(r"[./~\\]|[A-Za-z]:\\", line) or re.search(r"\.(whl|tar\.gz|zip)$", line):
        return (
            f"{_shown(line)} is a path or a file.",
            "Only libraries from the workspace's package indexes are allowed.",
        )
    if re.search(r"\w+://|\bgit\+", line):
        return f"{_shown(line)} points to a URL.", "Only libraries from the workspace's package indexes are allowed."
    return None


def _shown(line: str) -> str:
    """Return a line for a message: truncated, control characters escaped."""
    short = line if len(line) <= 60 else line[:57] + "…"  # noqa: PLR2004 - what fits one message line
    return repr(short)


def check_slug(slug: str) -> str:
    """Return the short name, if valid. Raises InvalidInputError."""
    if not SLUG.fullmatch(slug):
        raise InvalidInputError(
            f"{slug[:40]!r} is not a short name.",
            hint="2 to 32 characters: a lower-case letter, then letters, digits or hyphens.",
            path="slug",
        )
    return slug


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A pin of one library: to an exact version, or to a prefix when fewer than three segments are given."""

    name: str
    specifier: str

    def takes(self, version: str) -> bool:
        """Return whether a version matches the pin."""
        return SpecifierSet(self.specifier).contains(version, prereleases=True)


def parse_pin(library: str, version: str) -> Pin:
    """Return the pin `pandas==2.2.*` for `pandas` and `2.2`, `==2.2.3` for `2.2.3`. Raises InvalidInputError."""
    try:
        parsed = Version(version)
    except InvalidVersion as error:
        raise InvalidInputError(
            f"{_shown(version)} is not a version.", hint="Write it as 2.2 or 2.2.3.", path="version"
        ) from error
    if not NAME.fullmatch(library):
        raise InvalidInputError(f"{_shown(library)} is not a library.", hint="Name one, e.g. pandas.", path="library")
    whole = len(parsed.release) > 2 or str(parsed) != parsed.base_version  # noqa: PLR2004 - major and minor
    return Pin(name=canonicalize_name(library), specifier=f"=={parsed}" if whole else f"=={parsed}.*")


def pinned(lines: tuple[str, ...], pin: Pin) -> tuple[str, ...]:
    """Return the lines with a library pinned, extras and markers kept; when it has no line, one is added."""
    changed = tuple(_pinned(line, pin) for line in lines)
    if any(canonicalize_name(Requirement(line).name) == pin.name for line in lines):
        return changed
    return (*changed, f"{pin.name}{pin.specifier}")


def _pinned(line: str, pin: Pin) -> str:
    requirement = Requirement(line)
    if canonicalize_name(requirement.name) == pin.name:
        requirement.specifier = SpecifierSet(pin.specifier)
    return str(requirement)
