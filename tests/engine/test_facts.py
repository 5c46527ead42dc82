"""What a build sees of its libraries: what they carry, which commands they hide, what fails to import."""

from __future__ import annotations

import json

from support.bench import Bench
from support.index import LocalIndex

from assay.core.report import ConflictKind, RecordMismatch, Report
from assay.engine.interface import Outcome
from assay.engine.wheel_store.embedded_sbom import MAX_COMPONENTS


def report_of(outcome: Outcome) -> Report:
    """Return the report of a build that went well."""
    assert outcome.report is not None, outcome.failure
    return Report.from_dict(outcome.report)


def check_of(report: Report, name: str) -> tuple[str, str]:
    """Return state and words of a check."""
    return next((one.state, one.detail) for one in report.checks if one.name == name)


def test_embedded_lists_of_parts_are_read(bench: Bench, index: LocalIndex) -> None:
    """CycloneDX and SPDX name parts; a wheel without a list is not told to carry nothing."""
    cyclone = {
        "components": [{"name": "libwebp", "version": "1.3.2"}, {"name": "carrier", "version": "1.0"}, {"name": ""}]
    }
    spdx = {"packages": [{"name": "zlib", "versionInfo": "1.3"}]}
    folder = "carrier-1.0.dist-info/sboms"
    files = {f"{folder}/a.cdx.json": json.dumps(cyclone), f"{folder}/b.spdx.json": json.dumps(spdx)}
    index.add("carrier", files=files)
    index.add("plain")
    outcome, _ = bench.build("carrier", "plain")
    libraries = {one.name: one for one in report_of(outcome).libraries}
    assert libraries["carrier"].bundled == ("libwebp 1.3.2", "zlib 1.3")
    assert libraries["plain"].bundled is None


def test_hostile_lists_of_parts_name_nothing(bench: Bench, index: LocalIndex) -> None:
    """Garbage, deep nesting and other shapes end no build; long ones are cut, control characters dropped."""
    many = {"components": [{"name": f"part{number}\x1b[31m", "version": 1} for number in range(2 * MAX_COMPONENTS)]}
    documents = [
        "{",
        "[" * 100_000,
        "[]",
        '{"components": 3}',
        '{"components": [3]}',
        '"text"',
        "null",
        json.dumps(many),
    ]
    files = {f"carrier-1.0.dist-info/sboms/{number}.json": text for number, text in enumerate(documents)}
    index.add("carrier", files=files)
    outcome, _ = bench.build("carrier")
    (library,) = (one for one in report_of(outcome).libraries if one.name == "carrier")
    assert library.bundled is not None
    assert len(library.bundled) == MAX_COMPONENTS
    assert "part0[31m 1" in library.bundled


def test_commands_that_hide_others_are_noted(bench: Bench, index: LocalIndex) -> None:
    """A library that brings `ls` or `pip` is named with them; its own commands are just told."""
    scripts = {f"sly-1.0.data/scripts/{name}": "#!python\n" for name in ("ls", "pip", "sly")}
    index.add("sly", files=scripts)
    outcome, _ = bench.build("sly")
    report = report_of(outcome)
    assert check_of(report, "shadowed commands") == ("noted", "2: ls (sly), pip (sly)")
    assert sorted(next(one.scripts for one in report.libraries if one.name == "sly")) == ["ls", "pip", "sly"]


def test_an_import_that_wants_what_a_build_has_not_is_told_apart(bench: Bench, index: LocalIndex) -> None:
    """A screen is wanted: noted, with the reason; a library none of whose modules imports is broken."""
    index.add("screen", modules={"screen.py": "raise ImportError('libGL.so.1: cannot open shared object file')\n"})
    outcome, _ = bench.build("screen")
    assert check_of(report_of(outcome), "imports") == ("noted", "0 of 1 libraries import; screen needs a screen")
    index.add("broken", modules={"broken.py": "import nowhere_to_be_found\n"})
    outcome, _ = bench.build("broken", "screen")
    state, words = check_of(report_of(outcome), "imports")
    assert (state, words) == ("failed", "0 of 2 libraries import; not: broken; screen needs a screen")


def test_a_library_that_lacks_an_optional_one_is_broken_only_if_it_was_asked_for(
    bench: Bench, index: LocalIndex
) -> None:
    """What needs it imports: `ipython` without matplotlib, which its `matplotlib-inline` would need."""
    index.add("inline", modules={"inline.py": "import nowhere_to_be_found\n"})
    index.add("shell", modules={"shell.py": ""}, requires=("inline",))
    outcome, _ = bench.build("shell")
    words = "1 of 2 libraries import; inline needs an optional library"
    assert check_of(report_of(outcome), "imports") == ("noted", words)
    index.add("hard", modules={"hard.py": "import inline\n"}, requires=("inline",))
    outcome, _ = bench.build("hard")
    assert check_of(report_of(outcome), "imports")[0] == "failed"


def test_a_wheel_that_replaces_another_ones_module(bench: Bench, index: LocalIndex) -> None:
    """A planted module, a namespace, equal files, tests and data: each is recorded with its owner and its kind."""
    namespace = "__import__('pkgutil').extend_path(__path__, __name__)\n"
    index.add(
        "goodyaml",
        modules={"goodyaml/__init__.py": "x = 1\n", "goodyaml/more.py": "y = 1\n", "shared/__init__.py": namespace},
        files={"goodyaml/py.typed": "", "tests/__init__.py": "# mine\n", "goodyaml-1.0.data/data/share/a.cfg": "a"},
    )
    index.add(
        "zz-evil",
        modules={"goodyaml/__init__.py": "x = 2\n", "zz_evil.py": "", "shared/__init__.py": f"# {namespace}"},
        files={"goodyaml/py.typed": "", "tests/__init__.py": "# other\n", "zz_evil-1.0.data/data/share/a.cfg": "b"},
    )
    outcome, _ = bench.build("goodyaml", "zz-evil")
    report = report_of(outcome)
    assert {(one.path, one.kind) for one in report.file_conflicts or ()} == {
        ("/share/a.cfg", ConflictKind.DATA),
        ("goodyaml/__init__.py", ConflictKind.MODULE),
        ("goodyaml/py.typed", ConflictKind.EQUAL),
        ("shared/__init__.py", ConflictKind.NAMESPACE),
        ("tests/__init__.py", ConflictKind.UNUSED),
    }
    module = next(one for one in report.file_conflicts or () if one.kind is ConflictKind.MODULE)
    assert (module.owners, module.winner) == (("goodyaml", "zz-evil"), "zz-evil")
    assert check_of(report, "file conflicts") == (
        "noted",
        "2: /share/a.cfg (goodyaml, zz-evil), goodyaml/__init__.py (goodyaml, zz-evil)",
    )


def test_a_module_that_hides_a_package_of_the_same_name(bench: Bench, index: LocalIndex) -> None:
    """The paths differ, the import is the same: the package is found first."""
    index.add("calm", modules={"calm.py": "x = 1\n"})
    index.add("zz-evil", modules={"calm/__init__.py": "x = 2\n", "zz_evil.py": ""})
    outcome, _ = bench.build("calm", "zz-evil")
    (found,) = report_of(outcome).file_conflicts or ()
    assert (found.path, found.winner, found.kind) == ("calm/__init__.py", "zz-evil", ConflictKind.MODULE)


def test_code_that_runs_at_startup(bench: Bench, index: LocalIndex) -> None:
    """Lines of `.pth` files that Python runs and its customising modules; paths and nested files run nothing."""
    index.add(
        "starter",
        modules={"starter.py": "", "usercustomize.py": "import starter\n"},
        files={
            "starter.pth": "# a comment\nimport starter\nsome/folder\n",
            "paths.pth": "some/folder\n",
            "starter_data/deep.pth": "import starter\n",
            "starter_data/sitecustomize.py": "",
        },
    )
    outcome, _ = bench.build("starter")
    found = {(one.path, one.code) for one in report_of(outcome).startup_files or ()}
    assert found == {("starter.pth", "import starter"), ("usercustomize.py", "import starter")}


def test_compiled_files_are_no_record_mismatch(bench: Bench, index: LocalIndex) -> None:
    """Some RECORDs name compiled files that are not there; other files count."""
    index.add(
        "stale",
        modules={"stale/__init__.py": ""},
        record=("stale/__pycache__/old.cpython-311.pyc", "stale/gone.py"),
    )
    outcome, _ = bench.build("stale")
    assert report_of(outcome).record_mismatches == (RecordMismatch(library="stale", path="stale/gone.py"),)
