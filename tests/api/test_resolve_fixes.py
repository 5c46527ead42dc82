"""Fixes and updates over the API: the chain, the dependencies, and what each one would change."""

from __future__ import annotations

import pytest
from django.conf import settings
from support.caller import Caller
from support.index import LocalIndex
from support.people import person

pytestmark = pytest.mark.django_db(transaction=True)


def test_fixes_say_what_they_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Best first; a spec that resolves has none."""
    index = LocalIndex()
    monkeypatch.setattr(settings, "INDEX_URL", index.url)
    index.add("shared", "1.0")
    index.add("app", "1.0", requires=("shared<2",))
    index.add("app", "2.0", requires=("shared",))
    index.add("shared", "2.0")
    caller = Caller(person("ana"))
    body = {"base": None, "python": "3.11", "libraries": ["app==1.0", "shared>=2"]}
    found = caller.post("/resolve/fixes", body).json()
    assert (
        "Every version of app requires shared<2" in found["chain"] or "app<=1.0 requires shared<2" in found["chain"]
    )
    assert {"dependent": "", "requirement": "shared>=2"} in found["asks"]
    assert found["fixes"][0] == {
        "words": "Use app>=2.0 instead of app==1.0",
        "libraries": ["app>=2.0", "shared>=2"],
        "python": None,
        "constraints": None,
        "change": "newer",
        "moves": [{"name": "app", "before": "1.0", "after": "2.0"}],
        "others": 0,
        "major": 1,
        "count": 2,
        "effect": "app 1.0 → 2.0",
    }
    fine = caller.post("/resolve/fixes", {**body, "libraries": ["app"]}).json()
    assert fine == {"detail": None, "chain": [], "asks": [], "fixes": []}
    index.close()


def test_an_old_list_is_updated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines, versions, and what was left out; an error where nothing is left."""
    index = LocalIndex()
    monkeypatch.setattr(settings, "INDEX_URL", index.url)
    index.add("app", "2.0")
    caller = Caller(person("ana"))
    body = {"base": None, "python": "3.11", "libraries": ["app==1.0", "futures==3.1"]}
    found = caller.post("/resolve/update", body)
    assert found.status_code == 200
    assert found.json() == {
        "resolves": False,
        "python": None,
        "libraries": ["app>=2.0"],
        "rows": [{"name": "app", "before": "1.0", "asked": "==1.0", "after": "2.0", "step": "major"}],
        "removed": [{"line": "futures==3.1", "reason": "is part of Python since 3.2"}],
        "replaced": [],
        "count": 1,
    }
    assert caller.post("/resolve/update", {**body, "libraries": ["lost"]}).status_code == 422
    index.close()
