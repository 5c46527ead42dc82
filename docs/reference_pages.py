"""The pages of the reference that are made from the code: commands and API."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

VERBS = ("get", "post", "put", "delete")
COMMANDS = """# Commands

Made from `assay --help`. Commands that work over HTTP read `ASSAY_URL` and `ASSAY_TOKEN`; create the token on your
account page. `assay admin …` and the commands that run the server work on the machine of the server.
"""
API = """# API

Made from the OpenAPI document, which a running server offers at `/api/v1/openapi.json`. All addresses stand below
`/api/v1/workspaces/{workspace}` unless they begin otherwise. Send `Authorization: Bearer TOKEN`. Lists take
`limit` and `cursor` and answer `{"items": […], "next": cursor or null}`. Errors are `application/problem+json` with
`type`, `title`, `status`, `code`, `detail`, `hint`, and `path` where a field is wrong.
"""


def write(folder: Path) -> None:
    """Write `commands.md` and `api.md` where they have changed."""
    for name, text in (("commands.md", commands_page()), ("api.md", api_page())):
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def commands_page() -> str:
    """Return every command with its options, as `--help` prints them."""
    from assay.cli.main import parser  # noqa: PLC0415 - the site is configured first

    os.environ["COLUMNS"] = "100"  # argparse breaks its lines by the terminal, and a page has none
    return COMMANDS + "".join(
        f"\n## {command.prog}\n\n```text\n{command.format_help().rstrip()}\n```\n" for command in _leaves(parser())
    )


def _leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield the commands that do something, in the order of the help."""
    groups = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]  # noqa: SLF001 - argparse has no public way
    if not groups:
        yield parser
    for group in groups:
        for command in group.choices.values():
            yield from _leaves(command)


def api_page() -> str:
    """Return every operation of the API: address, purpose, parameters, body."""
    schema = _openapi()
    by_tag: dict[str, list[str]] = {}
    for address, operations in schema["paths"].items():
        for verb in VERBS:
            if verb in operations:
                operation = operations[verb]
                by_tag.setdefault(operation["tags"][0], []).append(_operation(schema, verb, address, operation))
    return API + "".join(f"\n## {tag}\n\n{''.join(parts)}" for tag, parts in by_tag.items())


def _openapi() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as home:
        os.environ["ASSAY_HOME"] = home
        from assay.server.setup import prepare  # noqa: PLC0415 - settings read the home

        prepare()
        from assay.api.app import api  # noqa: PLC0415 - after prepare()

        document: dict[str, Any] = api.get_openapi_schema()
    return document


def _operation(schema: dict[str, Any], verb: str, address: str, operation: dict[str, Any]) -> str:
    short = address.replace("/api/v1/workspaces/{workspace}", "")
    text = " ".join((operation.get("description") or operation.get("summary", "")).split())
    lines = [f"### `{verb.upper()} {short or address}`", "", text, ""]
    query = [f"`{one['name']}`" for one in operation.get("parameters", ()) if one["in"] == "query"]
    if query:
        lines += [f"Query: {', '.join(query)}.", ""]
    fields = _body(schema, operation)
    if fields:
        lines += ["| Field | Type | |", "|---|---|---|", *fields, ""]
    return "\n".join(lines) + "\n"


def _body(schema: dict[str, Any], operation: dict[str, Any]) -> list[str]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rsplit("/", 1)[-1]
    body = schema["components"]["schemas"].get(name, {})
    required = body.get("required", ())
    return [
        f"| `{field}` | {_type(shape)} | {'required' if field in required else ''} |"
        for field, shape in body.get("properties", {}).items()
    ]


def _type(shape: dict[str, Any]) -> str:
    if "anyOf" in shape:
        return " or ".join(_type(one) for one in shape["anyOf"])
    if shape.get("type") == "array":
        return f"list of {_type(shape['items'])}"
    return str(shape.get("type") or shape.get("$ref", "").rsplit("/", 1)[-1] or "any")
