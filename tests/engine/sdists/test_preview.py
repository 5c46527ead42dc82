"""Previews with libraries that have only a source distribution: no code runs, and each refusal has its reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.bench import PYTHON, Bench
from support.index import LocalIndex

from assay.core.errors import NoWheelError, ResolutionError
from assay.engine.interface import Resolved, ResolveRequest
from assay.engine.resolving.compatibility import this_platform
from assay.engine.sandbox import isolation
from assay.engine.uv_engine import UvEngine

MACHINE = this_platform().partition("-")[2]
FAILS = "raise RuntimeError('a preview ran this')"
STATIC = "Metadata-Version: 2.2\nName: {0}\nVersion: 1.0\nRequires-Dist: needed\n"
OTHER = "3.9" if PYTHON != "3.9" else "3.10"
TAG = f"cp{OTHER.replace('.', '')}"


@pytest.fixture(autouse=True)
def _sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a sandbox be at work: previews build nothing, so that these tests need none."""
    monkeypatch.setattr(isolation, "isolation", lambda: "bubblewrap")


def look(bench: Bench, request: ResolveRequest) -> Resolved:
    """Return the preview of a request."""
    workdir = bench.root / "preview"
    workdir.mkdir(exist_ok=True)
    return UvEngine().preview(request, paths=bench.paths, workdir=str(workdir))


def refusal(bench: Bench, request: ResolveRequest) -> NoWheelError:
    """Return why a request is refused."""
    with pytest.raises(NoWheelError) as caught:
        look(bench, request)
    return caught.value


def test_static_metadata_is_taken_as_it_is(bench: Bench, index: LocalIndex) -> None:
    """PEP 643: a build may not change it, so the lock is the one that a build installs. It is read once."""
    index.add("needed")
    made = index.add_source("static", backend=FAILS, files={"PKG-INFO": STATIC.format("static")})
    found = look(bench, bench.request("static", sdists=True))
    assert {one.name: one.file.name for one in found.lock.libraries} == {
        "needed": "needed-1.0-py3-none-any.whl",
        "static": made.filename,
    }
    assert found.lock.by_name["static"].file.sha256 == made.sha256
    assert found.pending == ()
    look(bench, bench.request("static", sdists=True))
    assert index.served.count(f"files/{made.filename}") == 1


@pytest.mark.parametrize(
    ("files", "pending"),
    [
        ({"pkg.egg-info/requires.txt": "needed\n\n[extra]\nnever\n\n[:python_version < '3']\nnever\n"}, True),
        ({"PKG-INFO": STATIC.format("pkg") + "Dynamic: Requires-Dist\n"}, True),
        ({"PKG-INFO": STATIC.format("pkg") + "Requires-Dist: not ! valid\n"}, True),
        ({"pyproject.toml": '[project]\nname = "pkg"\nversion = "1.0"\ndependencies = ["needed"]\n'}, False),
    ],
)
def test_dynamic_metadata_is_read_and_pending(
    bench: Bench, index: LocalIndex, files: dict[str, str], pending: bool
) -> None:
    """What the sdist says it needs is shown; only a build tells for certain."""
    index.add("needed")
    index.add_source("pkg", backend=FAILS, files=files)
    found = look(bench, bench.request("pkg", sdists=True))
    assert set(found.lock.by_name) == {"pkg", "needed"}
    assert found.pending == (("pkg",) if pending else ())


def test_the_version_that_the_others_allow_is_chosen(bench: Bench, index: LocalIndex) -> None:
    """Constraints, dependents and Requires-Python count; a yanked file does not."""
    index.add("app", requires=("pkg<3",))
    for version in ("1.0", "2.0", "2.5", "3.0"):
        index.add_source("pkg", version, backend=FAILS)
    index.yanked["pkg-2.5.tar.gz"] = "broken"
    found = look(bench, bench.request("app", sdists=True))
    assert found.lock.by_name["pkg"].version == "2.0"
    limited = replace(bench.request("app", sdists=True), constraints=("pkg<2",))
    assert look(bench, limited).lock.by_name["pkg"].version == "1.0"
    kept = replace(bench.request("pkg", sdists=True), preferred=("pkg==1.0",))
    assert look(bench, kept).lock.by_name["pkg"].version == "1.0"


def test_too_new_a_source_is_not_chosen(bench: Bench, index: LocalIndex) -> None:
    """The cool-down counts for sources as for wheels."""
    index.add_source("pkg", backend=FAILS)
    index.uploaded["pkg"] = "2999-01-01T00:00:00Z"
    with pytest.raises(ResolutionError):
        look(bench, replace(bench.request("pkg", sdists=True), cool_down_days=7))


def test_a_conflict_of_versions_stays_one(bench: Bench, index: LocalIndex) -> None:
    """A library that has a wheel in an allowed version is not told to have only a source."""
    index.add("pkg", "1.0")
    index.add_source("pkg", "2.0", backend=FAILS)
    index.add("one", requires=("pkg>=2",))
    index.add("two", requires=("pkg<2",))
    with pytest.raises(ResolutionError) as caught:
        look(bench, bench.request("one", "two", sdists=True))
    assert not isinstance(caught.value, NoWheelError) or "only a source" in caught.value.detail


def test_each_refusal_names_its_reason(bench: Bench, index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """The workspace, the draft, and the lack of a sandbox; nothing of the source is fetched."""
    made = index.add_source("pkg", backend=FAILS)
    request = bench.request("pkg")
    error = refusal(bench, request)
    assert error.title == "A library has no wheel that can be installed"
    assert error.detail.startswith("pkg 1.0 has only a source distribution, and this workspace forbids")
    assert "--allow-sdists yes" in error.hint
    error = refusal(bench, replace(request, sdists_refused_by="draft"))
    assert "this draft takes wheels only" in error.detail
    assert "Wheels only" in error.hint
    monkeypatch.setattr(isolation, "isolation", lambda: "namespaces")
    error = refusal(bench, replace(request, allow_sdists=True))
    assert "pkg 1.0 has only a source distribution, and no sandbox is at work on this machine" in error.detail
    assert "can install bubblewrap" in error.hint
    assert f"files/{made.filename}" not in index.served


def test_wheels_for_another_python_are_named(bench: Bench, index: LocalIndex) -> None:
    """Where that Python is offered, it is the way; the source is not built for a Python that nobody built it for."""
    index.add_compiled("native", "1.0", f"{TAG}-{TAG}-manylinux_2_17_{MACHINE}", f"{TAG}-{TAG}-win_amd64")
    index.add_source("native", backend=FAILS)
    request = bench.request("native", sdists=True)
    error = refusal(bench, replace(request, offered=(PYTHON, OTHER)))
    assert f"native 1.0 has no wheel for Python {PYTHON} on Linux {MACHINE}." in error.detail
    assert f"It has wheels for Python {OTHER} (Linux {MACHINE} and Windows)." in error.detail
    assert error.hint == f"Choose Python {OTHER}, or another version of native."
    error = refusal(bench, replace(request, offered=(PYTHON,)))
    assert error.hint.startswith("Choose another version of native. An administrator can add other Pythons")


def test_wheels_for_other_systems_do_not_count(bench: Bench, index: LocalIndex) -> None:
    """Its authors never built it for this one: the source is the way."""
    index.add_compiled("native", "1.0", f"{TAG}-{TAG}-win_amd64")
    index.add_source("native", backend=FAILS)
    found = look(bench, replace(bench.request("native", sdists=True), offered=(PYTHON, OTHER)))
    assert not found.lock.by_name["native"].file.is_wheel


def test_no_file_at_all_is_told_so(bench: Bench, index: LocalIndex) -> None:
    """Wheels for Windows only, and no source: no Python of this machine helps."""
    index.add_compiled("winonly", "1.0", f"{TAG}-{TAG}-win_amd64")
    error = refusal(bench, replace(bench.request("winonly", sdists=True), offered=(PYTHON, OTHER)))
    assert f"It has wheels for Python {OTHER} (Windows)." in error.detail
    assert error.hint.startswith("Choose another version of winonly.")


def test_an_index_in_html_is_read_too(bench: Bench, index: LocalIndex) -> None:
    """A listing without sizes."""
    index.html = True
    index.add_source("pkg", backend=FAILS)
    assert not look(bench, bench.request("pkg", sdists=True)).lock.by_name["pkg"].file.is_wheel


def test_a_source_that_cannot_be_read_is_pending(bench: Bench, index: LocalIndex) -> None:
    """Its build says what is wrong with it."""
    index.add_source("pkg", backend=FAILS).content = b"no archive"
    found = look(bench, bench.request("pkg", sdists=True))
    assert found.pending == ("pkg",)
    index.add_source("gone", backend=FAILS)
    index.misbehave["gone-1.0.tar.gz"] = "other"
    assert look(bench, bench.request("gone", sdists=True)).pending == ("gone",)
    assert not list(Path(bench.paths.wheels).glob("*.whl"))
