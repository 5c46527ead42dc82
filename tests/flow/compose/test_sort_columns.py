"""What the catalogue sorts by follows every change of the version that an environment shows."""

from __future__ import annotations

import pytest
from support.people import built, draft, person, published
from support.sort_columns import check_sort_columns

from assay.core.roles import Actor, Role
from assay.flow import retire
from assay.flow.compose.draft import SpecInput, delete_draft, edit_spec, new_version
from assay.flow.maintenance.ownership import give_environment
from assay.store.models import Environment
from assay.store.sort_columns import write_shown

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Actor:
    """Return an author."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer."""
    return person("ben", Role.REVIEWER)


def shown() -> tuple[object, ...]:
    """Return the columns of the only environment."""
    columns = ("shown_number", "shown_python", "shown_health", "shown_libraries", "shown_size")
    return Environment.objects.values_list(*columns).get()


def test_a_draft_is_shown_until_a_version_is_published(ana: Actor, ben: Actor) -> None:
    """A build, an edit, a publication, a new draft, a quarantine and a deletion: the columns are true after each."""
    draft(ana, "geo")
    assert shown()[3:] == (0, 0)
    built(ana, "geo")
    check_sort_columns()
    assert shown()[4]
    edit_spec(ana, "geo", 1, SpecInput(base=None, python="3.11", libraries=("attrs",)))
    check_sort_columns()
    assert shown()[3:] == (0, 0)
    delete_draft(ana, "geo", 1)
    published(ana, ben, "geo", ["six"], {"six": "1.16.0"})
    check_sort_columns()
    assert shown()[0] == 1
    new_version(ana, "geo")
    check_sort_columns()
    retire.quarantine(person("root", Role.ADMIN), "geo", 1, reason="It is infected.")
    check_sort_columns()
    assert shown()[2] == "quarantined"
    delete_draft(ana, "geo", 2)
    check_sort_columns()


def test_the_owner_is_named(ana: Actor) -> None:
    """Also after somebody else got the environment."""
    published(ana, person("ben", Role.REVIEWER), "geo", ["six"], {"six": "1.16.0"})
    check_sort_columns()
    person("cleo")
    give_environment(person("root", Role.ADMIN), "geo", "cleo")
    check_sort_columns()
    assert Environment.objects.get().owner_name == "cleo"


def test_the_columns_are_written_anew(ana: Actor, ben: Actor) -> None:
    """Whoever writes rows without the product writes the columns afterwards."""
    published(ana, ben, "geo", ["six"], {"six": "1.16.0"})
    true = shown()
    Environment.objects.update(shown_number=None, shown_python="", shown_health="", shown_libraries=7, shown_size=7)
    write_shown(Environment.objects.all())
    assert shown() == true
    check_sort_columns()
