"""Consistency, moves and near-duplicates as pages; what covers a need, told while composing."""

from __future__ import annotations

import pytest
from django.test import Client
from support.people import lock_of, person, published, visitor
from support.tables import exported, first_cells

from assay.core.comparison.similarity import Profile
from assay.core.errors import ResolutionError
from assay.core.roles import Actor, Role
from assay.flow.compose import align
from assay.flow.compose.draft import SpecInput
from assay.flow.compose.resolve import Preview
from assay.store.models import Version
from assay.store.reads import nearest
from assay.web.studio.related_versions import covers

pytestmark = pytest.mark.django_db
HOME = "/admin/consistency/"


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer; `one` and `two` hold six 1.17.0, `old` holds six 1.16.0 and idna in another major."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    pins = {"six": "1.17.0", "idna": "3.7", "rich": "13.0"}
    published(ana, ben, "one", ["six", "rich"], pins)
    published(ana, ben, "two", ["six", "rich"], pins)
    published(ana, ben, "old", ["six", "idna<3"], {"six": "1.16.0", "idna": "2.8"})
    return ben


def view(client: Client, address: str) -> str:
    """Return a page's words."""
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_libraries_that_diverge_are_listed_with_who_holds_what(ben: Actor) -> None:
    """Newest first, with holders; conflicts with their reason; one that agrees only when all are asked for."""
    client = visitor(ben)
    text = view(client, HOME)
    assert text.index("1.17.0") < text.index("1.16.0")
    assert "one@1, two@1" in text
    assert "rich" not in text
    conflicts = view(client, f"{HOME}?show=conflicts")
    assert "old@1 requires idna&lt;3, which excludes 3.7 of one@1, two@1." in conflicts
    assert ">six<" not in conflicts
    assert "rich" in view(client, f"{HOME}?show=all")
    assert "No published environment holds nothing-such" in view(client, f"{HOME}?library=nothing-such")


def test_libraries_are_narrowed_sorted_and_exported(ben: Actor) -> None:
    """By a part of their name, in both orders, with their versions and holders in the file."""
    client = visitor(ben)
    assert first_cells(client.get(f"{HOME}?show=all")) == ["idna", "rich", "six"]
    assert first_cells(client.get(f"{HOME}?show=all&sort=-library")) == ["six", "rich", "idna"]
    assert first_cells(client.get(f"{HOME}?show=all&text=I")) == ["idna", "rich", "six"]
    assert first_cells(client.get(f"{HOME}?show=all&text=IC")) == ["rich"]
    assert "No library matches" in view(client, f"{HOME}?text=nothing-such")
    rows = exported(client.get(f"{HOME}?show=conflicts&format=csv"))
    assert [(row["library"], row["versions"], row["spread"]) for row in rows] == [
        ("idna", "3.7 (2), 2.8 (1)", "major")
    ]
    assert "old@1 requires idna<3" in rows[0]["conflict"]


def test_outliers_are_proposed_to_move(ben: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outliers are ticked, the common version is filled in; what cannot be resolved says why; drafts on demand."""
    client = visitor(ben)
    text = view(client, f"{HOME}?library=six")
    assert 'value="old@1" checked' in text
    assert 'value="one@1" checked' not in text
    assert 'value="1.17.0"' in text

    def answer(actor: Actor, spec_input: SpecInput, turn: str) -> Preview:
        del actor, turn
        if "idna<3" not in spec_input.libraries:
            raise ResolutionError("six does not go with it.", hint="Choose another.")
        lock = lock_of({"six": "1.17.0", "idna": "2.8"})
        need = Profile(python="3.11", lines=spec_input.libraries)
        fields = {"direct": ("six", "idna"), "corrections": (), "added": 2, "kept": "", "moved": (), "new_bytes": 0}
        fields["shown"] = ""
        return Preview(lock=lock, need=need, **fields)  # type: ignore[arg-type]  # a dictionary of its fields

    monkeypatch.setattr(align, "preview", answer)
    form = {"library": "six", "version": "1.17.0", "environments": ["old@1", "one@1"]}
    told = client.post(f"{HOME}moves", form).content.decode()
    assert "1 of 2 can move" in told
    assert "one@1 has six 1.17.0 already." in told
    assert not Version.objects.filter(status="draft").exists()
    made = client.post(f"{HOME}moves", {**form, "create": "1"}).content.decode()
    assert "old@2" in made
    assert Version.objects.get(status="draft").parsed_spec.libraries == ("six==1.17.0", "idna<3")


def test_near_duplicates_lead_to_their_comparison(ben: Actor) -> None:
    """The group, the one to keep, and what the other's people would see."""
    text = view(visitor(ben), f"{HOME}duplicates")
    assert "identical" in text
    assert "/compare?versions=two@1,one@1" in text
    assert "old@1" not in text
    rows = exported(visitor(ben).get(f"{HOME}duplicates?sort=-users&format=csv"))
    assert [(row["environment"], row["keep"], row["users"]) for row in rows] == [("two@1", "one@1", "0")]
    for column in ("environment", "keep", "users", "gains", "loses", "changes", "not_served"):
        assert first_cells(visitor(ben).get(f"{HOME}duplicates?sort={column}")) == ["two@1"]


def test_pages_say_that_the_index_is_being_prepared(ben: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the worker has written it, only the newest versions are compared; nothing fails."""
    words, client = "The index of published versions is being prepared", visitor(ben)
    assert words not in view(client, HOME)
    monkeypatch.setattr(nearest, "READ_AT_ONCE", 1)
    nearest._indexes.clear()
    for page in (HOME, f"{HOME}?library=six", f"{HOME}duplicates"):
        assert words in view(client, page)
    nearest.write_file(ben.workspace_id)
    assert words not in view(client, HOME)
    nearest.file_of(ben.workspace_id).unlink()


def test_members_are_told_what_it_takes(ben: Actor) -> None:
    """The Admin area is the reviewers'."""
    assert visitor(ben).get(HOME).status_code == 200
    for path in (HOME, f"{HOME}duplicates"):
        assert visitor(person(f"eve{len(path)}")).get(path).status_code == 403


def test_what_covers_a_need_is_told(ben: Actor) -> None:
    """Covering ones, and those that lack a library or two; not the environment that is being made."""
    need = Profile(python="3.11", lines=("six", "rich"))
    assert [(one.key, one.words) for one in covers(ben, need, exclude={"two"})] == [("one@1", "covers this")]
    more = Profile(python="3.11", lines=("six", "rich", "polars"))
    assert covers(ben, more, exclude={"two"})[0].words == "and polars cover this"
    assert covers(ben, Profile(python="3.11", lines=("a", "b", "c")), exclude=set()) == []
