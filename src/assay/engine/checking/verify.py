"""Verifying the stored wheels against their lock: the same set, satisfied requirements, and facts of each library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from assay.core.console_scripts import shadowed_commands
from assay.core.errors import BuildError
from assay.core.formatting import plural
from assay.core.lock import Lock
from assay.core.report import Check, ConflictKind, FileConflict, LibraryFacts, RecordMismatch, StartupFile
from assay.engine.checking.file_conflicts import file_conflicts
from assay.engine.checking.startup_code import startup_files
from assay.engine.resolving.compatibility import marker_variables
from assay.engine.wheel_store.embedded_sbom import bundled
from assay.engine.wheel_store.licence_files import licence_of
from assay.engine.wheel_store.store import StoredWheel


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """The facts of an environment's libraries that their files tell."""

    libraries: tuple[LibraryFacts, ...]
    startup_files: tuple[StartupFile, ...]
    file_conflicts: tuple[FileConflict, ...]
    record_mismatches: tuple[RecordMismatch, ...]


def verify(lock: Lock, wheels: Sequence[StoredWheel], direct: tuple[str, ...]) -> Lock:
    """Verify stored wheels against their lock; return it with edges. Raises BuildError naming the differences.

    `direct` are the requirements of the request, from which the dependency edges start.
    """
    _check_set(lock, wheels)
    return add_edges(lock, wheels, direct)


def file_facts(lock: Lock, wheels: Sequence[StoredWheel], store: Path) -> FileFacts:
    """Read the facts of stored wheels: licences, components, startup code, conflicts."""
    ordered = sorted(wheels, key=lambda one: one.name)
    return FileFacts(
        libraries=tuple(_facts(one, store) for one in ordered),
        startup_files=startup_files(wheels, store, lock.python),
        file_conflicts=file_conflicts(wheels, store, lock.python),
        record_mismatches=tuple(
            RecordMismatch(library=one.name, path=path) for one in ordered for path in one.record_mismatches
        ),
    )


def _check_set(lock: Lock, wheels: Sequence[StoredWheel]) -> None:
    wanted = {(one.name, one.version) for one in lock.libraries}
    installed = {(one.name, one.version) for one in wheels}
    if wanted != installed:
        differing = ", ".join(f"{name} {version}" for name, version in sorted(wanted ^ installed))
        raise BuildError(
            f"The installed libraries differ from the lock: {differing}.",
            hint="The metadata of a package differs from its file name. Remove it, or report it to its authors.",
        )


def add_edges(lock: Lock, wheels: Sequence[StoredWheel], direct: tuple[str, ...]) -> Lock:
    """Return the lock with dependency edges, extras included. The edges do not change the digest."""
    variables = marker_variables(lock.python)
    versions = {one.name: one.version for one in wheels}
    requires = {one.name: one.requires for one in wheels}
    extras: dict[str, set[str]] = {name: set() for name in requires}
    for line in direct:
        wanted = Requirement(line)
        extras.setdefault(canonicalize_name(wanted.name), set()).update(wanted.extras)
    edges: dict[str, set[str]] = {name: set() for name in requires}
    changed = True
    while changed:
        changed = False
        for name, requirements in requires.items():
            for one in _parsed(requirements, with_extras=bool(extras[name])):
                target = canonicalize_name(one.name)
                if not _applies(one, extras[name], variables):
                    continue
                _check_satisfied(name, one, versions.get(target))
                grown = not (target in edges[name] and one.extras <= extras[target])
                changed = changed or grown
                edges[name].add(target)
                extras[target] |= one.extras
    libraries = tuple(replace(one, dependencies=tuple(sorted(edges.get(one.name, ())))) for one in lock.libraries)
    return replace(lock, libraries=libraries)


def _check_satisfied(name: str, wanted: Requirement, version: str | None) -> None:
    if version is None or not wanted.specifier.contains(version, prereleases=True):
        raise BuildError(
            f"The locked libraries conflict: {name} requires {wanted.name}{wanted.specifier}, "
            f"{'which the lock lacks' if version is None else f'but {version} is locked'}.",
            hint="The metadata in the library's file differs from the index. Add the missing requirement yourself.",
        )


def _parsed(lines: tuple[str, ...], *, with_extras: bool) -> list[Requirement]:
    """Return the requirements that may apply; skip the many lines for extras unless an extra is required."""
    wanted = lines if with_extras else tuple(line for line in lines if "extra" not in line.partition(";")[2])
    return [one for line in wanted if (one := _requirement(line)) is not None]


@lru_cache(maxsize=20_000)
def _requirement(line: str) -> Requirement | None:
    try:
        return Requirement(line)
    except InvalidRequirement:
        return None  # invalid metadata of old packages; only this dependency edge is lost


def _applies(one: Requirement, extras: set[str], variables: dict[str, str]) -> bool:
    if one.marker is None:
        return True
    return any(one.marker.evaluate({**variables, "extra": extra}) for extra in ("", *extras))


def _facts(one: StoredWheel, store: Path) -> LibraryFacts:
    return LibraryFacts(
        name=one.name,
        version=one.version,
        size=one.size,
        licence=licence_of(one, store),
        summary=one.summary,
        modules=one.modules,
        scripts=tuple(path.removeprefix("bin/") for path, _, _ in one.files if path.startswith("bin/")),
        bundled=bundled(one, store),
    )


def file_checks(lock: Lock, facts: FileFacts) -> tuple[Check, ...]:
    """Return the checks of the files: locked, startup code, source builds, conflicts, RECORDs, commands."""
    conflicts = [one for one in facts.file_conflicts if one.kind in {ConflictKind.DATA, ConflictKind.MODULE}]
    commands = shadowed_commands(facts.libraries)
    return (
        Check(name="locked", state="passed", detail=f"{plural(len(facts.libraries), 'library')} by hash"),
        _noted("startup code", [f"{one.path} ({one.library})" for one in facts.startup_files]),
        _noted("built from source", [one.name for one in lock.libraries if not one.file.is_wheel]),
        _noted("file conflicts", [f"{one.path} ({', '.join(one.owners)})" for one in conflicts]),
        _noted("RECORD mismatches", [f"{one.library}: {one.path}" for one in facts.record_mismatches]),
        _noted("shadowed commands", [f"{one.command} ({one.library})" for one in commands]),
    )


def _noted(name: str, findings: list[str]) -> Check:
    if not findings:
        return Check(name=name, state="passed", detail="none")
    return Check(name=name, state="noted", detail=f"{len(findings)}: {', '.join(findings[:5])}")
