"""Locks: what they survive and what their digest covers."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from support.drawn import locks

from assay.core.lock import File, Lock, LockedLibrary

words = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_characters="\x7f"), max_size=20)


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
