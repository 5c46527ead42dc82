"""What a project says about the libraries that it needs: inline files and a repository."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from support.people import person
from support.projects import published

from assay.core.errors import ForbiddenError, NotFoundError, UnavailableError
from assay.core.roles import Actor, Role
from assay.runtimes import dependency_files, projects
from assay.runtimes.dependency_files import read_project
from assay.runtimes.run_settings import ProjectSpec

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Actor:
    """Ana, with a published version."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "lab")
    return ana


def inline(actor: Actor, files: dict[str, str], entry: str = "main.py", **parts: Any) -> None:  # noqa: ANN401 - fields
    """Set up a project named `job` with these files."""
    source = {"kind": "inline", "files": {entry: "print('hello')", **files}}
    projects.create(actor, "job", ProjectSpec(environment="lab", source=source, entry=entry, **parts))


def test_what_people_want_counts_before_a_lock_and_development_files(ana: Actor) -> None:
    """requirements.txt, not the others; its Python and its reasons are kept."""
    inline(ana, {"requirements.txt": "tiny>=1\nother; sys_platform == 'win32'\n", "requirements-dev.txt": "ruff\n"})
    found = read_project(ana, "job")
    assert (found.names, found.title) == (("requirements.txt",), "job")
    assert found.intake.combined.libraries == ("tiny>=1",)
    assert [one.entry.library for one in found.intake.combined.files[0].left_out] == [
        "other; sys_platform == 'win32'"
    ]


def test_a_project_file_without_libraries_leads_to_the_next_files(ana: Actor) -> None:
    """Settings of a linter name no library; the lock does."""
    lock = 'lock-version = "1.0"\n[[packages]]\nname = "tiny"\nversion = "1.0"\n'
    inline(ana, {"pyproject.toml": "[tool.ruff]\nline-length = 100\n", "pylock.toml": lock})
    found = read_project(ana, "job")
    assert found.names == ("pylock.toml",)
    assert found.intake.combined.libraries == ("tiny==1.0",)


def test_the_imports_of_what_runs_count_where_nothing_else_does(ana: Actor) -> None:
    """Also of a notebook."""
    cell = {
        "cell_type": "code",
        "source": ["import numpy as np"],
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    notebook = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    inline(ana, {"look.ipynb": notebook}, "look.ipynb", kind="notebook")
    assert read_project(ana, "job").intake.combined.libraries == ("numpy",)


def test_nothing_found_is_said(ana: Actor) -> None:
    """With what to do instead; a stranger does not learn of the project, a viewer does not compose."""
    inline(ana, {})
    with pytest.raises(NotFoundError, match="names a library") as caught:
        read_project(ana, "job")
    assert caught.value.path == "project"
    with pytest.raises(NotFoundError):
        read_project(person("eve"), "job")
    with pytest.raises(ForbiddenError):
        read_project(person("vic", Role.VIEWER), "job")


def git(folder: Path, *arguments: str) -> None:
    """Run git in a repository of a test."""
    who = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, check=True)


@pytest.fixture
def repository(tmp_path: Path, settings: LazySettings) -> Path:
    """Return a repository with a job in a folder and libraries at its root; an administrator allows it."""
    folder = tmp_path / "team"
    (folder / "jobs").mkdir(parents=True)
    (folder / "jobs" / "main.py").write_text("print('hello')")
    (folder / "jobs" / "requirements.txt").symlink_to("/etc/passwd")
    (folder / "environment.yml").write_text("dependencies:\n  - python=3.11\n  - pip:\n    - tiny==2.0\n")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    settings.GIT_ALLOW = (f"file://{tmp_path}",)
    return folder


def from_git(actor: Actor, repository: Path) -> None:
    """Set up a project named `job` from the folder of a repository."""
    source = {"kind": "git", "url": f"file://{repository}", "branch": "", "folder": "jobs"}
    projects.create(actor, "job", ProjectSpec(environment="lab", source=source))


def test_the_folder_of_a_repository_counts_before_its_root(ana: Actor, repository: Path) -> None:
    """The newest commit each time; links are not followed; nothing is left behind."""
    from_git(ana, repository)
    found = read_project(ana, "job")
    assert found.names == ("environment.yml",)
    assert (found.intake.combined.libraries, found.intake.python) == (("tiny==2.0",), "3.11")
    (repository / "jobs" / "requirements.txt").unlink()
    (repository / "jobs" / "requirements.txt").write_text("tiny>=3\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "second")
    assert read_project(ana, "job").intake.combined.libraries == ("tiny>=3",)
    assert list((dependency_files.home() / "tmp").glob("project-*")) == []


def test_a_repository_that_cannot_be_read_says_why(
    ana: Actor, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gone, without the file that runs, or too slow."""
    from_git(ana, repository)
    git(repository, "mv", "jobs/main.py", "jobs/other.py")
    git(repository, "commit", "-qm", "moved")
    with pytest.raises(UnavailableError, match="has no file"):
        read_project(ana, "job")
    with monkeypatch.context() as limits:
        limits.setattr(dependency_files, "SECONDS", -1)
        with pytest.raises(UnavailableError, match="took longer than -1 seconds"):
            read_project(ana, "job")
    with monkeypatch.context() as limits:
        limits.setattr(dependency_files, "SECONDS", 0)
        limits.setattr(dependency_files, "EXTRA_SECONDS", 0)
        with pytest.raises(UnavailableError, match="does not respond"):
            read_project(ana, "job")
