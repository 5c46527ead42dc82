"""Composing with libraries that have only a source distribution: what a preview says, and who forbids it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from support.index import LocalIndex
from support.people import draft, person

from assay.core.errors import InvalidInputError, NoWheelError
from assay.engine.sandbox import isolation
from assay.flow.build.build import checked_spec_of
from assay.flow.compose.draft import SpecInput
from assay.flow.compose.resolution_cache import cached_resolution
from assay.flow.compose.resolve import FromSource, preview, resolve_request
from assay.flow.package_indexes import indexes_in
from assay.store.models import Workspace

pytestmark = pytest.mark.django_db
STATIC = "Metadata-Version: 2.2\nName: {0}\nVersion: 1.0\n"


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalIndex]:
    """Serve an index, let it be the installation's, and let a sandbox be at work: previews build nothing."""
    index = LocalIndex()
    monkeypatch.setattr(settings, "INDEX_URL", index.url)
    monkeypatch.setattr(isolation, "isolation", lambda: "bubblewrap")
    yield index
    index.close()


def wish(*libraries: str, only_binary: bool | None = None) -> SpecInput:
    """Ask for libraries on Python 3.11."""
    return SpecInput(base=None, python="3.11", libraries=libraries, only_binary=only_binary)


def test_a_preview_says_what_is_built_and_what_may_change(index: LocalIndex) -> None:
    """A lock of which a part is pending is not what a build installs: only the certain one is cached for it."""
    index.add("fine")
    index.add_source("certain", backend="", files={"PKG-INFO": STATIC.format("certain")})
    index.add_source("unsure", backend="")
    ana = person("ana")
    seen = preview(ana, wish("fine", "certain", "unsure"), "page")
    assert seen.from_source == (
        FromSource(name="certain", version="1.0", built=False, pending=False),
        FromSource(name="unsure", version="1.0", built=False, pending=True),
    )
    first, second = (one.words for one in seen.from_source)
    assert first == "certain has only a source distribution; a build makes its wheel in the sandbox first."
    assert second == first.replace("certain", "unsure") + " Its dependencies are certain once it is built."
    assert "reused" in FromSource(name="a", version="1", built=True, pending=False).words
    version = draft(ana, "geo", "unsure")
    request = resolve_request(checked_spec_of(ana, version), indexes_in(ana.workspace_id))
    assert cached_resolution(request) is None
    preview(ana, wish("certain"), "page")
    certain = draft(ana, "other", "certain")
    assert cached_resolution(resolve_request(checked_spec_of(ana, certain), indexes_in(ana.workspace_id)))


def test_a_workspace_and_a_draft_can_forbid_it(index: LocalIndex) -> None:
    """Also for a draft from before the workspace forbade it; an explicit wish for sources is refused at once."""
    index.add_source("pkg", backend="")
    ana = person("ana")
    with pytest.raises(NoWheelError, match="this draft takes wheels only"):
        preview(ana, wish("pkg", only_binary=True), "page")
    version = draft(ana, "geo", "pkg")
    assert version.parsed_spec.only_binary is False
    Workspace.objects.update(allow_sdists=False)
    request = resolve_request(checked_spec_of(ana, version), indexes_in(ana.workspace_id))
    assert (request.allow_sdists, request.sdists_refused_by) == (False, "workspace")
    with pytest.raises(NoWheelError, match="this workspace forbids builds from source"):
        preview(ana, wish("pkg"), "page")
    with pytest.raises(InvalidInputError, match="wheels only"):
        preview(ana, wish("pkg", only_binary=False), "page")
