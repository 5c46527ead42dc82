"""What the preview showed is what is built, and a lock that is built already is ready at once."""

from __future__ import annotations

import os
import time

import pytest
from django.conf import settings
from support.index import LocalIndex
from support.people import draft, lock_of, person, spec_input

from assay.core.errors import ResolutionError
from assay.core.lifecycle import BuildState
from assay.engine.interface import Index, ResolveRequest
from assay.flow.build.build import advance, read_log, request_build
from assay.flow.compose import resolution_cache
from assay.flow.compose.resolve import preview
from assay.store.models import Build

pytestmark = pytest.mark.django_db(transaction=True)


def finished(build: Build) -> Build:
    """Work until the build has ended."""
    until = time.monotonic() + 60
    while build.active and time.monotonic() < until:
        advance()
        build.refresh_from_db()
        time.sleep(0.02)
    return build


def test_a_build_installs_what_the_preview_showed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that appears on the index between preview and build is not what was shown, so it is not built."""
    index = LocalIndex()
    monkeypatch.setattr(settings, "INDEX_URL", index.url)
    index.add("shown", "1.0")
    ana = person("ana")
    draft(ana, "geo", "shown")
    seen = preview(ana, spec_input("shown"), "page")
    index.add("shown", "2.0")
    build = finished(request_build(ana, "geo", 1))
    assert (build.state, build.digest) == (BuildState.BUILT, seen.lock.digest), read_log(build, 0)["text"]
    draft(ana, "again", "shown")
    index.served.clear()
    known = request_build(ana, "again", 1)
    advance()
    known.refresh_from_db()
    assert (known.state, known.reused, known.digest) == (BuildState.BUILT, True, seen.lock.digest)
    assert "already built" in read_log(known, 0)["text"]
    assert index.served == []
    index.close()


def test_an_old_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """After some minutes the index is asked again, and only the newest answers are kept."""
    index = LocalIndex()
    monkeypatch.setattr(settings, "INDEX_URL", index.url)
    index.add("shown", "1.0")
    ana = person("ana")
    preview(ana, spec_input("shown"), "page")
    kept = max((resolution_cache.home() / "resolved").glob("*.toml"), key=lambda path: path.stat().st_mtime)
    os.utime(kept, (0, 0))
    monkeypatch.setattr(resolution_cache, "MOST", 1)
    preview(ana, spec_input("shown>=1"), "page")
    assert not kept.exists()
    index.close()


def test_an_answer_that_cannot_be_read_is_none() -> None:
    """A missing or broken file is asked for again, never an error."""
    index = Index(name="default", url="https://index.example/simple")
    request = ResolveRequest(python="3.11", python_path="/usr/bin/python3", libraries=("unreadable",), index=index)
    assert resolution_cache.cached_resolution(request) is None
    lock = lock_of({"six": "1.16.0"})
    resolution_cache.cache_resolution(request, lock)
    assert resolution_cache.cached_resolution(request) == lock
    path = resolution_cache._path(request)
    for broken in ("lock-version = ", "x = 1"):
        path.write_text(broken)
        assert resolution_cache.cached_resolution(request) is None
    path.unlink()


def test_an_answer_counts_for_some_minutes() -> None:
    """An older one is asked for again."""
    index = Index(name="default", url="https://index.example/simple")
    request = ResolveRequest(python="3.11", python_path="/usr/bin/python3", libraries=("ageing",), index=index)
    lock = lock_of({"six": "1.16.0"})
    resolution_cache.cache_resolution(request, lock)
    path, now = resolution_cache._path(request), time.time()
    for age, answer in ((resolution_cache.KEPT - 30, lock), (resolution_cache.KEPT + 1, None)):
        os.utime(path, (now - age,) * 2)
        assert resolution_cache.cached_resolution(request) == answer


def test_a_failure_counts_for_a_minute() -> None:
    """And a lock that another process removes meanwhile is no error."""
    index = Index(name="default", url="https://index.example/simple")
    request = ResolveRequest(python="3.11", python_path="/usr/bin/python3", libraries=("failing",), index=index)
    error = ResolutionError("It has no wheel.\nBecause you require failing.", hint="Do not.", path="libraries")
    resolution_cache.cache_failure(request, error)
    found = resolution_cache.cached_failure(request)
    assert found is not None
    assert (found.detail, found.hint, found.path) == (error.detail, error.hint, error.path)
    os.utime(resolution_cache._path(request).with_suffix(".json"), (0, 0))
    assert resolution_cache.cached_failure(request) is None
    assert resolution_cache.lock_of("missing") is None
    assert resolution_cache._changed(resolution_cache._path(request)) == 0
