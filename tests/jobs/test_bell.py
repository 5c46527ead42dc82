"""The bell: it rings when what was queued is committed, and never for what was rolled back."""

from __future__ import annotations

import pytest
from django.db import transaction
from support.people import draft, person

from assay.flow.build import wakeup
from assay.flow.build.build import request_build

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_committed_request_rings() -> None:
    """A queued build rings; the worker then looks at once."""
    ana = person("ana")
    draft(ana, "geo")
    before = wakeup.heard()
    request_build(ana, "geo", 1)
    assert wakeup.heard() != before


def test_what_is_rolled_back_does_not_ring() -> None:
    """Nobody is woken for what never happened."""
    before = wakeup.heard()
    with transaction.atomic():
        wakeup.ring()
        transaction.set_rollback(True)
    assert wakeup.heard() == before
