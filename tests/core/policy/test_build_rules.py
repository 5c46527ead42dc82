"""What a build observed becomes facts: which ones, how strong, and in which words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from assay.core.console_scripts import ShadowedCommand
from assay.core.observations import FailedImport, Observations
from assay.core.policy.build_rules import (
    FileConflicts,
    ImportFailure,
    KernelFailure,
    RecordMismatches,
    ShadowedCommands,
    StartupCode,
    shorten,
)
from assay.core.policy.facts import Context, EarlierVersion, LibraryFact, VersionFacts
from assay.core.policy.findings import Effect, Finding
from assay.core.policy.library_rules import Rule
from assay.core.policy.policy import DEFAULT, Evaluator, Policy
from assay.core.report import OPTIONAL, ConflictKind, FileConflict, RecordMismatch, StartupFile

CONTEXT = Context(today=date(2026, 6, 15))
NAMES = ("pyyaml", "jinja2", "markupsafe", "zz-evil", "setuptools")
SETUPTOOLS = StartupFile(
    library="setuptools",
    path="distutils-precedence.pth",
    sha256="5" * 64,
    code="import os; var = 'SETUPTOOLS_USE_DISTUTILS'",
)
EVIL = StartupFile(library="zz-evil", path="zz.pth", sha256="e" * 64, code="import zz_evil.boot")


def version(
    build: Observations | None, *, direct: str = "jinja2", before: EarlierVersion | None = None
) -> VersionFacts:
    """Return a version with what its build observed."""
    libraries = tuple(LibraryFact(key=name, name=name, version="1.0", licence="MIT") for name in NAMES)
    return VersionFacts(
        reference="ds@2",
        digest="d",
        python="3.11",
        size=1,
        libraries=libraries,
        direct=frozenset({direct}),
        build=build,
        before=before,
    )


def findings(rule: Rule, build: Observations | None, *, before: EarlierVersion | None = None) -> list[Finding]:
    """Return what one rule finds."""
    return Evaluator(Policy(rules=(rule,)), CONTEXT).findings(version(build, before=before))


def failed(library: str, **more: object) -> FailedImport:
    """Return a library whose only module does not import."""
    given = {"module": library, "cause": "it is broken", "own": True, "works": False}
    return FailedImport(library=library, **{**given, **more})  # type: ignore[arg-type]  # passed on as given


@pytest.mark.parametrize(
    ("one", "effect"),
    [
        (failed("jinja2"), Effect.BLOCK),
        (failed("jinja2", needs=OPTIONAL), Effect.BLOCK),
        (failed("jinja2", needs="a screen"), Effect.WARN),
        (failed("jinja2", works=True), Effect.NOTE),
        (failed("jinja2", own=False), Effect.NOTE),
        (failed("markupsafe"), Effect.WARN),
        (failed("markupsafe", needs=OPTIONAL), Effect.NOTE),
        (failed("markupsafe", needs="a graphics processor"), Effect.NOTE),
    ],
)
def test_how_strong_a_failed_import_is(one: FailedImport, effect: Effect) -> None:
    """A direct library that does not import is never only noted; what a build lacks is no defect of others."""
    (found,) = findings(ImportFailure(), Observations(imports=(one,)))
    assert found.effect is effect
    assert found.library == one.library
    assert f"{one.library} 1.0 does not import" in found.words


def test_a_policy_can_only_weaken_a_fact() -> None:
    """A rule that warns never stops; a fact that is at most a warning is no stop under a rule that stops."""
    (found,) = findings(ImportFailure(effect=Effect.WARN), Observations(imports=(failed("jinja2"),)))
    assert found.effect is Effect.WARN
    assert ImportFailure().sentence == (
        "Block direct libraries that do not import, and warn when other libraries do not. A reviewer may waive it."
    )
    assert ImportFailure(effect=Effect.WARN).sentence.startswith("Warn about direct libraries that do not import. A")


@pytest.mark.parametrize(
    ("one", "advice"),
    [
        (failed("jinja2", other="markupsafe"), "Choose another version of markupsafe or of jinja2."),
        (failed("jinja2", needs=OPTIONAL), "Add the library that it needs, or remove it."),
        (
            failed("jinja2", needs="a screen"),
            "It needs a screen, which the build does not have: try it where it will run.",
        ),
        (failed("jinja2"), "Choose another version of it, or remove it."),
    ],
)
def test_what_to_do_about_a_failed_import(one: FailedImport, advice: str) -> None:
    """By its cause."""
    (found,) = findings(ImportFailure(), Observations(imports=(one,)))
    assert found.advice == advice


def test_the_module_is_named_where_the_library_works_otherwise() -> None:
    """Otherwise the library itself does not import."""
    (found,) = findings(ImportFailure(), Observations(imports=(failed("jinja2", module="jinja2_x", works=True),)))
    assert found.words == "jinja2 1.0 does not import: its module jinja2_x: it is broken"


def test_a_kernel_that_does_not_start_blocks() -> None:
    """Its reason is the fact."""
    (found,) = findings(KernelFailure(), Observations(kernel="The kernel did not start: No module named 'zmq'"))
    assert (found.effect, found.words) == (Effect.BLOCK, "The kernel did not start: No module named 'zmq'")
    (other,) = findings(KernelFailure(), Observations(kernel="no answer"))
    assert other.words == "The kernel: no answer"
    assert findings(KernelFailure(), Observations()) == []


def conflict(
    path: str, kind: ConflictKind, *, owners: tuple[str, ...] = ("pyyaml", "zz-evil"), winner: str = "zz-evil"
) -> FileConflict:
    """Return a path that two libraries install."""
    return FileConflict(path=path, owners=owners, winner=winner, kind=kind)


def test_conflicts_are_one_fact_per_pair_and_effect() -> None:
    """A replaced module stops, replaced data warns, equal files and tests are noted; commands have their own rule."""
    build = Observations(
        conflicts=(
            conflict("/bin/yaml", ConflictKind.DATA),
            conflict("/share/x", ConflictKind.DATA),
            conflict("tests/__init__.py", ConflictKind.UNUSED),
            conflict("yaml/__init__.py", ConflictKind.MODULE),
            conflict("yaml/cyaml.py", ConflictKind.MODULE),
            conflict("yaml/dumper.py", ConflictKind.MODULE),
            conflict("yaml/py.typed", ConflictKind.EQUAL),
        )
    )
    stops, warns, notes = findings(FileConflicts(), build)
    assert (stops.effect, stops.words, stops.library) == (
        Effect.BLOCK,
        "zz-evil replaces yaml/__init__.py, yaml/cyaml.py and 1 more of pyyaml",
        "zz-evil",
    )
    assert stops.advice == "Keep only one of pyyaml and zz-evil."
    assert (warns.effect, warns.words) == (Effect.WARN, "zz-evil replaces /share/x of pyyaml")
    assert (notes.effect, notes.advice) == (Effect.NOTE, "The files are equal, or nothing imports them.")
    assert notes.words == "pyyaml and zz-evil install the same tests/__init__.py, yaml/py.typed"


def test_a_conflict_names_the_intruder_also_when_the_owner_wins() -> None:
    """Which file is on the disk depends on the order of names; who intrudes does not."""
    one = conflict("yaml/x.py", ConflictKind.MODULE, owners=("zz-evil", "pyyaml"), winner="zz-evil")
    (found,) = findings(FileConflicts(), Observations(conflicts=(one,)))
    assert (found.library, found.words) == (
        "pyyaml",
        "pyyaml also installs yaml/x.py of zz-evil; the file of zz-evil is used",
    )


def test_commands_that_hide_installers_stop_and_others_warn() -> None:
    """One fact per library for each of the two."""
    commands = (
        ShadowedCommand(command="jupyter", library="zz-evil", other="jupyter-core"),
        ShadowedCommand(command="ls", library="zz-evil"),
        ShadowedCommand(command="pip", library="zz-evil", other="pip"),
    )
    stops, warns = findings(ShadowedCommands(), Observations(commands=commands))
    assert (stops.effect, stops.words) == (Effect.BLOCK, "zz-evil 1.0 installs its own pip")
    assert (warns.effect, warns.words) == (
        Effect.WARN,
        "zz-evil 1.0 installs its own jupyter of jupyter-core, ls of the system",
    )


def test_startup_code_is_a_note_where_it_is_known() -> None:
    """Widely known files, and those that the version before had, byte for byte."""
    before = EarlierVersion(
        reference="ds@1", size=1, libraries=(), startup=frozenset({(EVIL.library, EVIL.path, EVIL.sha256)})
    )
    build = Observations(startup_files=(SETUPTOOLS, EVIL))
    new, known = findings(StartupCode(), build)
    assert (new.effect, new.library) == (Effect.WARN, "zz-evil")
    assert new.words == "zz-evil 1.0 runs code at each start of Python: zz.pth"
    assert new.advice == "Read it: import zz_evil.boot"
    assert (known.effect, known.library) == (Effect.NOTE, "setuptools")
    assert {one.effect for one in findings(StartupCode(), build, before=before)} == {Effect.NOTE}
    changed = replace(EVIL, sha256="f" * 64)
    assert findings(StartupCode(), Observations(startup_files=(changed,)), before=before)[0].effect is Effect.WARN


def test_a_known_file_is_known_by_its_code_too() -> None:
    """The name alone makes nothing harmless; namespace packages of setuptools are."""
    forged = replace(SETUPTOOLS, code="import evil")
    assert findings(StartupCode(), Observations(startup_files=(forged,)))[0].effect is Effect.WARN


# Lines that setuptools wrote: since 2023, from 2016 on, and before.
NEW = (
    "import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('google', 'cloud'));"
    "importlib = __import__('importlib.util');__import__('importlib.machinery');m = sys.modules.setdefault("
    "'google.cloud', importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec('google.cloud', "
    "[os.path.dirname(p)])));m = m or sys.modules.setdefault('google.cloud', types.ModuleType('google.cloud'));"
    "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p);"
    "m and setattr(sys.modules['google'], 'cloud', m)"
)
MIDDLE = (
    "import sys, types, os;has_mfs = sys.version_info > (3, 5);"
    "p = os.path.join(sys._getframe(1).f_locals['sitedir'], "
    "*('zope',));importlib = has_mfs and __import__('importlib.util');has_mfs and __import__('importlib.machinery');"
    "m = has_mfs and sys.modules.setdefault('zope', importlib.util.module_from_spec(importlib.machinery.PathFinder."
    "find_spec('zope', [os.path.dirname(p)])));m = m or sys.modules.setdefault('zope', types.ModuleType('zope'));"
    "mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)"
)
FIRST = (
    "import sys,types,os; p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('zope',)); "
    "ie = os.path.exists(os.path.join(p,'__init__.py')); "
    "m = not ie and sys.modules.setdefault('zope',types.ModuleType('zope')); "
    "mp = (m or []) and m.__dict__.setdefault('__path__',[]); (p not in mp) and mp.append(p)"
)


@pytest.mark.parametrize(
    ("code", "effect"),
    [
        (NEW, Effect.NOTE),
        (MIDDLE, Effect.NOTE),
        (f"{FIRST}\n{NEW}", Effect.NOTE),
        (f"{NEW};import evil", Effect.WARN),
        (f"{NEW}\nimport evil", Effect.WARN),
        (NEW[:300], Effect.WARN),
        (NEW.replace("types.ModuleType('google.cloud')", "types.ModuleType(evil())"), Effect.WARN),
    ],
)
def test_namespace_packages_of_setuptools_are_known_by_every_statement(code: str, effect: Effect) -> None:
    """One more statement makes the file unknown."""
    file = StartupFile(library="zope", path="zope-nspkg.pth", sha256="n" * 64, code=code)
    assert findings(StartupCode(), Observations(startup_files=(file,)))[0].effect is effect


def test_record_mismatches_are_one_fact_per_library() -> None:
    """With the first paths."""
    rows = tuple(RecordMismatch(library="zz-evil", path=path) for path in ("a.py", "b.py", "c.py"))
    (found,) = findings(RecordMismatches(), Observations(mismatches=rows))
    assert found.words == "3 files of zz-evil 1.0 differ from its RECORD: a.py, b.py and 1 more"
    assert found.effect is Effect.WARN


def test_what_was_not_recorded_is_reported_once_and_stops_nothing() -> None:
    """Builds before schema 4 recorded no facts of single files; a lock that is not built has none at all."""
    old = Observations(startup_files=None, conflicts=None, mismatches=None)
    policy = Policy(rules=(FileConflicts(), StartupCode(), RecordMismatches()))
    (found,) = Evaluator(policy, CONTEXT).findings(version(old))
    assert (found.key, found.effect, found.assessed) == ("files/not-assessed", Effect.NOTE, False)
    assert Evaluator(policy, CONTEXT).findings(version(None)) == []


def test_the_default_policy_finds_nothing_in_a_clean_build() -> None:
    """All rules about builds are in it."""
    kinds = {rule.kind for rule in DEFAULT.rules}
    assert {"import-failure", "kernel-failure", "file-conflict", "shadowed-command", "startup-code"} <= kinds
    about_builds = [
        one for one in Evaluator(DEFAULT, CONTEXT).findings(version(Observations())) if one.effect is Effect.BLOCK
    ]
    assert about_builds == []


def test_names_for_a_sentence() -> None:
    """The first ones, and how many more."""
    assert shorten(["a", "b"]) == "a, b"
    assert shorten(["a", "b", "c"]) == "a, b and 1 more"
