"""What lies in the wheel and in the source distribution, and that Studio's requirements are those of the lock."""

from __future__ import annotations

import subprocess
import tarfile
import zipfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from support.package import UV, Built
from support.server import ROOT

LIMIT = 2_000_000  # bytes of either file
EXPORT = ("export", "--frozen", "--quiet", "--only-group", "studio", "--no-emit-project", "--no-header")


def of_the_package() -> set[str]:
    """Return every file of the package in the checkout."""
    source = ROOT / "src"
    files = (path for path in (source / "assay").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(source)) for path in files}


def test_the_wheel_holds_the_whole_package_and_nothing_else(built: Built) -> None:
    """Templates, static files, migrations, the mark for types and Studio's requirements included."""
    with zipfile.ZipFile(built.wheel) as wheel:
        names = set(wheel.namelist())
    packed = {name for name in names if name.startswith("assay/")}
    assert packed == of_the_package()
    assert {"assay/py.typed", "assay/studio/requirements.txt", "assay/web/templates/base.html"} <= packed
    assert {name.split("/")[0].endswith(".dist-info") for name in names - packed} == {True}
    assert built.wheel.stat().st_size < LIMIT


def test_the_source_distribution_holds_what_builds_the_wheel(built: Built) -> None:
    """No pictures, no tests, nothing of the working copy."""
    with tarfile.open(built.source) as source:
        names = {str(Path(*Path(one.name).parts[1:])) for one in source if one.isfile()}
    beside = {name for name in names if not name.startswith("src/assay/")}
    assert {name.removeprefix("src/") for name in names - beside} == of_the_package()
    assert beside == {"CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml", ".gitignore"}
    assert built.source.stat().st_size < LIMIT


def test_studio_is_installed_from_the_lock() -> None:
    """`make lock` writes both; whoever changes one by hand learns it here."""
    made = subprocess.run(
        [*UV, *EXPORT, "--no-annotate"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert (ROOT / "src" / "assay" / "studio" / "requirements.txt").read_text() == made
    assert "://" not in made  # names and hashes only; the index is the installation's


def release_notes(changelog: str, tag: str) -> str:
    """Call the script of the release workflow."""
    spec = spec_from_file_location("release_notes", ROOT / "docs" / "release_notes.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.notes(changelog, tag))


CHANGES = (
    "# Changelog\n\n## Unreleased\n\n## 1.10.0 (2026-05-01)\n\n### Added\n- Ten.\n\n## 1.1.0\n- One.\n\n## 1.0.0\n"
)


def test_release_notes_are_the_section_of_the_version() -> None:
    """With or without a date in the heading, and not that of a version that begins alike."""
    assert release_notes(CHANGES, "v1.10.0") == "### Added\n- Ten.\n"
    assert release_notes(CHANGES, "v1.1.0") == "- One.\n"


@pytest.mark.parametrize("tag", ["v2.0.0", "v1.0.0", "v1.1", "v1x1.0"])
def test_a_version_without_notes_is_not_released(tag: str) -> None:
    """The section is missing or empty: the error says what to write."""
    with pytest.raises(ValueError, match="has no section"):
        release_notes(CHANGES, tag)


def test_a_tag_becomes_the_version(tmp_path: Path) -> None:
    """`.ci/release` relies on it: a clone at a tag builds that version; files without git build 0.0.0."""
    clone = tmp_path / "clone"
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "src/assay/__init__.py"):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_bytes((ROOT / name).read_bytes())
    assert version_of(clone) == "0.0.0"
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"], ["tag", "v1.2.3"]):
        subprocess.run([*git, *arguments], cwd=clone, check=True)
    assert version_of(clone) == "1.2.3"


def version_of(clone: Path) -> str:
    """Build the wheel and return the version in its name."""
    subprocess.run([*UV, "build", "--quiet", "--wheel", "--clear", "--out-dir", "../dist"], cwd=clone, check=True)
    return next((clone.parent / "dist").glob("*.whl")).name.split("-")[1]
