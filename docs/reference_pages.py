"""The pages of the reference that are made from the code: commands and API."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
    """Return every operation of the API: address, purpose, parameters, body, errors."""
    return API + "".join(f"\n## {tag}\n\n{''.join(map(_operation, parts))}" for tag, parts in _routes().items())


def _routes() -> dict[str, list[Any]]:
    with tempfile.TemporaryDirectory() as home:
        os.environ["ASSAY_HOME"] = home
        from assay.server.setup import prepare  # noqa: PLC0415 - settings read the home

        prepare()
        from assay.api.docs import routes  # noqa: PLC0415 - after prepare()

        found: dict[str, list[Any]] = routes()
    return found


def _operation(route: Any) -> str:  # noqa: ANN401 - an `assay.api.docs.Route`, which is imported after prepare()
    short = route.address.replace("/api/v1/workspaces/{workspace}", "")
    lines = [f"### `{route.verb} {short or route.address}`", "", route.text, ""]
    if route.query:
        lines += [f"Query: {', '.join(f'`{name}`' for name in route.query)}.", ""]
    if route.body:
        rows = [f"| `{field}` | {kind} | {'required' if needed else ''} |" for field, kind, needed in route.body]
        lines += ["| Field | Type | |", "|---|---|---|", *rows, ""]
    lines += [f"Errors: {', '.join(route.errors)}.", ""]
    return "\n".join(lines) + "\n"
