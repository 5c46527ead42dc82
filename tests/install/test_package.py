"""What lies in the wheel and in the source distribution, and that Studio's requirements are those of the lock."""

from __future__ import annotations

import subprocess
import tarfile
import zipfile
from pathlib import Path

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
