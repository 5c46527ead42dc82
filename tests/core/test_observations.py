"""From a report to what a policy judges, and back from what is stored."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from assay.core.console_scripts import ShadowedCommand, shadowed_commands
from assay.core.observations import FailedImport, Observations, explain, observe
from assay.core.report import (
    OPTIONAL,
    Check,
    ConflictKind,
    FileConflict,
    ImportFact,
    LibraryFacts,
    RecordMismatch,
    Report,
    StartupFile,
)

JINJA = LibraryFacts(name="jinja2", version="2.11.3", size=1, modules=("jinja2",))
MARKUPSAFE = LibraryFacts(name="markupsafe", version="3.0.2", size=1, modules=("markupsafe",))
SETUPTOOLS = LibraryFacts(name="setuptools", version="84.2.1", size=1, modules=("setuptools",))
PROTOBUF = LibraryFacts(name="protobuf", version="7.36.2", size=1, modules=("google.protobuf",))
PROVIDERS = {"jinja2": JINJA, "markupsafe": MARKUPSAFE, "google.protobuf": PROTOBUF}
SOFT = "ImportError: cannot import name 'soft_unicode' from 'markupsafe' (/x/__init__.py)"


def report(**more: object) -> Report:
    """Return the report of a build."""
    given = {"python": "3.11", "python_path": "/p", "size": 1, "files": 1, "libraries": (JINJA, MARKUPSAFE)}
    return Report(**{**given, **more})  # type: ignore[arg-type]  # passed on as given


def tried(library: str, module: str, error: str = "") -> ImportFact:
    """Return one module that was imported."""
    return ImportFact(library=library, module=module, seconds=0.1, error=error)


@pytest.mark.parametrize(
    ("error", "cause", "other"),
    [
        (SOFT, "it needs soft_unicode from markupsafe, which markupsafe 3.0.2 lacks", "markupsafe"),
        (
            "AttributeError: module 'markupsafe' has no attribute 'Old'",
            "it needs Old from markupsafe, which markupsafe 3.0.2 lacks",
            "markupsafe",
        ),
        (
            "ModuleNotFoundError: No module named 'markupsafe.old'",
            "it needs the module markupsafe.old, which markupsafe 3.0.2 lacks",
            "markupsafe",
        ),
        (
            "ModuleNotFoundError: No module named 'jinja2.old'",
            "it needs the module jinja2.old, which jinja2 2.11.3 lacks",
            "",
        ),
        (
            "ModuleNotFoundError: No module named 'torch'",
            "it needs the module torch, which no installed library provides",
            "",
        ),
        (
            "ImportError: cannot import name 'bigquery' from 'google.cloud' (unknown location)",
            "it needs bigquery from google.cloud, which no installed library provides",
            "",
        ),
        (
            "ImportError: cannot import name 'Mapping' from 'collections' (/lib/collections.py)",
            "ImportError: cannot import name 'Mapping' from 'collections' (/lib/collections.py)",
            "",
        ),
        (
            "ModuleNotFoundError: No module named 'google.iam'",
            "it needs the module google.iam, which no installed library provides",
            "",
        ),
        (
            "ModuleNotFoundError: No module named 'google.protobuf.old'",
            "it needs the module google.protobuf.old, which protobuf 7.36.2 lacks",
            "protobuf",
        ),
        (
            "ModuleNotFoundError: No module named 'distutils.core'",
            "it needs the module distutils.core, which Python 3.12 removed",
            "",
        ),
        (
            "ImportError: cannot import name 'x' from 'jinja2' (y)",
            "ImportError: cannot import name 'x' from 'jinja2' (y)",
            "",
        ),
        ("SyntaxError: " + "x" * 300, ("SyntaxError: " + "x" * 300)[:200], ""),
    ],
)
def test_why_an_import_failed(error: str, cause: str, other: str) -> None:
    """In words, with the library that offers less than is needed."""
    assert explain(error, "jinja2", PROVIDERS) == (cause, other)


def test_one_failed_import_per_library() -> None:
    """That of its own module; a module under another name is another matter."""
    facts = (
        tried("jinja2", "jinja2", SOFT),
        tried("jinja2", "a_helper", "SyntaxError"),
        tried("markupsafe", "markupsafe"),
        tried("markupsafe", "speedups", "ModuleNotFoundError: No module named 'cython'"),
        tried("pillow", "PIL"),
    )
    jinja, markupsafe = observe(report(imports=facts)).imports
    assert jinja == FailedImport(
        library="jinja2",
        module="jinja2",
        cause="it needs soft_unicode from markupsafe, which markupsafe 3.0.2 lacks",
        own=True,
        works=False,
        other="markupsafe",
    )
    assert (markupsafe.module, markupsafe.own, markupsafe.works, markupsafe.needs) == (
        "speedups",
        False,
        True,
        OPTIONAL,
    )


def test_without_a_module_of_its_name_every_module_is_its_own() -> None:
    """`sklearn` of scikit-learn; a library works when half of its modules import."""
    facts = (
        tried("scikit-learn", "sklearn", "SyntaxError"),
        tried("pyyaml", "_yaml", "SyntaxError"),
        tried("pyyaml", "yaml"),
        tried("opentelemetry-api", "opentelemetry.context", "SyntaxError"),
        tried("opentelemetry-api", "opentelemetry.trace", "SyntaxError"),
        tried("opentelemetry-api", "opentelemetry.version"),
    )
    api, pyyaml, sklearn = observe(report(imports=facts)).imports
    assert (api.own, api.works) == (True, False)
    assert (sklearn.own, sklearn.works) == (True, False)
    assert (pyyaml.own, pyyaml.works) == (True, True)


@pytest.mark.parametrize(
    ("libraries", "cause", "other"),
    [
        ((JINJA,), "it needs the module pkg_resources, which no installed library provides", ""),
        (
            (JINJA, SETUPTOOLS),
            "it needs the module pkg_resources, which setuptools 84.2.1 lacks",
            "setuptools",
        ),
    ],
)
def test_a_module_that_a_library_installed_once(libraries: tuple[LibraryFacts, ...], cause: str, other: str) -> None:
    """It is missing because that library is newer."""
    facts = (tried("jinja2", "jinja2", "ModuleNotFoundError: No module named 'pkg_resources'"),)
    (found,) = observe(report(libraries=libraries, imports=facts)).imports
    assert (found.cause, found.other) == (cause, other)


def test_a_kernel_that_failed_is_observed() -> None:
    """One that was skipped did not fail."""
    failed = Check(name="kernel", state="failed", detail="The kernel did not start: x")
    assert observe(report(checks=(failed,))).kernel == "The kernel did not start: x"
    assert observe(report(checks=(replace(failed, state="skipped"),))).kernel == ""


def test_commands_that_hide_others() -> None:
    """A trusted command belongs to its owner; of two other libraries the last by name hides the first."""
    libraries = [
        LibraryFacts(name="pip", version="1", size=1, scripts=("pip",)),
        LibraryFacts(name="zz", version="1", size=1, scripts=("pip", "ls", "run", "python")),
        LibraryFacts(name="aa", version="1", size=1, scripts=("run", "own")),
    ]
    assert shadowed_commands(libraries) == (
        ShadowedCommand(command="ls", library="zz"),
        ShadowedCommand(command="pip", library="zz", other="pip"),
        ShadowedCommand(command="python", library="zz"),
        ShadowedCommand(command="run", library="zz", other="aa"),
    )
    assert [one.installs_or_runs for one in shadowed_commands(libraries)] == [False, True, True, False]


def test_two_libraries_with_the_same_script_hide_nothing() -> None:
    """The files are equal, byte for byte."""
    libraries = tuple(LibraryFacts(name=name, version="1", size=1, scripts=("board",)) for name in ("a", "b"))
    equal = FileConflict(path="/bin/board", owners=("a", "b"), winner="b", kind=ConflictKind.EQUAL)
    assert observe(report(libraries=libraries, file_conflicts=(equal,))).commands == ()
    data = replace(equal, kind=ConflictKind.DATA)
    assert len(observe(report(libraries=libraries, file_conflicts=(data,))).commands) == 1


def test_what_is_stored_is_read_back() -> None:
    """Also of builds that recorded no facts of single files."""
    whole = Observations(
        imports=(FailedImport(library="a", module="a", cause="c", own=True, works=False),),
        kernel="k",
        commands=(ShadowedCommand(command="ls", library="a"),),
        startup_files=(StartupFile(library="a", path="a.pth", sha256="0", code="import a"),),
        conflicts=(FileConflict(path="p", owners=("a", "b"), winner="b", kind=ConflictKind.MODULE),),
        mismatches=(RecordMismatch(library="a", path="p"),),
    )
    old = observe(report())
    assert whole.complete
    assert not old.complete
    for one in (whole, old):
        assert Observations.from_dict(json.loads(json.dumps(one.to_dict()))) == one
