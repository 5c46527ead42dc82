"""Downloads: the files of a built version, under names that say what they are."""

from __future__ import annotations

import json
import tomllib

import pytest
from support.people import built, draft, person

from assay.core.errors import NotFoundError
from assay.flow.downloads import bill_of_materials, built_lock, lock_by_digest, version_lock

pytestmark = pytest.mark.django_db


def test_a_built_version_is_downloaded_as_lock_and_bill_of_materials() -> None:
    """The lock can also be had by its digest alone."""
    ana = person("ana")
    draft(ana, "geo")
    version = built(ana, "geo")
    lock = version_lock(version)
    assert tomllib.loads(lock.text)["packages"][0]["name"] == "six"
    assert lock.headers == {
        "Content-Type": "application/toml",
        "Content-Disposition": 'attachment; filename="pylock.geo-1.toml"',
    }
    same = lock_by_digest(version.digest)
    with pytest.raises(NotFoundError, match="no lock with the digest 0123456789ab"):
        lock_by_digest("0123456789abcdef")
    assert (same.text, same.name) == (lock.text, f"pylock.{version.digest[:12]}.toml")
    parts = bill_of_materials(version)
    assert [one["name"] for one in json.loads(parts.text)["components"]] == ["six"]
    assert parts.name == "geo-1.cdx.json"


def test_a_version_that_is_not_built_has_nothing_to_download() -> None:
    """The error says so."""
    version = draft(person("ana"), "geo")
    for download in (built_lock, version_lock, bill_of_materials):
        with pytest.raises(NotFoundError, match="not built yet"):
            download(version)
