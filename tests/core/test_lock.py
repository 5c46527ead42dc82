"""Locks: what they survive and what their digest covers."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.pylock import Pylock
from support.drawn import locks

from assay.core.lock import File, Lock, LockedLibrary, file_name

words = st.text(st.characters(min_codepoint=32, exclude_characters="\x7f", exclude_categories=["Cs"]), max_size=20)


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


def locked(file: File) -> Lock:
    """Return a lock of one library."""
    library = LockedLibrary(name="a", version="1", index="https://x/simple", file=file, dependencies=("b",))
    return Lock(python="3.11", platform="linux-x86_64", libraries=(library,))


@pytest.mark.parametrize(
    ("name", "kind"), [("a-1-py3-none-any.whl", "wheels"), ("a-1.tar.gz", "sdist"), ("a-1.zip", "sdist")]
)
def test_a_lock_is_read_by_other_installers(name: str, kind: str) -> None:
    """The document is valid by PEP 751; a wheel and a source distribution stand where the standard has them."""
    lock = locked(File(name=name, url=f"https://x/{name}", size=3, sha256="a" * 64, uploaded="2026-01-01T00:00:00Z"))
    document = tomllib.loads(lock.to_toml())
    read = Pylock.from_dict(document)
    read.validate()
    (package,) = read.packages
    (given,) = document["packages"]
    assert (document["lock-version"], document["created-by"]) == ("1.0", "assay")
    assert {"wheels", "sdist"} & set(given) == {kind}
    assert (package.name, str(package.version), package.index) == ("a", "1", "https://x/simple")
    assert str(read.requires_python) == "==3.11.*"
    file = package.wheels[0] if package.wheels else package.sdist
    assert file is not None
    assert (file.url, file.size, file.hashes) == (f"https://x/{name}", 3, {"sha256": "a" * 64})
    assert Lock.from_toml(lock.to_toml()) == lock


def test_a_lock_without_index_and_sizes_is_read() -> None:
    """PEP 751 requires neither."""
    document = """
lock-version = "1.0"
created-by = "another tool"

[[packages]]
name = "a"
version = "1"
sdist = { url = "https://x/a-1.tar.gz", hashes = { sha256 = "00" } }

[tool.assay]
python = "3.11"
platform = "linux-x86_64"
"""
    (library,) = Lock.from_toml(document).libraries
    file = File(name="a-1.tar.gz", url="https://x/a-1.tar.gz", size=0, sha256="00")
    assert library == LockedLibrary(name="a", version="1", index="", file=file)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://x/packages/a/b/a-1.whl", "a-1.whl"),
        ("https://x/a-1%2Bcu121.whl?token=a/b#sha256=0", "a-1+cu121.whl"),
        ("a-1.whl", "a-1.whl"),
        ("https://x", ""),
    ],
)
def test_the_name_of_a_file_is_the_end_of_its_path(url: str, name: str) -> None:
    """Decoded; a query or a fragment is no part of it."""
    assert file_name(url) == name
