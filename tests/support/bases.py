"""A base in two versions, and what builds on the first: geo and abc, web on geo, tiles on web."""

from __future__ import annotations

from assay.core.roles import Actor
from assay.store.models import Version
from support.waves import released


def behind_base(owner: Actor, reviewer: Actor, second: Actor) -> Version:
    """Publish ds@1, geo and abc on it, web on geo, tiles on web, all of `owner`; return ds@2, of `reviewer`."""
    released(reviewer, second, "ds", {"core": "1.0"})
    released(owner, reviewer, "geo", {"core": "1.0", "geo": "1.0"}, libraries=("geo",), base="ds@1")
    released(owner, reviewer, "abc", {"core": "1.0", "abc": "1.0"}, libraries=("abc",), base="ds@1")
    released(owner, reviewer, "web", {"core": "1.0", "geo": "1.0", "web": "1.0"}, libraries=("web",), base="geo@1")
    released(owner, reviewer, "tiles", {"core": "1.0", "tiles": "1.0"}, libraries=("tiles",), base="web@1")
    return released(reviewer, second, "ds", {"core": "1.0.1"})
