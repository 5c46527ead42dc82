"""Specs and locks: their laws."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.drawn import locks

from assay.core.errors import InvalidInputError
from assay.core.lock import File, Lock, LockedLibrary
from assay.core.spec import MAX_LINE, check_slug, parse_libraries, parse_spec

words = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_characters="\x7f"), max_size=20)


# Specs


@given(st.text(max_size=MAX_LINE + 20))
def test_any_text_is_taken_or_refused_with_its_place(line: str) -> None:
    """Whatever somebody types: a canonical requirement, nothing, or an error with path and hint."""
    try:
        taken, _ = parse_libraries([line])
    except InvalidInputError as error:
        place, hint = error.path, error.hint
    else:
        place, hint = "libraries[0]", "none needed"
        assert parse_libraries(taken)[0] == taken
        assert not any("://" in one or one.startswith("-") for one in taken)
    assert place == "libraries[0]"
    assert hint


@pytest.mark.parametrize(
    ("written", "understood"),
    [("pandas=1.2", "pandas==1.2"), ("Pandas = 1.2", "Pandas==1.2"), ("x[extra]=2.*", "x[extra]==2.*")],
)
def test_single_equals_is_understood_and_told(written: str, understood: str) -> None:
    """Another platform's spelling is corrected visibly."""
    taken, corrections = parse_libraries([written])
    assert taken == (understood,)
    assert [(one.written, one.understood) for one in corrections] == [(written, understood)]


@pytest.mark.parametrize("lines", [["six", "Six>=1"], ["a_b", "a-b"], ["a.b", "A-B"]])
def test_a_library_stands_once(lines: list[str]) -> None:
    """Names are compared as the index compares them (PEP 503)."""
    with pytest.raises(InvalidInputError, match="already"):
        parse_libraries(lines)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"base": None, "python": None}, "python"),
        ({"base": "x@1", "python": "3.11"}, "python"),
        ({"base": "X@1", "python": None}, "base"),
        ({"base": "x@0", "python": None}, "base"),
        ({"base": None, "python": "2.7"}, "python"),
        ({"base": None, "python": "3.11; rm"}, "python"),
    ],
)
def test_a_foundation_is_a_base_or_a_python(given: dict[str, str | None], path: str) -> None:
    """Exactly one of the two, each in its form."""
    with pytest.raises(InvalidInputError) as caught:
        parse_spec(libraries=["six"], **given)
    assert caught.value.path == path


@given(st.text(max_size=40))
def test_slugs_keep_to_their_pattern(text: str) -> None:
    """A short name is safe in paths, addresses and commands."""
    try:
        slug = check_slug(text)
    except InvalidInputError:
        return
    assert slug.isascii()
    assert slug == slug.lower()
    assert "/" not in slug
    assert "." not in slug


# Locks


@given(locks)
def test_a_lock_survives_its_papers(lock: Lock) -> None:
    """TOML and JSON read back what was written, digest included."""
    order = replace(lock, libraries=tuple(sorted(lock.libraries, key=lambda one: one.name)))
    assert Lock.from_toml(lock.to_toml()) == order
    assert Lock.from_dict(lock.to_dict()) == lock
    assert Lock.from_toml(lock.to_toml()).digest == lock.digest


@given(locks, st.randoms())
def test_the_digest_is_what_gets_installed(lock: Lock, chance: object) -> None:
    """Order and dependency edges do not count; any file, version, index, Python or platform does."""
    shuffled = list(lock.libraries)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # random.Random
    bare = tuple(replace(one, dependencies=()) for one in shuffled)
    assert replace(lock, libraries=bare).digest == lock.digest
    assert replace(lock, python="3.12").digest != lock.digest
    assert replace(lock, platform="darwin-arm64").digest != lock.digest
    if lock.libraries:
        first, *rest = lock.libraries
        for other in (
            replace(first, version=first.version + ".1"),
            replace(first, index="https://third.example"),
            replace(first, file=replace(first.file, sha256="f" * 64)),
        ):
            assert replace(lock, libraries=(other, *rest)).digest != lock.digest


@given(words)
def test_hostile_words_stay_inside_their_string(text: str) -> None:
    """Nothing in a URL or an index ends a TOML string early."""
    file = File(name="a-1-py3-none-any.whl", url="https://x/a-1-py3-none-any.whl?" + text, size=1, sha256="a" * 64)
    lock = Lock(
        python="3.11",
        platform="linux-x86_64",
        libraries=(LockedLibrary(name="a", version="1", index="https://x/" + text, file=file),),
    )
    read = Lock.from_toml(lock.to_toml())
    assert read.libraries[0].index == "https://x/" + text
    assert read.libraries[0].file.url == file.url
