"""Finding things: what may not be seen is not found, and what names nothing is told as such."""

from __future__ import annotations

import pytest
from support.people import built, draft, person, published

from assay.core.errors import InvalidInputError, NotFoundError
from assay.core.roles import Role
from assay.flow.access import actor_in, find_build, find_environment, find_reference, visible_versions
from assay.flow.build.build import request_build
from assay.flow.people import find_person
from assay.store.models import Person

pytestmark = pytest.mark.django_db


def test_a_workspace_is_found_by_its_active_members_only() -> None:
    """A stranger, and somebody who was deactivated, learn nothing of it."""
    person("ana")
    person("olga", workspace="other")
    assert actor_in(find_person("ana"), "default").name == "ana"
    for workspace in ("other", "nowhere"):
        with pytest.raises(NotFoundError, match="no such workspace"):
            actor_in(find_person("ana"), workspace)
    Person.objects.filter(username="ana").update(is_active=False)
    with pytest.raises(NotFoundError):
        actor_in(find_person("ana"), "default")


def test_a_reference_names_a_version_or_the_newest_published_one() -> None:
    """Anything else is an error that names its field."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "geo", ["six"], {"six": "1.16.0"})
    published(ana, ben, "geo", ["six>=1.17"], {"six": "1.17.0"})
    assert find_reference(ana, "geo").reference == "geo@2"
    assert find_reference(ana, "geo@1").reference == "geo@1"
    for wrong in ("Geo", "geo@", "geo@0", "geo@x", "../geo"):
        with pytest.raises(InvalidInputError, match="does not name a version") as caught:
            find_reference(ana, wrong, path="base")
        assert caught.value.path == "base"
    draft(ana, "bare")
    with pytest.raises(NotFoundError, match="no published version"):
        find_reference(ana, "bare")
    for gone in ("geo@9", "nothing"):
        with pytest.raises(NotFoundError):
            find_reference(ana, gone)


def test_drafts_are_seen_by_their_author_and_pending_versions_also_by_reviewers() -> None:
    """An environment of which somebody sees no version is not found."""
    ana, ben, cleo = person("ana"), person("ben", Role.REVIEWER), person("cleo")
    version = draft(ana, "geo")
    built(ana, "geo")
    for status, seen in (("draft", [ana]), ("pending", [ana, ben]), ("published", [ana, ben, cleo])):
        type(version).objects.update(status=status)
        for actor in (ana, ben, cleo):
            assert bool(visible_versions(actor, version.environment)) == (actor in seen), (status, actor.name)
            if actor in seen:
                assert find_environment(actor, "geo") == version.environment
            else:
                with pytest.raises(NotFoundError):
                    find_environment(actor, "geo")


def test_a_build_is_found_by_who_sees_its_version() -> None:
    """Not by others, nor in another workspace, nor by a number that never was."""
    ana = person("ana")
    draft(ana, "geo")
    build = request_build(ana, "geo", 1)
    assert find_build(ana, str(build.pk)) == build
    strangers = (person("cleo"), person("olga", Role.ADMIN, "other"))
    for actor, number in (
        *((one, str(build.pk)) for one in strangers),
        (ana, "00000000-0000-0000-0000-000000000000"),
    ):
        with pytest.raises(NotFoundError):
            find_build(actor, number)
