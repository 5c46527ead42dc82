"""Errors as the API writes them (RFC 9457)."""

from __future__ import annotations

import pytest

from assay.core.errors import AssayError, ForbiddenError, InvalidInputError


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (
            ForbiddenError(),
            {
                "type": "urn:assay:forbidden",
                "title": ForbiddenError().title,
                "status": 403,
                "code": "forbidden",
                "detail": ForbiddenError().title,
                "hint": "",
            },
        ),
        (
            InvalidInputError("It is too long.", hint="Shorten it.", path="libraries[0]"),
            {
                "type": "urn:assay:invalid",
                "title": "The input is not valid",
                "status": 422,
                "code": "invalid",
                "detail": "It is too long.",
                "hint": "Shorten it.",
                "path": "libraries[0]",
            },
        ),
    ],
)
def test_an_error_is_a_problem_document(error: AssayError, problem: dict[str, object]) -> None:
    """Without a detail its title is told; the path is there where a field is at fault."""
    assert error.problem() == problem
    assert str(error) == problem["detail"]
