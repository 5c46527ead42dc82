"""Specs, locks and diffs: their laws."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from assay.core.diff import Change, Side, Step, change_between, compare, step_of
from assay.core.errors import InvalidInputError
from assay.core.lock import File, Lock, LockedLibrary
from assay.core.spec import MAX_LINE, check_slug, parse_libraries, parse_spec

names = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
versions = st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,2}){0,2}", fullmatch=True)
words = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_characters="\x7f"), max_size=20)


@st.composite
def libraries(draw: st.DrawFn) -> LockedLibrary:
    """Draw one locked library."""
    name, version = draw(names), draw(versions)
    return LockedLibrary(
        name=name,
        version=version,
        index=draw(st.sampled_from(["https://one.example/simple", "https://two.example/simple"])),
        file=File(
            name=f"{name}-{version}-py3-none-any.whl",
            url=f"https://files.example/{name}-{version}-py3-none-any.whl",
            size=draw(st.integers(0, 10**9)),
            sha256=draw(st.sampled_from("abc")) * 64,
            uploaded=draw(st.sampled_from(["", "2026-01-01T00:00:00Z"])),
        ),
        dependencies=tuple(sorted(draw(st.sets(names, max_size=3)))),
    )


locks = st.lists(libraries(), max_size=8, unique_by=lambda one: one.name).map(
    lambda found: Lock(python="3.11", platform="linux-x86_64", libraries=tuple(found))
)


def side(lock: Lock) -> Side:
    """Return a side whose direct libraries are its first two."""
    return Side(label="x", lock=lock, direct=tuple(lock.by_name)[:2])


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


# Diffs


@given(locks)
def test_identity(lock: Lock) -> None:
    """A version differs from itself in nothing."""
    assert compare([side(lock), side(lock)]).changed == ()


@given(locks, locks)
def test_nothing_is_lost_and_inverse(one: Lock, other: Lock) -> None:
    """Every library of any side stands there once; turning the sides around turns every change around."""
    there = compare([side(one), side(other)])
    back = {row.name: row for row in compare([side(other), side(one)]).rows}
    turned = {
        Change.ADDED: Change.REMOVED,
        Change.REMOVED: Change.ADDED,
        Change.UPGRADED: Change.DOWNGRADED,
        Change.DOWNGRADED: Change.UPGRADED,
    }
    assert sorted(row.name for row in there.rows) == sorted({*one.by_name, *other.by_name})
    for row in there.rows:
        mirrored = back[row.name].change
        if Version(row.versions[0] or "0") == Version(row.versions[1] or "0") and row.step:
            continue  # 1.0 and 1.0.0 are equal by PEP 440 though they are written differently
        assert mirrored == turned.get(row.change, row.change)
        assert back[row.name].step == row.step


@given(locks, locks, locks)
def test_composition_on_presence(first: Lock, middle: Lock, last: Lock) -> None:
    """Over three sides, what is told is the first against the last, whatever lies between."""
    through = {row.name: row.change for row in compare([side(first), side(middle), side(last)]).rows}
    for row in compare([side(first), side(last)]).rows:
        assert through[row.name] == row.change


@pytest.mark.parametrize(
    ("before", "after", "step"),
    [
        ("1.0", "2.0", Step.MAJOR),
        ("1.0", "1!1.0", Step.MAJOR),
        ("1.0", "1.1", Step.MINOR),
        ("1.1.0", "1.1.1", Step.PATCH),
        ("1.1", "1.1.post1", Step.PATCH),
        ("2.0rc1", "2.0", Step.PATCH),
        ("1.0", "1.0+cu121", Step.PATCH),
        ("odd", "odder", Step.PATCH),
    ],
)
def test_steps_follow_pep_440(before: str, after: str, step: Step) -> None:
    """Epochs, pre-, post- and local versions are put where they belong."""
    assert step_of(before, after) is step
    assert step_of(after, before) is step


def test_rebuilt_and_moved_are_told_apart() -> None:
    """The same version with another file, or from another index, is not the same."""
    file = File(name="a", url="u", size=1, sha256="a" * 64)
    one = LockedLibrary(name="a", version="1", index="i", file=file)
    assert change_between(one, replace(one, file=replace(file, sha256="b" * 64)))[0] is Change.REBUILT
    assert change_between(one, replace(one, index="j"))[0] is Change.MOVED
