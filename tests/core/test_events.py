"""The hash chain of events: what is hashed does not change, since hashes are stored."""

from __future__ import annotations

import hashlib

from assay.core.events import FIRST, link


def test_a_link_is_the_hash_of_canonical_json() -> None:
    """Sorted keys, no blanks, UTF-8, below the hash before it; any other tool can check the chain so."""
    content = {"b": [1, 2], "a": "é", "c": {"y": None, "x": True}}
    canonical = f'{FIRST}\n{{"a":"é","b":[1,2],"c":{{"x":true,"y":null}}}}'
    assert link(FIRST, content) == hashlib.sha256(canonical.encode()).hexdigest()
    assert link("1" * 64, content) != link(FIRST, content)
