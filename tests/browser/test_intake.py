"""Five files of different kinds are dropped onto the editor, and what each asks for is built."""

from __future__ import annotations

import base64

import pytest
from playwright.sync_api import Browser, expect
from support.server import Desk
from support.visitor import Visitor

pytestmark = pytest.mark.browser

REQUIREMENTS = "six==1.16.0\r\n-e .\r\n".encode("utf-16")  # as PowerShell writes it
ENVIRONMENT = (
    b"channels: [conda-forge]\ndependencies:\n  - python=3.11\n  - bzip2=1.0.8=h4bc722e_7\n  - iniconfig=2.0\n"
)
PROJECT = (
    b'[project]\nname = "mine"\nrequires-python = ">=3.11,<3.12"\ndependencies = ["six"]\n'
    b'[project.optional-dependencies]\ntables = ["iniconfig"]\n'
)
LOCK = (
    b'lock-version = "1.0"\nrequires-python = ">=3.11,<3.12"\n'
    b'[[packages]]\nname = "python-dateutil"\nversion = "2.9.0.post0"\ndependencies = [{name = "six"}]\n'
    b'[[packages]]\nname = "pywinpty"\nversion = "2.0.13"\nmarker = "sys_platform == \'win32\'"\n'
    b'[[packages]]\nname = "six"\nversion = "1.16.0"\n'
)
NOTEBOOK = (
    b'{"cells": [{"cell_type": "code", "source": ["%pip install iniconfig\\n", "import os, six"]}],'
    b' "metadata": {"language_info": {"name": "python", "version": "3.11.4"}}, "nbformat": 4, "nbformat_minor": 5}'
)
DROP = """
([name, data]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([Uint8Array.from(atob(data), (one) => one.charCodeAt(0))], name));
  for (const kind of ["dragover", "drop"])
    document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
}
"""


@pytest.fixture(scope="module")
def ana(desk: Desk, browser: Browser) -> Visitor:
    """Sign in as a member."""
    return Visitor(desk, browser, "ana")


def drop(visitor: Visitor, name: str, data: bytes) -> None:
    """Open the editor and drop a file anywhere on it."""
    visitor.go("/new")
    visitor.page.evaluate(DROP, [name, base64.b64encode(data).decode()])
    expect(visitor.page.get_by_role("heading", name=name)).to_be_visible()


def build(visitor: Visitor, slug: str, libraries: str) -> None:
    """Take the list into the editor, and build it."""
    page = visitor.page
    page.get_by_role("button", name="Add libraries").click()
    expect(page.get_by_label("Libraries", exact=True)).to_have_value(libraries)
    page.get_by_label("Title").fill(slug)
    page.get_by_label("Short name").fill(slug)
    if page.get_by_label("Python").input_value() != "3.11":
        page.get_by_label("Python").select_option("3.11")
    expect(page.get_by_text("Resolves:")).to_be_visible()
    page.get_by_role("button", name="Save and build").click()
    expect(page.get_by_role("link", name=f"Open {slug}@1")).to_be_visible(timeout=120_000)


def test_requirements_of_powershell(ana: Visitor) -> None:
    """The encoding is found; what is left out has its reason."""
    drop(ana, "requirements.txt", REQUIREMENTS)
    expect(ana.page.get_by_text("is the project itself")).to_be_visible()
    ana.check()
    build(ana, "from-requirements", "six==1.16.0")


def test_environment_of_conda(ana: Visitor) -> None:
    """Native libraries are left out as such; the Python is taken."""
    drop(ana, "environment.yml", ENVIRONMENT)
    expect(ana.page.get_by_text("is a native library")).to_be_visible()
    build(ana, "from-conda", "iniconfig==2.0.*")


def test_project_with_a_choice(ana: Visitor) -> None:
    """An extra is ticked and taken."""
    drop(ana, "pyproject.toml", PROJECT)
    ana.page.get_by_role("checkbox", name="tables").check()
    expect(ana.page.locator("#taken-lines")).to_contain_text("iniconfig")
    build(ana, "from-project", "six\niniconfig")


def test_lock_reduced_to_what_was_asked_for(ana: Visitor) -> None:
    """What is for Windows only is left out; six follows from python-dateutil, and keeps its version."""
    drop(ana, "pylock.toml", LOCK)
    expect(ana.page.get_by_text("is for other systems or Pythons only").first).to_be_visible()
    ana.page.get_by_label("Only what was asked for").check()
    expect(ana.page.get_by_label("Keep all 2 versions as they are")).to_be_checked()
    build(ana, "from-lock", "python-dateutil")
    ana.go("/environments/from-lock/1/")
    expect(ana.page.get_by_role("row", name="six")).to_contain_text("1.16.0")


def test_notebook(ana: Visitor) -> None:
    """Imports and installed libraries are taken, the standard library is not."""
    drop(ana, "work.ipynb", NOTEBOOK)
    build(ana, "from-notebook", "iniconfig\nsix")
    assert ana.wrong == []
