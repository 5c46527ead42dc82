"""Each kind of file is recognised and read; no text makes a reader fail."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import AssayError, InvalidInputError
from assay.core.intake.document import Document
from assay.sources.intake.encodings import decode
from assay.sources.intake.kinds import KINDS, kind_of, read


def libraries(found: Document) -> list[str]:
    """Return the libraries of a document."""
    return [one.library for one in found.entries if one.library]


def reasons(found: Document) -> dict[str, str]:
    """Return why each entry is no library."""
    return {one.text: one.reason for one in found.entries if one.reason}


NAMES = ["", "x.txt", "environment.yml", "pyproject.toml", "pylock.toml", "Pipfile", "setup.cfg", "setup.py"]
NAMES += ["Dockerfile", "x.sh", "x.py", "x.ipynb"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a: &x [1]\nb: *x", "environment.yml"),
        ("[project\n", "pyproject.toml"),
        ("dependencies:\n  - [", "environment.yml"),
        ("x" * 8_000_001, ""),
        ("no section", "setup.cfg"),
    ],
)
def test_broken_and_huge_files_are_refused_with_words(text: str, name: str) -> None:
    """Bombs, broken files, files without end."""
    with pytest.raises(InvalidInputError) as caught:
        read(text, name)
    assert caught.value.hint


@given(st.text(max_size=300), st.sampled_from(NAMES))
def test_any_text_is_read_or_refused(text: str, name: str) -> None:
    """Never a crash; each entry has a library, an include or a reason."""
    try:
        found = read(text, name)
    except AssayError:
        return
    assert all(one.library or one.include or one.reason for one in found.entries)


@pytest.mark.parametrize("one", KINDS, ids=lambda one: one.name)
def test_kinds_have_names_that_differ(one: object) -> None:
    """A name selects one kind."""
    assert sum(other is one for other in KINDS) == 1


def test_a_kind_is_found_by_its_content() -> None:
    """Pasted text has no name."""
    assert kind_of("[project]\nname='x'").name == "pyproject"
    assert kind_of("[packages]\nsix='*'").name == "pipfile"
    assert kind_of("name: x\ndependencies:\n  - numpy").name == "conda-environment"
    assert kind_of("six").name == "requirements"
    assert kind_of("six", "C:\\work\\Pipfile").name == "pipfile"


@pytest.mark.parametrize(
    "data",
    [
        "six\r\nattrs é\r\n".encode(),
        codecs.BOM_UTF8 + "six\nattrs é\n".encode(),
        "six\r\nattrs é\r\n".encode("utf-16"),
        "six\nattrs é\n".encode("utf-16-le"),
        "six\nattrs é\n".encode("utf-16-be"),
        "six\nattrs é\n".encode("utf-32"),
        "six\rattrs é\r".encode("latin-1"),
    ],
)
def test_encodings(data: bytes) -> None:
    """The encoding and the line ends are found."""
    assert decode(data) == "six\nattrs é\n"


def test_no_text() -> None:
    """A picture is no list."""
    with pytest.raises(InvalidInputError):
        decode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
