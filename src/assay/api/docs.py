"""The readable description of the API: one page made from its OpenAPI document, without any script."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from assay.api.app import api

VERBS = ("get", "post", "put", "delete")


def page(request: HttpRequest) -> HttpResponse:
    """Show every route: verb, address, what it does, what it takes."""
    schema: dict[str, Any] = api.get_openapi_schema()
    parts: dict[str, list[dict[str, Any]]] = {}
    for address, verbs in schema["paths"].items():
        for verb in VERBS:
            if verb in verbs:
                found = verbs[verb]
                parts.setdefault(found["tags"][0], []).append(
                    {
                        "verb": verb.upper(),
                        "address": address,
                        "does": found.get("description", found.get("summary", "")),
                        "query": [one["name"] for one in found.get("parameters", ()) if one["in"] == "query"],
                        "body": _body(schema, found),
                    }
                )
    return render(request, "api_docs.html", {"parts": list(parts.items())})


def _body(schema: dict[str, Any], operation: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Return (field, type, whether it must be given) of a request's body."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rsplit("/", 1)[-1]
    described = schema["components"]["schemas"].get(name, {})
    return [
        (field, _kind(shape), field in described.get("required", ()))
        for field, shape in described.get("properties", {}).items()
    ]


def _kind(shape: dict[str, Any]) -> str:
    if "anyOf" in shape:
        return " or ".join(_kind(one) for one in shape["anyOf"])
    if shape.get("type") == "array":
        return f"list of {_kind(shape['items'])}"
    return str(shape.get("type") or shape.get("$ref", "").rsplit("/", 1)[-1])
