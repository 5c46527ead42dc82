"""Which licence a distribution is under, from its metadata and the text of its licence files.

In this order: License-Expression (PEP 639); the licence that classifiers and the License field name exactly; the
licence text, which decides between the members of a family ("BSD License") and between contradicting names.
Where a doubt is left, the result is the family, or unknown. Several classifiers are a choice only where the
distribution says so: PEP 639 leaves open whether all of them apply.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from assay.core.licences.names import is_exact, normalise, refines

NO_LICENCE = frozenset({"OSI Approved", "DFSG approved"})  # classifiers that name none
NO_VALUE = frozenset({"", "UNKNOWN", "NONE"})  # of the License field
# In a License field that is not understood: signs that the name in it is not the whole licence.
MORE = re.compile(r"(?i)\b(with|and|or|not|non|plus|dual|commercial|commons|custom|except\w*)\b|[+&/]")
VERSION_ONLY = re.compile(r"[AL]?GPL-[0-9.]+|GFDL-[0-9.]+")  # GNU texts are the same for -only and -or-later


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What metadata declares: License-Expression, licence classifiers by their last part, License field."""

    expression: str = ""
    classifiers: tuple[str, ...] = ()
    field: str = ""


@dataclass(frozen=True, kw_only=True)
class LicenceTexts:
    """The SPDX identifiers of the licence texts, none where a text is more than one licence.

    `choice` tells whether the distribution says that one of several licences can be chosen.
    """

    licences: frozenset[str] = frozenset()
    choice: bool = False


def resolve(declared: Declared, read_texts: Callable[[], LicenceTexts]) -> str:
    """Return the licence as an SPDX expression: exact, else a family as a LicenseRef, else '' (unknown).

    `read_texts` is called only when the metadata leaves a doubt.
    """
    expression = normalise(declared.expression)
    if expression:
        return expression
    classified = [normalise(one) for one in declared.classifiers if one not in NO_LICENCE]
    known = _most_specific(classified)
    if known and "" in classified:
        return ""
    text = "" if declared.field.upper() in NO_VALUE or declared.field.startswith("http") else declared.field
    field = normalise(text)
    named = _most_specific([*known, field])
    doubtful = not field and MORE.search(text) is not None
    if len(named) == 1 and is_exact(named[0]) and not doubtful:
        return named[0]
    family = named[0] if len(named) == 1 and not is_exact(named[0]) else ""
    if len(known) > 1:
        texts = read_texts()
        choice = texts.choice or " OR " in field or "dual" in text.lower()
        return (_choice(known, texts.licences) if choice else "") or family
    return ("" if doubtful else _one(named, read_texts().licences)) or family


def _most_specific(licences: Iterable[str]) -> list[str]:
    """Return the known licences without those of which another one says more."""
    known = list(dict.fromkeys(one for one in licences if one))
    return [one for one in known if not any(refines(other, one) for other in known)]


def _one(named: list[str], licences: frozenset[str]) -> str:
    """Return the licence of the only text, when it agrees with exactly one of the declared ones."""
    if len(licences) != 1:
        return ""
    (text,) = licences
    found = {one for said in named or [""] if (one := _by_text(text, said))}
    return found.pop() if len(found) == 1 else ""


def _choice(known: list[str], licences: frozenset[str]) -> str:
    """Return the choice between two licences, when each of the two declared ones has its own text."""
    found = {one for said in known for text in licences if (one := _by_text(text, said))}
    return " OR ".join(sorted(found)) if len(found) == len(known) == len(licences) == 2 else ""  # noqa: PLR2004 - dual


def _by_text(text: str, said: str) -> str:
    """Return the licence that a text makes of a declared one ('' for none), '' when they do not agree on one."""
    variants = [f"{text}-only", f"{text}-or-later"] if VERSION_ONLY.fullmatch(text) else [text]
    if said in variants:
        return said
    fitting = [one for one in variants if not said or refines(one, said)]
    return fitting[0] if len(fitting) == 1 else ""
