"""A model of builds, versions, launches and collecting in any order: what is in use is never taken (law 6)."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from assay.core.lock import File, Lock, LockedLibrary
from assay.engine import garbage_collection, leases
from assay.engine.interface import EnginePaths
from assay.engine.leases import Needed
from assay.engine.wheel_store.store import keys_of

LIBRARIES = st.frozensets(st.sampled_from("abcdef"), min_size=1, max_size=4)


def lock_of(names: frozenset[str]) -> Lock:
    """Return a lock of made-up libraries."""
    libraries = tuple(
        LockedLibrary(
            name=name, version="1", index="i", file=File(name=f"{name}.whl", url="u", size=1, sha256=name * 64)
        )
        for name in sorted(names)
    )
    return Lock(python="3.11", platform="linux-x86_64", libraries=libraries)


class Life(RuleBasedStateMachine):
    """Builds go through their steps one at a time, with collecting and everything else in between."""

    building = Bundle("building")  # (name, lock, step)
    versions = Bundle("versions")
    launches = Bundle("launches")

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.paths = EnginePaths(
            environments=str(self.root / "environments"),
            wheels=str(self.root / "wheels"),
            checks=str(self.root / "checks"),
            cache=str(self.root / "cache"),
            overlays=str(self.root / "overlays"),
        )
        self.count = 0
        self.living: list[Lock] = []
        self.running: list[Lock] = []
        self.sealed_by_builds: list[tuple[str, Lock]] = []

    def teardown(self) -> None:
        """Remove it all."""
        shutil.rmtree(self.root)

    @rule(target=building, names=LIBRARIES)
    def begin(self, names: frozenset[str]) -> tuple[str, Lock]:
        """Begin a build: it says what it needs, then uses what is there and adds what is missing."""
        self.count += 1
        name, lock = f"build-{self.count}", lock_of(names)
        leases.take_lease(self.paths, name, lock)
        for key in keys_of(lock):
            (Path(self.paths.wheels) / key / "tree").mkdir(parents=True, exist_ok=True)
        return name, lock

    @rule(target=building, build=consumes(building))
    def seal(self, build: tuple[str, Lock]) -> tuple[str, Lock]:
        """Link: every wheel that the build saw must still be there. Then the environment appears."""
        _, lock = build
        assert all((Path(self.paths.wheels) / key).is_dir() for key in keys_of(lock)), "a wheel was taken meanwhile"
        (Path(self.paths.environments) / lock.digest).mkdir(exist_ok=True)
        self.sealed_by_builds.append(build)
        return build

    @rule(target=versions, build=consumes(building))
    def store_outcome(self, build: tuple[str, Lock]) -> Lock:
        """Keep the outcome as the worker does, then let go."""
        name, lock = build
        if build in self.sealed_by_builds:
            assert (Path(self.paths.environments) / lock.digest).is_dir(), "an environment was taken meanwhile"
            self.sealed_by_builds.remove(build)
            self.living.append(lock)
        leases.release_lease(self.paths, name)
        return lock

    @rule(target=launches, version=versions)
    def launch(self, version: Lock) -> Lock:
        """Start something in a living version."""
        if version in self.living:
            self.running.append(version)
        return version

    @rule(version=consumes(versions))
    def retire(self, version: Lock) -> None:
        """Retire or delete a version; what runs in it goes on."""
        if version in self.living:
            self.living.remove(version)

    @rule(launch=consumes(launches))
    def stop(self, launch: Lock) -> None:
        """End a launch."""
        if launch in self.running:
            self.running.remove(launch)

    @rule()
    def collect(self) -> None:
        """Take what nothing needs; a second time there is nothing."""
        garbage_collection.collect(self.paths, self.needed, older_than=-1)
        assert garbage_collection.collect(self.paths, self.needed, older_than=-1) == []

    def needed(self) -> Needed:
        """Return what is kept elsewhere as in use."""
        found = Needed()
        for lock in (*self.living, *self.running):
            found |= leases.needed_by(lock)
        return found

    @invariant()
    def what_is_in_use_is_there(self) -> None:
        """Every living version and every launch has its directory and its wheels."""
        for lock in (*self.living, *self.running):
            assert (Path(self.paths.environments) / lock.digest).is_dir()
            assert all((Path(self.paths.wheels) / key).is_dir() for key in keys_of(lock))


Life.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLife = Life.TestCase


def test_a_crash_between_taking_and_removing_leaves_trash_that_goes(tmp_path: Path) -> None:
    """What was renamed and not removed is removed by the next call; nothing else is."""
    paths = EnginePaths(
        environments=str(tmp_path / "e"), wheels=str(tmp_path / "w"), checks="", cache="", overlays=""
    )
    for folder in ("e/.trash-1", "w/.trash-2", f"e/{'a' * 64}"):
        (tmp_path / folder).mkdir(parents=True)
    garbage_collection.empty_trash(paths)
    assert [one.name for one in (tmp_path / "e").iterdir()] == ["a" * 64]


def test_a_lease_that_a_power_failure_left_empty_keeps_nothing(tmp_path: Path) -> None:
    """Its build ended with the machine; the others count."""
    paths = EnginePaths(environments=str(tmp_path), wheels=str(tmp_path / "w"), checks="", cache="", overlays="")
    lock = lock_of(frozenset("a"))
    leases.take_lease(paths, "whole", lock)
    (tmp_path / leases.LEASES / "empty.json").touch()
    assert leases.leased(paths).environments == {lock.digest}


def test_who_begins_waits_for_who_looks(tmp_path: Path) -> None:
    """A build that says what it needs while somebody collects waits, so that it cannot be overlooked."""
    import threading  # noqa: PLC0415 - only here

    paths = EnginePaths(
        environments=str(tmp_path / "e"), wheels=str(tmp_path / "w"), checks="", cache="", overlays=""
    )
    lock = lock_of(frozenset("a"))
    began = threading.Event()

    def begin() -> None:
        began.set()
        leases.take_lease(paths, "late", lock)

    with leases.guard(paths):
        thread = threading.Thread(target=begin)
        thread.start()
        began.wait()
        time.sleep(0.05)
        assert leases.leased(paths) == Needed()
    thread.join()
    assert lock.digest in leases.leased(paths).environments
