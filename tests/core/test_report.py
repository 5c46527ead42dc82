"""Reports of every schema are read; imports that fail for want of something are told from broken ones."""

from __future__ import annotations

import json

import pytest

from assay.core.report import (
    OPTIONAL,
    SCHEMA,
    ConflictKind,
    FileConflict,
    LibraryFacts,
    RecordMismatch,
    Report,
    StartupFile,
    current,
    missing_for,
)

FIRST = {
    "python": "3.11",
    "python_path": "/usr/bin/python3.11",
    "size": 1,
    "files": 1,
    "libraries": [
        {"name": "six", "version": "1.16.0", "size": 1, "licence": "MIT", "summary": "", "modules": ["six"]}
    ],
    "imports": [{"library": "six", "module": "six", "seconds": 0.1, "error": ""}],
    "checks": [{"name": "locked", "state": "passed", "detail": "", "seconds": 0.0}],
    "schema": 1,
}


def read_old() -> Report:
    """Return a report of the first schema, as it is read."""
    return Report.from_dict(FIRST)


def test_a_report_of_the_first_schema() -> None:
    """What nobody looked for then is unknown, not absent."""
    read = read_old()
    assert read.libraries == (LibraryFacts(name="six", version="1.16.0", size=1, licence="MIT", modules=("six",)),)
    assert read.libraries[0].bundled is None


def test_what_is_written_is_read_back() -> None:
    """Also through JSON, where tuples become lists."""
    library = LibraryFacts(name="a", version="1", size=2, scripts=("a",), bundled=("libwebp 1.3",))
    report = Report(
        python="3.11",
        python_path="/p",
        size=2,
        files=1,
        libraries=(library,),
        startup_files=(StartupFile(library="a", path="a.pth", sha256="0", code="import a"),),
        file_conflicts=(FileConflict(path="p", owners=("a", "b"), winner="b", kind=ConflictKind.DATA),),
        record_mismatches=(RecordMismatch(library="a", path="p"),),
    )
    assert Report.from_dict(json.loads(json.dumps(report.to_dict()))) == report
    assert read_old().startup_files is None


@pytest.mark.parametrize(
    ("error", "wants"),
    [
        ("ModuleNotFoundError: No module named 'winreg'", "another platform"),
        ("ImportError: libGL.so.1: cannot open shared object file", "a screen"),
        ("ImportError: libcudart.so.12: cannot open shared object file", "a graphics processor"),
        ("ImportError: libodbc.so.2: cannot open shared object file", "a system library"),
        ("ModuleNotFoundError: No module named 'torch'", OPTIONAL),
        ("ImportError: cannot import name 'bigquery' from 'google.cloud' (unknown location)", OPTIONAL),
        ("ModuleNotFoundError: No module named 'distutils.core'", ""),
        ("ImproperlyConfigured: settings are not configured", "settings"),
        ("ImportError: cannot import name 'soft_unicode' from 'markupsafe'", ""),
        ("SyntaxError: invalid syntax", ""),
    ],
)
def test_what_an_import_wants(error: str, wants: str) -> None:
    """Kinds by the words of the error; anything else looks broken."""
    assert missing_for(error) == wants


@pytest.mark.parametrize("schema", [{}, {"schema": 1}, {"schema": 2}])
def test_checks_of_old_reports_have_their_present_names(schema: dict[str, int]) -> None:
    """A name that did not change stays; all else is kept; a present report is left as it is."""
    checks = [{"name": "untrue records", "state": "passed"}, {"name": "imports", "state": "failed"}]
    stored = {"python": "3.11", "checks": checks, **schema}
    found = current(stored)
    assert found == {
        "python": "3.11",
        "checks": [{"name": "RECORD mismatches", "state": "passed"}, {"name": "imports", "state": "failed"}],
        "schema": SCHEMA,
    }
    assert current({**stored, "schema": SCHEMA})["checks"] == checks
