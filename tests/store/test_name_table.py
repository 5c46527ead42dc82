"""The names of an index in a file: all of them found, replaced at once, and small."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.store import name_table
from assay.store.name_table import NameTable, open_names, write_names

FACTS = {"fetched_at": "2026-05-01T00:00:00+00:00"}
NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,12}[a-z0-9])?", fullmatch=True)


def table_of(folder: Path, *names: str) -> NameTable:
    """Write names and open them."""
    write_names(folder / "names.sqlite3", names, FACTS)
    found = open_names(folder / "names.sqlite3")
    assert found is not None
    return found


def test_names_are_found_by_beginning_and_by_similarity(tmp_path: Path) -> None:
    """In the order of the alphabet, and by letters in common; what is not accepted is left out."""
    with table_of(tmp_path, "numpy", "numba", "num2words", "requests", "acme-numbers", "zeta") as table:
        assert (table.count, table.fetched_at.year) == (6, 2026)
        assert table.beginning_with("num", 10) == ["num2words", "numba", "numpy"]
        assert table.beginning_with("num", 1) == ["num2words"]
        assert table.beginning_with("num", 10, lambda name: name != "numba") == ["num2words", "numpy"]
        assert table.beginning_with("zz", 10) == []
        assert table.similar_to("reqeusts")[0] == "requests"
        assert table.similar_to("reqeusts", lambda name: name != "requests") == []
        assert table.similar_to("") == []
        assert table.among(["numpy", "zeta", "zz", "aaa"]) == {"numpy", "zeta"}


@given(st.lists(NAMES, max_size=25), NAMES)
def test_every_beginning_is_found(tmp_path_factory: pytest.TempPathFactory, names: list[str], text: str) -> None:
    """As a search through all of them would."""
    folder = tmp_path_factory.mktemp("names")
    with table_of(folder, *names) as table:
        assert table.beginning_with(text, 100) == sorted({name for name in names if name.startswith(text)})
        assert table.among([text]) == {text}.intersection(names)
        assert set(table.similar_to(text)) <= set(names)


def test_only_as_many_places_are_read_as_one_search_may_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rarest letters first: a common ending costs no time. A single common part is read in part."""
    monkeypatch.setattr(name_table, "MOST_PLACES", 20)
    names = [f"x{chr(97 + at // 26)}{chr(97 + at % 26)}-python" for at in range(100)]
    with table_of(tmp_path, *names, "quux-python") as table:
        assert table.similar_to("quux-python")[0] == "quux-python"
        assert len(table.similar_to("thon")) <= 20


def test_a_file_is_replaced_at_once_and_readers_read_on(tmp_path: Path) -> None:
    """Whoever has the earlier names open keeps them; a failed write leaves them, and nothing else."""
    path = tmp_path / "names.sqlite3"
    with table_of(tmp_path, "one") as before:
        write_names(path, ["two"], FACTS)
        assert before.among(["one", "two"]) == {"one"}
        with NameTable(path) as after:
            assert after.among(["one", "two"]) == {"two"}

    def fails() -> object:
        yield "three"
        raise ValueError("cut off")

    with pytest.raises(ValueError, match="cut off"):
        write_names(path, fails(), FACTS)  # type: ignore[arg-type]  # an iterator of names
    with NameTable(path) as kept:
        assert kept.among(["two", "three"]) == {"two"}
    assert [one.name for one in tmp_path.iterdir()] == ["names.sqlite3"]


def test_what_cannot_be_read_is_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing, a broken and an older file are made anew by the next refresh."""
    assert open_names(tmp_path / "missing.sqlite3") is None
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"no database" * 100)
    assert open_names(broken) is None
    sqlite3.connect(tmp_path / "empty.sqlite3").close()
    assert open_names(tmp_path / "empty.sqlite3") is None
    write_names(tmp_path / "old.sqlite3", ["one"], FACTS)
    monkeypatch.setattr(name_table, "SCHEMA", "2")
    assert open_names(tmp_path / "old.sqlite3") is None
