"""Drafts: what is refused on the way in, and what an edit or its end leaves."""

from __future__ import annotations

import pytest
from support.people import built, draft, person, published, spec_input

from assay.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from assay.core.roles import Actor, Role
from assay.flow.access import find_environment, find_version
from assay.flow.compose.draft import (
    MAX_TITLE,
    SpecInput,
    check_title,
    create_environment,
    delete_draft,
    edit_description,
    edit_spec,
    new_version,
    slug_is_free,
)
from assay.store.models import Environment, Event, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


def test_source_distributions_need_the_workspace_s_consent(ana: Actor) -> None:
    """An administrator allows them; then the spec keeps the wish."""
    wanted = SpecInput(base=None, python="3.11", libraries=("six",), only_binary=False)
    Workspace.objects.update(allow_sdists=False)
    draft(ana, "geo")
    with pytest.raises(InvalidInputError, match="wheels only") as caught:
        edit_spec(ana, "geo", 1, wanted)
    assert caught.value.path == "only_binary"
    Workspace.objects.update(allow_sdists=True)
    assert edit_spec(ana, "geo", 1, wanted)[0].parsed_spec.only_binary is False


@pytest.mark.parametrize("allowed", [True, False])
def test_a_new_draft_follows_its_workspace_and_an_edited_one_keeps_its_choice(ana: Actor, allowed: bool) -> None:
    """Unless a choice is given; an edit that gives none keeps the build too."""
    Workspace.objects.update(allow_sdists=allowed)
    assert draft(ana, "geo").parsed_spec.only_binary is not allowed
    Workspace.objects.update(allow_sdists=not allowed)
    version = built(ana, "geo")
    edited = edit_spec(ana, "geo", 1, spec_input("six"))[0]
    assert (edited.parsed_spec.only_binary, edited.lock) == (not allowed, version.lock)
    wheels = SpecInput(base=None, python="3.11", libraries=("six",), only_binary=True)
    assert edit_spec(ana, "geo", 1, wheels)[0].parsed_spec.only_binary is True


def test_a_short_name_is_taken_once(ana: Actor) -> None:
    """In a workspace; the refusal leaves nothing behind, and another workspace may use it."""
    assert slug_is_free(ana, "geo")
    draft(ana, "geo")
    assert not slug_is_free(ana, "geo")
    assert slug_is_free(person("olga", workspace="other"), "geo")
    cleo, events = person("cleo"), Event.objects.count()
    with pytest.raises(ConflictError, match="'geo' is taken") as caught:
        draft(cleo, "geo")
    assert caught.value.path == "slug"
    assert (Environment.objects.count(), Event.objects.count()) == (1, events)
    with pytest.raises(InvalidInputError):
        slug_is_free(ana, "Geo")


@pytest.mark.parametrize(
    ("title", "words"), [("  ", "A title is needed."), ("x" * (MAX_TITLE + 1), "201 characters")]
)
def test_a_title_says_something_in_few_words(title: str, words: str) -> None:
    """The greatest length itself is allowed; outer blanks go."""
    assert check_title(f" {'x' * MAX_TITLE} ") == "x" * MAX_TITLE
    with pytest.raises(InvalidInputError, match=words) as caught:
        check_title(title)
    assert caught.value.path == "title"


def test_a_new_version_needs_a_published_one(ana: Actor) -> None:
    """While there is only a draft, that one is edited; a viewer starts nothing."""
    draft(ana, "geo")
    with pytest.raises(ConflictError, match="no published version yet"):
        new_version(ana, "geo")
    published(ana, person("ben", Role.REVIEWER), "ds", ["six"], {"six": "1.16.0"})
    made = new_version(ana, "ds")
    assert (made.reference, made.parsed_spec.libraries, made.parsed_spec.keep) == ("ds@2", ("six",), "ds@1")
    with pytest.raises(ForbiddenError):
        new_version(person("vic", Role.VIEWER), "ds")


def test_title_and_description_are_their_owner_s_and_the_reviewers(ana: Actor) -> None:
    """What does not change leaves no event; another member may not, and does not even see a draft."""
    draft(ana, "geo")
    edit_description(ana, "geo", title="Geo", description="")
    assert not Event.objects.filter(name="environment.edited").exists()
    edit_description(ana, "geo", title=" Maps ", description="for all")
    found = find_environment(ana, "geo")
    assert (found.title, found.description) == ("Maps", "for all")
    assert Event.objects.get(name="environment.edited").detail == {"before": "Geo", "after": "Maps"}
    cleo, ben = person("cleo"), person("ben", Role.REVIEWER)
    with pytest.raises(NotFoundError):
        edit_description(cleo, "geo", title="x", description="")
    find_version(ana, "geo", 1).environment.versions.update(status="published")
    with pytest.raises(ForbiddenError):
        edit_description(cleo, "geo", title="x", description="")
    edit_description(ben, "geo", title="Geodata", description="for all")
    assert find_environment(cleo, "geo").title == "Geodata"


def test_the_same_spec_keeps_the_build_and_another_one_drops_it(ana: Actor) -> None:
    """The event of an edit names both specs."""
    draft(ana, "geo", "six")
    version = built(ana, "geo")
    assert edit_spec(ana, "geo", 1, spec_input("six"))[0].lock == version.lock
    edited, corrections = edit_spec(ana, "geo", 1, spec_input("idna=2.8"))
    assert (edited.lock, edited.build, edited.parsed_spec.libraries) == (None, None, ("idna==2.8",))
    assert [one.understood for one in corrections] == ["idna==2.8"]
    detail = Event.objects.get(name="version.edited").detail
    assert (detail["before"]["libraries"], detail["after"]["libraries"]) == (["six"], ["idna==2.8"])


def test_a_deleted_draft_takes_its_environment_only_when_it_was_all(ana: Actor) -> None:
    """Else the version before it is the latest again; the audit log keeps both."""
    published(ana, person("ben", Role.REVIEWER), "geo", ["six"], {"six": "1.16.0"})
    new_version(ana, "geo")
    delete_draft(ana, "geo", 2)
    latest = find_environment(ana, "geo").latest
    assert latest is not None
    assert latest.reference == "geo@1"
    draft(ana, "scratch")
    delete_draft(ana, "scratch", 1)
    assert not Environment.objects.filter(slug="scratch").exists()
    assert Event.objects.filter(name="version.deleted").count() == 2


def test_an_environment_is_checked_before_it_is_made(ana: Actor) -> None:
    """Each error names its field."""
    wrong = ({"slug": "G"}, {"title": ""}, {"description": "x" * 10_001}, {"spec_input": spec_input("-e x")})
    for one, path in zip(wrong, ("slug", "title", "description", "libraries[0]"), strict=True):
        fields = {"slug": "geo", "title": "Geo", "description": "", "spec_input": spec_input(), **one}
        with pytest.raises(InvalidInputError) as caught:
            create_environment(ana, **fields)  # type: ignore[arg-type]  # one field is wrong
        assert caught.value.path == path
    assert not Environment.objects.exists()
