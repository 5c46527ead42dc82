"""The list of projects of an index, as it arrives in pieces of any size."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import UnavailableError
from assay.sources import index_names
from assay.sources.index_names import read_names

JSON = "application/vnd.pypi.simple.v1+json"


def pieces(text: str, size: int) -> list[bytes]:
    """Cut a text into pieces."""
    data = text.encode()
    return [data[at : at + size] for at in range(0, len(data), size)]


@given(st.lists(st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?", fullmatch=True)), st.integers(1, 90))
def test_every_name_arrives_whatever_the_pieces(names: list[str], size: int) -> None:
    """JSON and HTML give the same names, in their order, normalised."""
    from packaging.utils import canonicalize_name  # noqa: PLC0415 - needed only here

    wanted = [canonicalize_name(name) for name in names]
    projects = [{"_last-serial": 7, "name": name} for name in names]
    document = json.dumps({"meta": {"api-version": "1.1"}, "projects": projects}, indent=size % 3 or None)
    assert list(read_names(pieces(document, size), JSON)) == wanted
    links = "".join(f'<a href="/simple/{name}/">{name}</a><br/>\n' for name in names)
    page = f"<!DOCTYPE html><html><head><title>Index</title></head><body>{links}</body></html>"
    assert list(read_names(pieces(page, size), "text/html; charset=utf-8")) == wanted


def test_what_is_no_name_is_left_out() -> None:
    """Another value, a blank, a path or a name without end is no reason to lose the others."""
    projects = [{"name": "six"}, {"name": 7}, {}, "x", {"name": "../x"}, {"name": "a" * 101}, {"name": "Flask"}]
    assert list(read_names([json.dumps({"projects": projects}).encode()], JSON)) == ["six", "flask"]
    assert list(read_names([b"<a>six</a><a></a><a>not a name</a>other<a>Flask"], "text/html")) == ["six", "flask"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"meta": {}, "projects": [{"name": "six"}, {"na', JSON),
        (b'{"meta": {}, "projects": [{"name": "six"}', JSON),
        (b'{"message": "not found"}', JSON),
        (b"", JSON),
        (b"hello", "text/html"),
        (b"", "text/html"),
        (b"six", "text/plain"),
        (b"six", ""),
    ],
)
def test_a_list_that_is_cut_off_or_none_is_an_error(body: bytes, kind: str) -> None:
    """Half a list would hide names; the earlier list is better."""
    with pytest.raises(UnavailableError):
        list(read_names([body], kind))


def test_an_empty_index_has_no_names() -> None:
    """That is a list."""
    assert list(read_names([b'{"projects": []}'], JSON)) == []
    assert list(read_names([b"<html><body></body></html>"], "text/html")) == []


def test_a_list_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its bytes, its names, and the size of one item."""
    body = json.dumps({"projects": [{"name": f"a{at}"} for at in range(100)]}).encode()
    with monkeypatch.context() as limits:
        limits.setattr(index_names, "MAX_BYTES", 100)
        with pytest.raises(UnavailableError, match="too large"):
            list(read_names([body], JSON))
    with monkeypatch.context() as limits:
        limits.setattr(index_names, "MAX_NAMES", 10)
        with pytest.raises(UnavailableError, match="too large"):
            list(read_names([body], JSON))
    with monkeypatch.context() as limits:
        limits.setattr(index_names, "MAX_ITEM", 50)
        with pytest.raises(UnavailableError):
            list(read_names([b'{"projects": [{"name": "', *[b"x" * 40] * 5], JSON))
        with pytest.raises(UnavailableError):
            list(read_names([b" " * 40] * 5, JSON))
