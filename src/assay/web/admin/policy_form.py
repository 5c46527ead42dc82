"""Policy rules as form fields, one for each dataclass field of a rule, by its type; and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from types import GenericAlias
from typing import Any, get_type_hints

from django.http import QueryDict

from assay.core.errors import AssayError
from assay.core.policy.library_rules import Rule
from assay.core.policy.policy import BY_KIND
from assay.core.roles import Role
from assay.flow.assess.policy import read_policy

LABELS = {
    "effect": ("Effect", ""),
    "tags": ("Only with one of these tags", "None: everywhere."),
    "bases": ("Only on one of these bases", "name or name@number. None: everywhere."),
    "waived_by": ("Who may waive", ""),
    "stop_after": ("Stop launches of published versions after", "days since the finding; 0 for never"),
    "severity": ("From severity", ""),
    "fix": ("Fixed version", "any: with or without one"),
    "unknown_as": ("Without a severity it counts as", ""),
    "library": ("Library", ""),
    "libraries": ("Libraries", "* matches any part of a name"),
    "licences": ("Licences", "SPDX names, such as MIT or AGPL-3.0-only"),
    "versions": ("Versions", "a range such as >=2,<3; none for all"),
    "reason": ("Why", ""),
    "replacement": ("Use instead", ""),
    "days": ("Days", ""),
    "warn_megabytes": ("Warn from megabytes", "smaller growth is only noted"),
    "statuses": ("Statuses", "archived, deprecated, quarantined"),
    "quarantine": ("Stop published versions at once", ""),
    "allowed": ("Python versions", "such as 3.11, 3.12"),
    "count.libraries": ("Libraries at most", ""),
    "spread.versions": ("Versions of a library at most", ""),
    "indexes": ("Indexes", "URL prefixes; none for any"),
    "sdists": ("Allow builds from source", ""),
    "megabytes": ("Megabytes", ""),
    "percent": ("Percent", ""),
    "behind": ("Versions behind", ""),
}
MANY = 40  # entries from which a list gets a field of several lines


@dataclass(frozen=True, kw_only=True)
class FormField:
    """One field. `kind` is text, lines, number, choice or tick; `value` is its content, `wrong` its error."""

    name: str
    label: str
    hint: str
    kind: str
    value: Any
    choices: tuple[str, ...] = ()
    wrong: str = ""


@dataclass(frozen=True, kw_only=True)
class FormRule:
    """One rule of the form: its sentence, and its fields; `general` are those that every rule has."""

    number: int
    kind: str
    sentence: str
    effect: str
    own: tuple[FormField, ...]
    general: tuple[FormField, ...]
    wrong: bool


def read_rules(post: QueryDict) -> list[dict[str, Any]]:
    """Return the rules of the submitted form in its order, as plain values for `flow.assess.policy.read_policy`."""
    return [_read(post, number) for number in post.getlist("rule") if post.get(f"{number}-kind") in BY_KIND]


def _read(post: QueryDict, number: str) -> dict[str, Any]:
    kind = BY_KIND[str(post[f"{number}-kind"])]
    types = get_type_hints(kind)
    found: dict[str, Any] = {"kind": kind.kind}
    for one in fields(kind):
        given = post.get(f"{number}-{one.name}")
        if types[one.name] is bool:
            found[one.name] = given == "yes"
        elif given is not None:
            found[one.name] = _value(given.strip(), types[one.name])
    return found


def _value(text: str, wanted: Any) -> Any:  # noqa: ANN401 - of the type that the rule's field has
    if isinstance(wanted, GenericAlias):
        return [one for one in text.replace(",", " ").split() if one]
    if wanted is int:
        return int(text) if text.isdigit() else text  # read_policy reports a value that is not a number
    return text


def form_rules(rules: Iterable[dict[str, Any]], refused: AssayError | None = None) -> list[FormRule]:
    """Return the form for rules given as plain values; `refused` is shown at the field of its path."""
    path = (refused.path or "") if refused else ""
    return [_form_rule(number, rule, path, refused) for number, rule in enumerate(rules)]


def _form_rule(number: int, rule: dict[str, Any], path: str, refused: AssayError | None) -> FormRule:
    kind = BY_KIND[rule["kind"]]
    types, general = get_type_hints(kind), {one.name for one in fields(Rule)}
    made = []
    for one in fields(kind):
        plain = (one.name.replace("_", " ").capitalize(), "")
        label, hint = LABELS.get(f"{kind.kind}.{one.name}") or LABELS.get(one.name, plain)
        wrong = (
            f"{refused.detail} {refused.hint}" if refused and path.startswith(f"rules[{number}].{one.name}") else ""
        )
        value = rule.get(one.name, "" if one.default is MISSING else one.default)
        made.append(
            FormField(
                name=f"{number}-{one.name}",
                label=label,
                hint=hint,
                wrong=wrong,
                **_shape(types[one.name], value),
            )
        )
    return FormRule(
        number=number,
        kind=rule["kind"],
        sentence=_sentence(kind, rule),
        effect=str(rule.get("effect", kind.effect)),
        own=tuple(one for one in made if one.name.partition("-")[2] not in general),
        general=tuple(one for one in made if one.name.partition("-")[2] in general),
        wrong=path.startswith(f"rules[{number}]"),
    )


def _shape(wanted: Any, value: Any) -> dict[str, Any]:  # noqa: ANN401 - a type as `get_type_hints` gives it
    """Return the kind, value and choices of a field, by its type."""
    if isinstance(wanted, GenericAlias):
        entries = [str(one) for one in value] if isinstance(value, (list, tuple)) else []
        return {"kind": "lines" if len(entries) > MANY else "text", "value": ", ".join(entries)}
    if issubclass(wanted, StrEnum):
        choices = (Role.REVIEWER, Role.ADMIN) if wanted is Role else tuple(wanted)
        return {"kind": "choice", "value": str(value), "choices": tuple(str(one) for one in choices)}
    if wanted is bool:
        return {"kind": "tick", "value": bool(value)}
    plain = value if isinstance(value, (str, int)) else ""
    return {"kind": "number" if wanted is int else "text", "value": plain}


def _sentence(kind: type[Rule], rule: dict[str, Any]) -> str:
    """Return a rule as a sentence, or its kind while it is incomplete."""
    try:
        return read_policy([rule], None).rules[0].sentence
    except AssayError:
        return f"{kind.kind}: not complete yet"
