"""The kinds of rules about what a build observed: imports, kernel, and what libraries do to each other's files."""

from __future__ import annotations

import hashlib
import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from assay.core.console_scripts import ShadowedCommand
from assay.core.formatting import plural
from assay.core.observations import FailedImport, Observations
from assay.core.policy.facts import Context, VersionFacts
from assay.core.policy.findings import Effect, Fact
from assay.core.policy.library_rules import Rule
from assay.core.report import OPTIONAL, ConflictKind, FileConflict, StartupFile

EXAMPLES = 2  # paths that a sentence names
# Startup files that widely used libraries install: the library, the file ('' for any), and what its code contains.
WELL_KNOWN = (
    ("setuptools", "distutils-precedence.pth", "SETUPTOOLS_USE_DISTUTILS"),
    ("coverage", "", "coverage"),
    ("pytest-cov", "pytest-cov.pth", "COV_CORE"),
    ("pywin32", "pywin32.pth", "pywin32"),
    ("pip-system-certs", "", "pip_system_certs"),
    ("ddtrace", "", "ddtrace"),
    ("debugpy", "", "debugpy"),
    ("hunter", "", "hunter"),
    ("virtualenv", "", "_virtualenv"),
)
# setuptools writes one line of these statements for each namespace package, and nothing else.
NAMESPACE_FILE = "-nspkg.pth"
NAMESPACE_CODE = re.compile(
    r"""import\ sys,\ ?types,\ ?os
    | has_mfs\ =\ sys\.version_info\ >\ \(3,\ 5\)
    | p\ =\ os\.path\.join\(sys\._getframe\(1\)\.f_locals\['sitedir'\],\ \*\(('\w+',?\ ?)+\)\)
    | ie\ =\ os\.path\.exists\(os\.path\.join\(p,\ ?'__init__\.py'\)\)
    | importlib\ =\ (has_mfs\ and\ )?__import__\('importlib\.util'\)
    | (has_mfs\ and\ )?__import__\('importlib\.machinery'\)
    | m\ =\ (has_mfs\ and\ )?sys\.modules\.setdefault\('[\w.]+',\ importlib\.util\.module_from_spec\(
      importlib\.machinery\.PathFinder\.find_spec\('[\w.]+',\ \[os\.path\.dirname\(p\)\]\)\)\)
    | m\ =\ (m\ or|not\ ie\ and)\ sys\.modules\.setdefault\('[\w.]+',\ ?types\.ModuleType\('[\w.]+'\)\)
    | mp\ =\ \(m\ or\ \[\]\)\ and\ m\.__dict__\.setdefault\('__path__',\[\]\)
    | \(p\ not\ in\ mp\)\ and\ mp\.append\(p\)
    | m\ and\ setattr\(sys\.modules\['[\w.]+'\],\ '\w+',\ m\)
    """,
    re.VERBOSE,
)


def shorten(names: Iterable[str], most: int = EXAMPLES) -> str:
    """Return the first names for a sentence, and how many there are beside them: `a, b and 3 more`."""
    found = list(names)
    shown = ", ".join(found[:most])
    return shown if len(found) <= most else f"{shown} and {len(found) - most:,} more"


def fingerprint(*parts: str) -> str:
    """Return a short text that differs when any part does: a part of a fact's key."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class BuildRule(Rule):
    """A rule about what a build observed. Nothing is reported for a version that is not built."""

    settled: ClassVar[bool] = True

    def check_version(self, version: VersionFacts, context: Context) -> Iterator[Fact]:
        """Yield the facts of a built version."""
        del context
        if version.build is not None:
            yield from self.check_build(version.build, version)

    @abstractmethod
    def check_build(self, build: Observations, version: VersionFacts) -> Iterator[Fact]:
        """Yield the facts that a build observed."""


@dataclass(frozen=True, kw_only=True)
class FileRule(BuildRule):
    """A rule about single files, which builds before report schema 4 did not record."""

    def check_version(self, version: VersionFacts, context: Context) -> Iterator[Fact]:
        """Yield the facts, or that the build did not record them."""
        if version.build is not None and not version.build.complete:
            yield Fact(
                key="files/not-assessed",
                words="The build did not record startup code, file conflicts and RECORD mismatches",
                advice="Build a new version: builds record them now.",
                assessed=False,
            )
            return
        yield from super().check_version(version, context)


@dataclass(frozen=True, kw_only=True)
class ImportFailure(BuildRule):
    """Libraries that do not import. What needs a screen, another platform or the like is a note."""

    kind: ClassVar[str] = "import-failure"
    effect: Effect = Effect.BLOCK

    @property
    def what(self) -> str:
        """Return what the rule checks, as the middle of a sentence."""
        return f"direct libraries that do not import{self.or_warn('other libraries do not')}"

    def check_build(self, build: Observations, version: VersionFacts) -> Iterator[Fact]:
        """Yield each library with a module that does not import."""
        for one in build.imports:
            number = version.versions.get(one.library, "")
            module = "" if one.own and not one.works else f": its module {one.module}"
            yield Fact(
                key=f"import-failure/{one.library}/{number}/{fingerprint(one.module, one.cause)}",
                words=f"{one.library} {number} does not import{module}: {one.cause}",
                advice=_import_advice(one),
                library=one.library,
                version=number,
                at_most=import_effect(one, direct=one.library in version.direct),
            )


def import_effect(failed: FailedImport, *, direct: bool) -> Effect:
    """Return the strongest effect of a failed import.

    A direct library none of whose own modules imports blocks, unless the build machine lacks what it needs: then
    it warns, since nobody has seen it work. Of other libraries only what seems broken warns: where another library
    needs one at its own import, that one fails too.
    """
    unusable = failed.own and not failed.works
    if direct and unusable:
        return Effect.BLOCK if failed.needs in {"", OPTIONAL} else Effect.WARN
    return Effect.WARN if unusable and not failed.needs else Effect.NOTE


def _import_advice(failed: FailedImport) -> str:
    if failed.other:
        return f"Choose another version of {failed.other} or of {failed.library}."
    if failed.needs == OPTIONAL:
        return "Add the library that it needs, or remove it."
    if failed.needs:
        return f"It needs {failed.needs}, which the build does not have: try it where it will run."
    return "Choose another version of it, or remove it."


@dataclass(frozen=True, kw_only=True)
class KernelFailure(BuildRule):
    """Environments whose Jupyter kernel does not start."""

    kind: ClassVar[str] = "kernel-failure"
    effect: Effect = Effect.BLOCK

    @property
    def what(self) -> str:
        """Return what the rule checks, as the middle of a sentence."""
        return "environments whose kernel does not start"

    def check_build(self, build: Observations, version: VersionFacts) -> Iterator[Fact]:
        """Yield why the kernel did not start."""
        del version
        if build.kernel:
            words = build.kernel if build.kernel.startswith("The kernel") else f"The kernel: {build.kernel}"
            advice = "Read the end of the build log; a library probably replaces a module that the kernel needs."
            yield Fact(key=f"kernel-failure/{fingerprint(build.kernel)}", words=words, advice=advice)


@dataclass(frozen=True, kw_only=True)
class FileConflicts(FileRule):
    """Paths that two libraries install: one replaces the other's file. Equal files are a note."""

    kind: ClassVar[str] = "file-conflict"
    effect: Effect = Effect.BLOCK

    @property
    def what(self) -> str:
        """Return what the rule checks, as the middle of a sentence."""
        return f"libraries that replace modules of others{self.or_warn('they replace other files')}"

    def check_build(self, build: Observations, version: VersionFacts) -> Iterator[Fact]:
        """Yield one fact for the files that the same libraries share in the same way."""
        groups: dict[tuple[tuple[str, ...], str, Effect], list[FileConflict]] = {}
        for one in build.conflicts or ():
            if not one.path.startswith("/bin/"):  # commands have a rule of their own
                groups.setdefault((one.owners, one.winner, conflict_effect(one)), []).append(one)
        for (owners, winner, effect), conflicts in groups.items():
            yield _conflict_fact(owners, winner, effect, conflicts, version)


def conflict_effect(conflict: FileConflict) -> Effect:
    """Return the strongest effect of a conflict: a replaced module blocks, replaced data warns."""
    if conflict.kind is ConflictKind.MODULE:
        return Effect.BLOCK
    return Effect.WARN if conflict.kind is ConflictKind.DATA else Effect.NOTE


def _conflict_fact(
    owners: tuple[str, ...],
    winner: str,
    effect: Effect,
    conflicts: list[FileConflict],
    version: VersionFacts,
) -> Fact:
    paths = shorten(one.path for one in conflicts)
    owner, *others = owners
    intruder = winner if winner != owner else others[0]
    harmless = effect is Effect.NOTE
    if harmless:
        words = f"{' and '.join(owners)} install the same {paths}"
    elif winner == owner:
        words = f"{intruder} also installs {paths} of {owner}; the file of {owner} is used"
    else:
        words = f"{intruder} replaces {paths} of {owner}"
    keep_one = f"Keep only one of {' and '.join(owners)}."
    return Fact(
        key=f"file-conflict/{'+'.join(owners)}/{fingerprint(*(one.path for one in conflicts), str(effect))}",
        words=words,
        advice="The files are equal, or nothing imports them." if harmless else keep_one,
        library=intruder,
        version=version.versions.get(intruder, ""),
        at_most=effect,
    )


@dataclass(frozen=True, kw_only=True)
class ShadowedCommands(BuildRule):
    """Commands of libraries that hide those of Python, of its installers, of the system or of another library."""

    kind: ClassVar[str] = "shadowed-command"
    effect: Effect = Effect.BLOCK

    @property
    def what(self) -> str:
        """Return what the rule checks, as the middle of a sentence."""
        return f"commands that hide an interpreter or an installer{self.or_warn('they hide others')}"

    def check_build(self, build: Observations, version: VersionFacts) -> Iterator[Fact]:
        """Yield one fact per library and effect."""
        groups: dict[tuple[str, bool], list[ShadowedCommand]] = {}
        for one in build.commands:
            groups.setdefault((one.library, one.installs_or_runs), []).append(one)
        for (library, trusted), commands in groups.items():
            hidden = shorten(
                (f"{one.command} of {one.other or 'the system'}" for one in commands if not one.installs_or_runs), 3
            ) or shorten((one.command for one in commands), 3)
            yield Fact(
                key=f"shadowed-command/{library}/{fingerprint(*(one.command for one in commands))}",
                words=f"{library} {version.versions.get(library, '')} installs its own {hidden}",
                advice=f"Remove {library}, or look at what its command does before you waive this.",
                library=library,
                version=version.versions.get(library, ""),
                at_most=Effect.BLOCK if trusted else Effect.WARN,
            )


@dataclass(frozen=True, kw_only=True)
class StartupCode(FileRule):
    """Files that run at each start of Python. Known ones, and those of the version compared with, are a note."""

    kind: ClassVar[str] = "startup-code"
    effect: Effect = Effect.WARN

    @property
    def what(self) -> str:
        """Return what the rule checks, as the middle of a sentence."""
        return "new code that runs at each start of Python"

    def check_build(self, build: Observations, version: VersionFacts) -> Iterator[Fact]:
        """Yield each startup file."""
        before = version.before.startup if version.before else frozenset()
        for one in build.startup_files or ():
            known = is_well_known(one) or (one.library, one.path, one.sha256) in before
            number = version.versions.get(one.library, "")
            yield Fact(
                key=f"startup-code/{one.library}/{one.path}/{one.sha256[:12]}",
                words=f"{one.library} {number} runs code at each start of Python: {one.path}",
                advice="It is widely known." if is_well_known(one) else f"Read it: {one.code[:200]}",
                library=one.library,
                version=number,
                at_most=Effect.NOTE if known else Effect.BLOCK,
            )


def is_well_known(file: StartupFile) -> bool:
    """Say whether a startup file is one of a widely used library, by its name and its code."""
    if file.path.endswith(NAMESPACE_FILE):
        return all(NAMESPACE_CODE.fullmatch(one.strip()) for one in re.split(r"[;\n]", file.code))
    return any(
        file.library == library and path in {"", file.path} and code in file.code
        for library, path, code in WELL_KNOWN
    )


@dataclass(frozen=True, kw_only=True)
class RecordMismatches(FileRule):
    """Libraries whose files differ from their RECORD. Compiled files never count (PEP 376)."""

    kind: ClassVar[str] = "record-mismatch"
    effect: Effect = Effect.WARN

    @property
    def what(self) -> str:
        """Return what the rule checks, as the middle of a sentence."""
        return "libraries whose files differ from their RECORD"

    def check_build(self, build: Observations, version: VersionFacts) -> Iterator[Fact]:
        """Yield one fact per library."""
        paths: dict[str, list[str]] = {}
        for one in build.mismatches or ():
            paths.setdefault(one.library, []).append(one.path)
        for library, found in paths.items():
            number, verb = version.versions.get(library, ""), "differs" if len(found) == 1 else "differ"
            yield Fact(
                key=f"record-mismatch/{library}/{number}/{fingerprint(*found)}",
                words=f"{plural(len(found), 'file')} of {library} {number} {verb} from its RECORD: {shorten(found)}",
                advice="Its wheel was changed after it was made, or made badly: ask its authors, or choose another.",
                library=library,
                version=number,
            )
