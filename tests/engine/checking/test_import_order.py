"""Dividing modules among processes: what shares requirements stays together, and all have about as much to do."""

from __future__ import annotations

from dataclasses import replace

from assay.core.lock import File, Lock, LockedLibrary
from assay.engine.checking.import_order import divide
from assay.engine.wheel_store.store import StoredWheel


def library(name: str, *dependencies: str) -> LockedLibrary:
    """Return a locked library with its dependency edges."""
    file = File(name=f"{name}-1-py3-none-any.whl", url="", size=1, sha256=name)
    return replace(
        LockedLibrary(name=name, version="1", index="https://index.example/simple", file=file),
        dependencies=dependencies,
    )


def wheel(name: str, size: int, *, tests: int = 0) -> StoredWheel:
    """Return a stored wheel with so many bytes of compiled files."""
    compiled = ((f"{name}/__pycache__/a.pyc", size, ""), (f"{name}/tests/__pycache__/b.pyc", tests, ""))
    return StoredWheel(
        key=name,
        name=name,
        version="1",
        licence="",
        summary="",
        requires=(),
        modules=(name,),
        groups=(),
        offers=(),
        files=(),
        compiled=compiled,
    )


LIBRARIES = {
    "arrays": (100, ()),
    "frames": (50, ("arrays",)),
    "plots": (50, ("arrays", "not-locked")),
    "server": (120, ()),
    "lab": (60, ("server",)),
    "widgets": (10, ("server",)),
}
LOCK = Lock(
    python="3.11", platform="any", libraries=tuple(library(name, *needs) for name, (_, needs) in LIBRARIES.items())
)
WHEELS = [wheel(name, size) for name, (size, _) in LIBRARIES.items()]
MODULES = [[name, name] for name in sorted(LIBRARIES)]


def names(parts: list[list[list[str]]]) -> list[list[str]]:
    """Return the libraries of each part."""
    return sorted([module for _, module in part] for part in parts)


def test_what_shares_requirements_is_imported_by_one_process() -> None:
    """No process imports the requirements of the other's libraries; the order within each is that of the list."""
    assert names(divide(MODULES, LOCK, WHEELS, 2)) == [["arrays", "frames", "plots"], ["lab", "server", "widgets"]]


def test_one_process_gets_all_modules_in_their_order() -> None:
    """There is nothing to divide."""
    assert divide(MODULES, LOCK, WHEELS, 1) == [MODULES]


def test_no_module_is_lost_or_doubled() -> None:
    """Every module is in exactly one part, also with more processes than libraries, and no part is empty."""
    for parts in range(1, 9):
        divided = divide(MODULES, LOCK, WHEELS, parts)
        assert sorted(pair for part in divided for pair in part) == MODULES
        assert all(divided)
        assert len(divided) <= parts


def test_tests_of_a_library_have_no_weight() -> None:
    """Nobody imports them: a library with large tests does not fill a process of its own."""
    wheels = [wheel("big", 10, tests=10_000), wheel("other", 10), wheel("third", 20)]
    lock = Lock(python="3.11", platform="any", libraries=tuple(library(one.name) for one in wheels))
    modules = [[one.name, one.name] for one in wheels]
    assert names(divide(modules, lock, wheels, 2)) == [["big", "other"], ["third"]]
