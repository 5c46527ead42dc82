"""The import dialog of the editor: what it shows of files and pasted text."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from support.people import person, visitor

from assay.web.studio.intake import BETWEEN

pytestmark = pytest.mark.django_db
PROJECT = b'[project]\ndependencies = ["six"]\n[project.optional-dependencies]\nio = ["attrs"]\n'
LOCK = (
    b'lock-version = "1.0"\n[[packages]]\nname = "app"\nversion = "1.0"\ndependencies = [{name = "part"}]\n'
    b'[[packages]]\nname = "part"\nversion = "3"\n'
)


@pytest.fixture
def read() -> Any:  # noqa: ANN401 - a function
    """Return a function that posts files and fields as a member, and returns the fragment."""
    client = visitor(person("ana"))

    def post(files: dict[str, bytes], **fields: Any) -> str:  # noqa: ANN401 - form values
        uploads = [SimpleUploadedFile(name, data) for name, data in files.items()]
        answer = client.post(reverse("intake"), {"files": uploads, **fields})
        assert answer.status_code == 200
        return answer.content.decode()

    return post


def test_files_and_text_together(read: Any) -> None:  # noqa: ANN401 - as above
    """Each with its counts and reasons; what is not readable has its error; text is escaped."""
    text = read({"r.txt": b"six\n-e .\n<b>\n", "pyproject.toml": b"[project"}, source="attrs")
    assert text.count("imported-file") == 3
    assert "Not read" in text
    assert "Left out (2)" in text
    assert "&lt;b&gt;" in text
    assert "2 libraries" in text


def test_choices_are_kept_for_the_same_files(read: Any) -> None:  # noqa: ANN401 - as above
    """A tick box takes its part; other files come with their own choices."""
    assert "attrs\n" not in read({"pyproject.toml": PROJECT})
    choice = f"pyproject.toml{BETWEEN}extra io"
    text = read({"pyproject.toml": PROJECT}, read="pyproject.toml", choice=choice)
    assert "six\nattrs\n" in text
    assert "attrs\n" not in read({"pyproject.toml": PROJECT}, read="other.txt", choice=choice)


def test_exact_or_what_was_asked_for(read: Any) -> None:  # noqa: ANN401 - as above
    """Both are offered for a lock; the versions are held unless that is cleared."""
    assert "Only what was asked for" in read({"pylock.toml": LOCK})
    text = read({"pylock.toml": LOCK}, mode="intent")
    assert ">app\n</pre>" in text
    assert "app==1.0\npart==3\n" in text
    assert (
        "part==3"
        not in read({"pylock.toml": LOCK}, **{"mode": "intent", "hold-shown": "yes"}).partition("taken-lines")[2]
    )
    assert "Only what was asked for" not in read({"r.txt": b"six\nattrs\n"})


def test_nothing(read: Any) -> None:  # noqa: ANN401 - as above
    """No file says what to do."""
    assert "No file given." in read({})
