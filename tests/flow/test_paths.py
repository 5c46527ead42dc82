"""Paths: everything lies in the installation's home, each kind in its own directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.core.errors import InvalidInputError
from assay.flow import paths


def test_each_kind_has_a_directory_of_its_own_in_the_home() -> None:
    """No two things share a path, none is outside."""
    engine = vars(paths.engine_paths())
    each = (paths.prefix, paths.build_directory, paths.verification_directory, paths.run_directory, paths.person_home)
    found = [*map(Path, engine.values()), *(of("x") for of in each)]
    assert len(set(found)) == len(found)
    assert all(paths.home() in one.parents for one in found)


@pytest.mark.django_db
def test_a_python_that_is_not_here_is_refused_with_those_that_are() -> None:
    """The newest stands first."""
    there = list(paths.interpreters())
    assert there == sorted(there, key=lambda one: -int(one.split(".")[1]))
    assert paths.interpreter(there[0]).path
    with pytest.raises(InvalidInputError) as caught:
        paths.interpreter("3.1")
    assert caught.value.path == "python"
    assert caught.value.detail == f"Python 3.1 is not offered. Offered: {', '.join(there)}."
    assert "3.9 and newer" in caught.value.hint
    with pytest.raises(InvalidInputError) as caught:
        paths.interpreter("3.99")
    assert caught.value.hint == "An administrator can add it under Admin → Pythons."
    with pytest.raises(InvalidInputError, match="is not on this machine any more"):
        paths.installed_interpreter("3.99")
