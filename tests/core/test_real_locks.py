"""Comparing, tracing and finding near ones among locks of real libraries."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from support.real import documents, lock, profile, side

from assay.core.comparison.diff import Change, compare
from assay.core.comparison.similarity import Nearness, Weights, nearness
from assay.core.lock import Lock


@pytest.mark.parametrize("reference", sorted(documents()))
def test_a_real_lock_survives_its_document(reference: str) -> None:
    """What is written as a PEP 751 document is read back with the same identity and the same edges."""
    found = lock(reference)
    again = Lock.from_toml(found.to_toml())
    assert (again.digest, again.by_name) == (found.digest, found.by_name)


@pytest.mark.parametrize("reference", sorted(documents()))
def test_every_library_is_asked_for_or_has_a_chain(reference: str) -> None:
    """Nothing in a real lock is there for no reason, but for what a base brought."""
    if documents()[reference]["base"]:
        return
    chains = lock(reference).why(side(reference).direct)
    assert chains.keys() == lock(reference).by_name.keys()
    for name, chain in chains.items():
        whole = (*chain, name)
        for asking, asked in pairwise(whole):
            assert asked in lock(reference).by_name[asking].dependencies


def test_what_changed_between_two_labs_is_told_rightly() -> None:
    """The older lab asks for pandas 2, numpy 1 and SQLAlchemy 1; each is a downgrade by a major version."""
    found = compare([side("lab1@1"), side("lab2@1")])
    rows = {row.name: row for row in found.rows}
    names = lock("lab1@1").by_name.keys() | lock("lab2@1").by_name.keys()
    assert rows.keys() == names
    for name in ("pandas", "numpy", "sqlalchemy"):
        assert (rows[name].change, rows[name].step) == (Change.DOWNGRADED, "major"), name
    assert (rows["scikit-learn"].change, rows["scikit-learn"].step) == (Change.DOWNGRADED, "minor")
    assert rows["jupyterlab"].change is Change.REMOVED
    assert rows["streamlit"].change is Change.ADDED
    assert rows["streamlit"].direct
    same = [row for row in found.rows if row.change is Change.SAME]
    assert {row.name for row in same} == {
        name
        for name in names
        if (lock("lab1@1").by_name.get(name) == lock("lab2@1").by_name.get(name)) or _same_file(name)
    }
    back = compare([side("lab2@1"), side("lab1@1")])
    assert {row.name: row.change for row in back.rows if row.change is Change.UPGRADED}.keys() >= {"pandas", "numpy"}


def _same_file(name: str) -> bool:
    one, other = (lock(reference).by_name.get(name) for reference in ("lab1@1", "lab2@1"))
    return one is not None and other is not None and one.file.sha256 == other.file.sha256


WEIGHTS = Weights(holders=Counter(name for one in documents() for name in lock(one).by_name), total=len(documents()))


def seen(need: str, held: str) -> Nearness:
    """Say how one real version stands to the need of another."""
    return nearness(held, profile(need), profile(held), WEIGHTS)


def test_a_superset_covers_and_the_rest_does_not() -> None:
    """`ml@1` is `ds101@1` and scikit-learn: it covers what ds101 asks for, not the other way round."""
    assert not seen("ml@1", "ds101@1").covers
    assert seen("ml@1", "ds101@1").missing == ("scikit-learn",)
    assert seen("ds101@1", "ds101@1").identical
    scores = {held: seen("ds101@1", held).score for held in ("ds101@1", "ml@1", "reports@1", "lab1@1", "web@1")}
    assert scores["ds101@1"] == 1.0
    assert scores["web@1"] == min(scores.values())
    assert scores["ml@1"] > scores["lab1@1"]
    assert not seen("ds101@1", "lab2@1").identical
