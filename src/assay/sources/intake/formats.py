"""Parsing TOML, YAML and JSON with errors that say where the file is broken, and access to what was parsed."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import yaml

from assay.core.errors import InvalidInputError

MAX_ENTRIES = 20_000
MAX_DEPTH = 100  # of YAML; parsed in C, much deeper nesting ends the process
MAYBE_DEEP = re.compile(r"[ \-?:\t]{100}")  # what is nested in blocks is indented, or follows indicators
MAYBE_OPENS = re.compile(r"[\[{](?![\]}])")
PASTE = "Correct that place, or paste the lines."
INSTALLERS = frozenset({"pip", "setuptools", "wheel"})
NO_INSTALLER = "is not needed: the environment has no installer in it"
PROJECT_ITSELF = "is the project itself; its code is not part of an environment"
# Where an anchor or alias can begin: after an indicator, a line break or a tag. Most files have no such place.
MAYBE_ANCHOR = re.compile(
    r"(?:(?:^|[:\-?,\[{\x85\u2028\u2029])[ \t]*|(?<![^\s,\[{])![^\s,\[\]{}]*[ \t]+)[&*][^\s,\[\]{}]", re.MULTILINE
)
CREDENTIALS = re.compile(r"://[^/@\s]+@")
DOTTED = re.compile(r"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){50}")
SHOWN = 200  # characters of an entry


def toml(text: str) -> dict[str, Any]:
    """Parse TOML. Raises InvalidInputError."""
    if DOTTED.search(text):  # reading takes longer with the square of the number of parts
        raise InvalidInputError("The TOML has a key with too many parts.", hint=PASTE, path="libraries")
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise unreadable("TOML", error) from error


def parse_json(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Parse JSON. Raises InvalidInputError."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise unreadable("JSON", error) from error


def parse_yaml(text: str) -> Any:  # noqa: ANN401 - any YAML value
    """Parse YAML without anchors, which can expand without limit, and not nested deeply. Raises InvalidInputError."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if MAYBE_ANCHOR.search(text) or MAYBE_DEEP.search(text) or len(MAYBE_OPENS.findall(text)) > MAX_DEPTH:
            _check_yaml(text, loader)
        return yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise unreadable("YAML", error) from error


def _check_yaml(text: str, loader: Any) -> None:  # noqa: ANN401 - one of two classes that share no base
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise InvalidInputError("The YAML uses anchors.", hint="Write the entries in full.", path="libraries")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise InvalidInputError("The YAML is nested too deeply.", hint=PASTE, path="libraries")


def check_count(count: int) -> None:
    """Raise InvalidInputError for more entries than a file of any real environment has."""
    if count > MAX_ENTRIES:
        raise InvalidInputError(
            f"The file has {count:,} entries; at most {MAX_ENTRIES:,} are read.",
            hint="Choose the file of one environment.",
            path="libraries",
        )


def unreadable(what: str, error: Exception) -> InvalidInputError:
    """Return the error for a file whose format is broken."""
    lines = " ".join(str(error).split())
    return InvalidInputError(
        f"The {what} cannot be read: {lines[:200] or 'it is broken'}", hint=PASTE, path="libraries"
    )


def table(document: object, *names: str) -> dict[str, Any]:
    """Return a nested table of a document, {} where there is none."""
    for name in names:
        document = document.get(name) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def array(value: object) -> list[Any]:
    """Return a list, [] for anything else."""
    return value if isinstance(value, list) else []


def text_of(value: object) -> str:
    """Return a string, '' for anything else."""
    return value if isinstance(value, str) else ""


def shown(line: str) -> str:
    """Return a line for display: without the password of a URL, and at most 200 characters."""
    return CREDENTIALS.sub("://…@", line[: 2 * SHOWN])[:SHOWN]
