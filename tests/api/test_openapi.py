"""The OpenAPI document: what a generated client or a reader finds in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from assay.api import schemas
from assay.api.app import api
from assay.api.openapi import PROBLEM, TAGS

LONGEST = 80  # characters of a summary


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Return the document."""
    found: dict[str, Any] = api.get_openapi_schema()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each operation with its method and path."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_operation_has_a_summary_of_its_own(document: dict[str, Any]) -> None:
    """One imperative line, not used twice; the description begins with it."""
    summaries = Counter(operation["summary"] for _, operation in operations(document))
    for name, operation in operations(document):
        summary = operation["summary"]
        assert 5 < len(summary) <= LONGEST, (name, summary)
        assert operation["description"].startswith(summary), name
        assert summaries[summary] == 1, (name, summary)


def test_every_tag_is_described_and_used(document: dict[str, Any]) -> None:
    """Each operation has one tag, and each tag says what belongs to it."""
    used = [operation["tags"] for _, operation in operations(document)]
    assert all(len(tags) == 1 for tags in used)
    assert {tags[0] for tags in used} == set(TAGS)


def test_every_operation_declares_its_errors(document: dict[str, Any]) -> None:
    """Errors are problem documents. A token and a workspace are always checked, input and rights where they count."""
    for name, operation in operations(document):
        errors = {int(status): one for status, one in operation["responses"].items() if int(status) >= 400}
        assert {401, 404} <= set(errors), name
        if not name.startswith("GET"):
            assert {403, 422} <= set(errors), name
        for status, one in errors.items():
            assert one["description"], (name, status)
            content = one["content"][PROBLEM]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert {example["value"]["status"] for example in content["examples"].values()} == {status}


def test_every_query_parameter_of_a_list_is_described(document: dict[str, Any]) -> None:
    """`limit` and `cursor` say what they take."""
    for name, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == "cursor":
                assert parameter.get("description"), name


@pytest.mark.parametrize("body", [one for one in vars(schemas).values() if isinstance(one, type)])
def test_the_examples_are_valid(body: type) -> None:
    """An example of a body passes its own check."""
    if issubclass(body, schemas.Body):
        extra = body.model_config.get("json_schema_extra")
        for example in extra.get("examples", []) if isinstance(extra, dict) else []:
            body.model_validate(example)
