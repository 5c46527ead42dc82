"""What people have already is read; what cannot be taken is listed with its reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import AssayError, InvalidInputError
from assay.core.spec import parse_libraries
from assay.sources.intake import Intake, read

REQUIREMENTS = """\
# tools
pandas==2.1.0 \\
    --hash=sha256:abc
requests[socks]>=2  # proxies
-r other.txt
--index-url https://evil.example
git+https://evil.example/x
six=1.16
"""
CONDA = """\
name: geo
channels: [conda-forge]
dependencies:
  - python=3.11
  - pandas=2.1
  - numpy=1.26.4=py311h64a7726_0
  - conda-forge::scikit-learn>=1.3
  - pytorch
  - mkl
  - r-base
  - pip
  - pip:
    - humanize==4.9.0
    - -e .
"""


def reasons(found: Intake) -> dict[str, str]:
    """Return why each entry was not taken."""
    return {one.text: one.reason for one in found.not_taken}


def test_requirements() -> None:
    """Comments, hashes and continuations are read over; options and addresses are not taken."""
    found = read(REQUIREMENTS, "requirements.txt")
    assert found.libraries == ("pandas==2.1.0", "requests[socks]>=2", "six==1.16")
    assert [one.line for one in found.not_taken] == [5, 6, 7]
    assert "option" in reasons(found)["-r other.txt"]


def test_conda() -> None:
    """What the index has too is translated; conda-only entries are listed with the reason."""
    found = read(CONDA, "environment.yml")
    assert found.python == "3.11"
    assert found.libraries == ("pandas==2.1.*", "numpy==1.26.4", "scikit-learn>=1.3", "torch", "humanize==4.9.0")
    assert set(reasons(found)) == {"mkl", "r-base", "pip", "-e ."}
    assert "conda package" in reasons(found)["mkl"]


def test_pyproject_and_poetry() -> None:
    """Dependencies and the Python they ask for."""
    found = read(
        '[project]\nrequires-python = ">=3.12"\ndependencies = ["httpx>=0.27", "x @ https://e.example/x.whl"]'
    )
    assert (found.kind, found.libraries, found.python) == ("pyproject", ("httpx>=0.27",), "3.12")
    assert len(found.not_taken) == 1
    poetry = read('[tool.poetry.dependencies]\npython = "^3.11"\nhttpx = "^0.27"\nrich = "^13.1"\nx = {git = "y"}')
    assert poetry.libraries == ("httpx<0.28,>=0.27", "rich<14,>=13.1")


def test_pylock() -> None:
    """A lock gives exact versions."""
    found = read('lock-version = "1.0"\n[[packages]]\nname = "six"\nversion = "1.17.0"\n')
    assert (found.kind, found.libraries) == ("pylock", ("six==1.17.0",))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a: &x [1]\nb: *x", "environment.yml"),
        ("[project\n", "pyproject.toml"),
        ("dependencies:\n  - [", "environment.yml"),
        ("x\n" * 20_000, "requirements.txt"),
        ("x" * 1_000_001, ""),
    ],
)
def test_broken_and_huge_files_are_refused_with_words(text: str, name: str) -> None:
    """Bombs, broken files, files without end."""
    with pytest.raises(InvalidInputError) as caught:
        read(text, name)
    assert caught.value.hint


@given(st.text(max_size=300), st.sampled_from(["", "environment.yml", "pyproject.toml", "pylock.toml", "x.txt"]))
def test_any_text_is_read_or_refused(text: str, name: str) -> None:
    """Never a crash, and everything that is taken passes the check of a typed line."""
    try:
        found = read(text, name)
    except AssayError:
        return
    for line in found.libraries:
        assert parse_libraries([line])[0] == (line,)
