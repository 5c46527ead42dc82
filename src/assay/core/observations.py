"""What a build observed and a policy judges: failed imports, kernel, startup code, conflicts, commands, RECORDs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from assay.core.console_scripts import ShadowedCommand, shadowed_commands
from assay.core.python_support import removed_in
from assay.core.report import (
    NAMESPACE,
    NO_MODULE,
    ConflictKind,
    FileConflict,
    ImportFact,
    LibraryFacts,
    RecordMismatch,
    Report,
    StartupFile,
    missing_for,
    read_conflict,
)

MAX_ERROR = 200  # characters of an error that no pattern explains
NAME_FROM = re.compile(r"cannot import name '(?P<name>[\w.]+)' from '(?P<module>[\w.]+)'")
NO_ATTRIBUTE = re.compile(r"module '(?P<module>[\w.]+)' has no attribute '(?P<name>\w+)'")
# Modules that a library installed once: without them it is too new for those that still need them.
FORMER = {"pkg_resources": "setuptools"}


@dataclass(frozen=True, kw_only=True)
class FailedImport:
    """A library whose module does not import, and why.

    `own` says that it is a module by which the library is used; `works` that half of these modules import, at least.
    `needs` is what the build lacks when nothing seems broken (see `core.report.missing_for`), '' otherwise.
    `other` is the library that offers less than is needed, '' when none does.
    """

    library: str
    module: str
    cause: str
    own: bool
    works: bool
    needs: str = ""
    other: str = ""


@dataclass(frozen=True, kw_only=True)
class Observations:
    """Everything that a build observed. `kernel` is why the kernel did not start, '' when it did.

    `startup_files`, `conflicts` and `mismatches` are None for builds made before they were recorded.
    """

    imports: tuple[FailedImport, ...] = ()
    kernel: str = ""
    commands: tuple[ShadowedCommand, ...] = ()
    startup_files: tuple[StartupFile, ...] | None = ()
    conflicts: tuple[FileConflict, ...] | None = ()
    mismatches: tuple[RecordMismatch, ...] | None = ()

    @property
    def complete(self) -> bool:
        """Whether the build recorded the facts of single files."""
        return self.startup_files is not None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; `Observations.from_dict` reads them back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Observations:
        """Read what `to_dict` wrote."""
        files = stored["startup_files"] is not None
        return cls(
            imports=tuple(FailedImport(**one) for one in stored["imports"]),
            kernel=stored["kernel"],
            commands=tuple(ShadowedCommand(**one) for one in stored["commands"]),
            startup_files=tuple(StartupFile(**one) for one in stored["startup_files"]) if files else None,
            conflicts=tuple(read_conflict(**one) for one in stored["conflicts"]) if files else None,
            mismatches=tuple(RecordMismatch(**one) for one in stored["mismatches"]) if files else None,
        )


def observe(report: Report) -> Observations:
    """Return what a report holds for a policy to judge."""
    kernel = next((one for one in report.checks if one.name == "kernel" and one.state == "failed"), None)
    return Observations(
        imports=_failed_imports(report),
        kernel=kernel.detail if kernel else "",
        commands=_shadowed(report),
        startup_files=report.startup_files,
        conflicts=report.file_conflicts,
        mismatches=report.record_mismatches,
    )


def _shadowed(report: Report) -> tuple[ShadowedCommand, ...]:
    """Return the commands that hide another one; two libraries that install the same script hide nothing."""
    equal = {one.path for one in report.file_conflicts or () if one.kind is ConflictKind.EQUAL}
    found = shadowed_commands(report.libraries)
    return tuple(one for one in found if not (one.other and f"/bin/{one.command}" in equal))


def _failed_imports(report: Report) -> tuple[FailedImport, ...]:
    """Return one failed import per library: that of an own module where there is one."""
    providers = {module: one for one in report.libraries for module in one.modules}
    installed = {one.name: one for one in report.libraries}
    providers |= {module: installed[name] for module, name in FORMER.items() if name in installed}
    by_library: dict[str, list[ImportFact]] = {}
    for fact in report.imports:
        by_library.setdefault(fact.library, []).append(fact)
    failed = [_failed(name, facts, providers) for name, facts in sorted(by_library.items())]
    return tuple(one for one in failed if one)


def _failed(library: str, facts: list[ImportFact], providers: Mapping[str, LibraryFacts]) -> FailedImport | None:
    own = _own_modules(library, [one.module for one in facts])
    failed = sorted((one for one in facts if one.error), key=lambda one: (one.module not in own, one.module))
    if not failed:
        return None
    fact = failed[0]
    cause, other = explain(fact.error, library, providers)
    return FailedImport(
        library=library,
        module=fact.module,
        cause=cause,
        own=fact.module in own,
        works=2 * sum(one.module in own and not one.error for one in facts) >= len(own),
        needs=missing_for(fact.error),
        other=other,
    )


def _own_modules(library: str, modules: list[str]) -> set[str]:
    """Return the modules that are named as the library; all of them when none is."""
    named = {one for one in modules if one.replace(".", "-").replace("_", "-").lower() == library}
    return named or set(modules)


def explain(error: str, library: str, providers: Mapping[str, LibraryFacts]) -> tuple[str, str]:
    """Return why an import failed, as the end of a sentence, and the other library that it is about, '' for none.

    `providers` maps the modules that libraries offer to these libraries; those in namespace packages have dots.
    """
    named, attribute, absent = (pattern.search(error) for pattern in (NAME_FROM, NO_ATTRIBUTE, NO_MODULE))
    if found := named or attribute:
        provider = _provider(found["module"], providers)
        if provider and provider.name != library:
            lacks = f"it needs {found['name']} from {found['module']}, which {provider.name} {provider.version} lacks"
            return lacks, provider.name
        if NAMESPACE in error and provider is None:
            return f"it needs {found['name']} from {found['module']}, which no installed library provides", ""
    if absent:
        return _absent(absent["module"], library, providers)
    return error[:MAX_ERROR], ""


def _absent(module: str, library: str, providers: Mapping[str, LibraryFacts]) -> tuple[str, str]:
    needs, provider = f"it needs the module {module}, which", _provider(module, providers)
    if provider:
        return f"{needs} {provider.name} {provider.version} lacks", provider.name if provider.name != library else ""
    python = removed_in(module)
    return f"{needs} {f'Python {python} removed' if python else 'no installed library provides'}", ""


def _provider(module: str, providers: Mapping[str, LibraryFacts]) -> LibraryFacts | None:
    """Return the library that offers a module or the nearest package around it, None when there is none."""
    while module and module not in providers:
        module = module.rpartition(".")[0]
    return providers.get(module)
