"""The documentation page of the API, made from its OpenAPI document, without scripts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from assay.api.app import api
from assay.api.openapi import TAGS

FIRST_ERROR = 400


@dataclass(frozen=True, kw_only=True)
class Route:
    """One operation. `body` has (field, type, whether it is required); `errors` are HTTP statuses."""

    verb: str
    address: str
    text: str
    query: list[str]
    body: list[tuple[str, str, bool]]
    errors: list[str]


def routes() -> dict[str, list[Route]]:
    """Return the operations of the API by tag."""
    schema: dict[str, Any] = api.get_openapi_schema()
    found: dict[str, list[Route]] = {tag: [] for tag in TAGS}
    for address, verbs in schema["paths"].items():
        for verb, operation in verbs.items():
            found[operation["tags"][0]].append(
                Route(
                    verb=verb.upper(),
                    address=address,
                    text=operation["description"],
                    query=[one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"],
                    body=_body(schema, operation),
                    errors=[str(status) for status in operation["responses"] if int(status) >= FIRST_ERROR],
                )
            )
    return found


def page(request: HttpRequest) -> HttpResponse:
    """Show every route: verb, address, purpose, parameters."""
    return render(request, "api_docs.html", {"parts": list(routes().items())})


def _body(schema: dict[str, Any], operation: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Return (field, type, whether it is required) of a request's body."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rsplit("/", 1)[-1]
    described = schema["components"]["schemas"].get(name, {})
    return [
        (field, _type(shape), field in described.get("required", ()))
        for field, shape in described.get("properties", {}).items()
    ]


def _type(shape: dict[str, Any]) -> str:
    if "anyOf" in shape:
        return " or ".join(_type(one) for one in shape["anyOf"])
    if shape.get("type") == "array":
        return f"list of {_type(shape['items'])}"
    return str(shape.get("type") or shape.get("$ref", "").rsplit("/", 1)[-1] or "any")
