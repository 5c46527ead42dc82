"""Reading and writing of a policy as YAML or JSON, and its JSON Schema.

Everything is derived from the fields of the rules: a new kind of rule needs no change here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from enum import StrEnum
from types import GenericAlias
from typing import Any, get_type_hints

import yaml
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from assay.core.errors import InvalidInputError
from assay.core.policy.library_rules import Rule
from assay.core.policy.policy import BY_KIND, Policy

MAX_TEXT = 200_000  # characters of a document
MAX_RULES = 500
MAX_LINE = 500  # characters of one text in it
MAX_NAMES = 5000  # entries of one list in it


def policy_from_yaml(text: str) -> Policy:
    """Read a YAML document (JSON is one too). Raises InvalidInputError with the path of the error."""
    if len(text) > MAX_TEXT:
        raise InvalidInputError(
            f"The policy has more than {MAX_TEXT:,} characters.", hint="Shorten the policy.", path="rules"
        )
    if "&" in text and any(isinstance(token, yaml.AliasToken) for token in _tokens(text)):
        raise InvalidInputError("A policy cannot use YAML aliases.", hint="Write each rule in full.", path="rules")
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidInputError(
            f"The policy is not valid YAML: {str(error)[:300]}", hint="Check the indentation."
        ) from error
    return policy_from(document)


def _tokens(text: str) -> list[object]:
    try:
        return list(yaml.scan(text))
    except yaml.YAMLError:
        return []  # reading the document reports it


def policy_to_yaml(policy: Policy) -> str:
    """Write a policy as YAML; `policy_from_yaml` reads it back."""
    text: str = yaml.safe_dump(policy_document(policy), sort_keys=False, allow_unicode=True)
    return text


def policy_document(policy: Policy) -> dict[str, Any]:
    """Return the policy as plain values, without fields that have their defaults."""
    return {"rules": [_rule_document(rule) for rule in policy.rules]}


def _rule_document(rule: Rule) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": rule.kind, "effect": str(rule.effect)}
    for one in fields(rule):
        value = getattr(rule, one.name)
        if one.name != "effect" and (one.default is MISSING or value != one.default):
            found[one.name] = list(value) if isinstance(value, tuple) else _plain(value)
    return found


def _plain(value: object) -> object:
    return str(value) if isinstance(value, StrEnum) else value


def policy_from(document: object) -> Policy:
    """Return the policy of plain values. Raises InvalidInputError with the path of the error."""
    if not isinstance(document, Mapping) or not isinstance(document.get("rules"), list):
        raise InvalidInputError("A policy contains a list named rules.", hint="See GET /policy/schema.", path="rules")
    if unknown := set(document) - {"rules"}:
        raise InvalidInputError(
            f"{min(map(str, unknown))!r} is not a field of a policy.", hint="A policy contains rules only."
        )
    if len(document["rules"]) > MAX_RULES:
        raise InvalidInputError(
            f"The policy has more than {MAX_RULES} rules.", hint="Combine some of them.", path="rules"
        )
    return Policy(rules=tuple(_rule(one, f"rules[{at}]") for at, one in enumerate(document["rules"])))


def _rule(entry: object, path: str) -> Rule:
    if not isinstance(entry, Mapping):
        raise InvalidInputError("A rule has named fields.", hint="Give it a kind.", path=path)
    kind = BY_KIND.get(entry.get("kind", ""))
    if kind is None:
        hint = f"Choose one of {', '.join(BY_KIND)}."
        raise InvalidInputError(f"{entry.get('kind')!r:.60} is not a kind of rule.", hint=hint, path=f"{path}.kind")
    types, known = get_type_hints(kind), {one.name: one for one in fields(kind)}
    for name in entry:
        if name != "kind" and name not in known:
            hint = f"It has {', '.join(known)}."
            raise InvalidInputError(f"{name!r:.60} is not a field of {kind.kind}.", hint=hint, path=f"{path}.{name}")
    values = {name: _value(entry[name], types[name], f"{path}.{name}") for name in known if name in entry}
    for name, one in known.items():
        if one.default is MISSING and values.get(name) in {None, "", ()}:
            hint = f"Add {name}."
            raise InvalidInputError(f"{kind.kind} needs {name}.", hint=hint, path=f"{path}.{name}")
    return kind(**_normal(values, path))


def _value(value: object, wanted: Any, path: str) -> object:  # noqa: ANN401 - a type as `get_type_hints` gives it
    if isinstance(wanted, GenericAlias):
        if not isinstance(value, list) or len(value) > MAX_NAMES:
            raise InvalidInputError(
                f"This must be a list of at most {MAX_NAMES:,} texts.", hint="Write it as [a, b].", path=path
            )
        return tuple(str(_value(one, str, f"{path}[{at}]")) for at, one in enumerate(value))
    if issubclass(wanted, StrEnum):
        if value not in list(wanted):
            hint = f"Choose one of {', '.join(wanted)}."
            raise InvalidInputError(f"{value!r:.60} is not a valid value.", hint=hint, path=path)
        return wanted(value)
    if wanted is int and isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**9:
        return value
    if (wanted is bool and isinstance(value, bool)) or (
        wanted is str and isinstance(value, str) and len(value) <= MAX_LINE and value.isprintable()
    ):
        return value
    what = {int: "a whole number, 0 or more", bool: "true or false", str: "one line of text"}[wanted]
    raise InvalidInputError(f"{value!r:.60} is not {what}.", hint=f"Give {what}.", path=path)


def _normal(values: dict[str, Any], path: str) -> dict[str, Any]:
    """Normalise the library's name (PEP 503) and check its version range (PEP 440)."""
    if "library" in values:
        values["library"] = canonicalize_name(values["library"])
    if "versions" in values and isinstance(values["versions"], str):
        try:
            SpecifierSet(values["versions"])
        except InvalidSpecifier as error:
            hint = "Write it as >=2,<3."
            where = f"{path}.versions"
            raise InvalidInputError(
                f"{values['versions']!r:.60} is not a version range.", hint=hint, path=where
            ) from error
    return values


def policy_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a policy document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Policy",
        "type": "object",
        "properties": {"rules": {"type": "array", "maxItems": MAX_RULES, "items": {"oneOf": _rule_schemas()}}},
        "required": ["rules"],
        "additionalProperties": False,
    }


def _rule_schemas() -> list[dict[str, Any]]:
    return [_rule_schema(kind) for kind in BY_KIND.values()]


def _rule_schema(kind: type[Rule]) -> dict[str, Any]:
    types = get_type_hints(kind)
    properties = {one.name: _field_schema(one, types[one.name]) for one in fields(kind)}
    needed = [one.name for one in fields(kind) if one.default is MISSING]
    return {
        "title": kind.kind,
        "description": (kind.__doc__ or "").strip(),
        "type": "object",
        "properties": {"kind": {"const": kind.kind}} | properties,
        "required": ["kind", *needed],
        "additionalProperties": False,
    }


def _field_schema(one: Field[Any], wanted: Any) -> dict[str, Any]:  # noqa: ANN401 - as in `_value`
    if isinstance(wanted, GenericAlias):
        found: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
    elif issubclass(wanted, StrEnum):
        found = {"enum": [str(word) for word in wanted]}
    else:
        found = {"type": {int: "integer", bool: "boolean", str: "string"}[wanted]}
    if wanted is int:
        found["minimum"] = 0
    if one.default is not MISSING:
        found["default"] = list(one.default) if isinstance(one.default, tuple) else _plain(one.default)
    return found
