"""Specs: reading documents that earlier versions stored."""

from __future__ import annotations

from assay.core.spec import Spec


def test_a_stored_spec_with_the_old_name_of_its_constraints_is_read() -> None:
    """Specs stored their constraints as `hold`; they are read with the same values and written with the new name."""
    stored = {"base": None, "python": "3.11", "libraries": ["six"], "hold": ["six==1.16.0"]}
    spec = Spec.from_dict(stored)
    assert spec.constraints == ("six==1.16.0",)
    assert "hold" not in spec.to_dict()
    assert Spec.from_dict(spec.to_dict()) == spec


def test_a_stored_spec_without_constraints_has_none() -> None:
    """The oldest specs have no such key."""
    assert Spec.from_dict({"python": "3.11", "libraries": ["six"]}).constraints == ()
