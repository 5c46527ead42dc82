"""Explanations of failed resolutions: converts uv's messages to the cause and the next action."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.utils import canonicalize_name

FRAME = re.compile(r"^[\s\u00d7\u2500-\u257f\u25b6\u00b7]*")  # the frame that uv draws around its messages
MOST = 20_000  # characters of an explanation; uv's longest have some thousand
NOTES = (  # what hints say of the indexes, without the advice on options of uv
    (r".*?(?:found wheels|Wheels are available) for (.*?)\.?$", r"Wheels are available for \1."),
    (r"(Pre-releases are available for .*?\)), but", r"\1."),
    (
        r"`([^`]+)` was filtered by .*?before (\S{10}).*? version.*? (v\S+), (?:was )?published at (\S{10})",
        r"`\1` \3 was published on \4; the cool-down period of the policy admits what was published before \2.",
    ),
)
NOISE = re.compile(r"^(Resolved|Using|Prepared|Downloading|Downloaded|Audited|warning:|Building|Built)\b")
# `all versions of a have no usable wheels`, `a==1 has no wheels with …`, `all of: a<=1 a>=3 have no usable wheels`
WITHOUT_WHEEL = re.compile(
    r"([A-Za-z0-9][\w.-]*?)(?:\[[^\]\s]*\])?(?:[<>=!~]\S*)?\s+(?:has|have) no (?:usable )?wheels"
)


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """The cause (one step of the reasoning per line), and the next action."""

    detail: str
    hint: str


RULES: tuple[tuple[str, str], ...] = (
    (
        r"was not found in the (?:package registry|provided package locations|cache)",
        "Check the spelling of {name}: no package index of the workspace has a library of that name.",
    ),
    (
        r"(?:no wheels|no usable wheels|only-binary|building from source is disabled|no-build)",
        "No wheel fits this Python and platform. Try another version of the library or another Python.",
    ),
    (
        r"(?:current Python version|the requested Python version|Requires-Python|Python>|Python<)",
        "Choose a newer or older Python version, or another version of the library.",
    ),
    (
        r"(?:there is no version of|only .* (?:is|are) available|no versions of)",
        "The index has no such version. Loosen or correct the version specifier.",
    ),
    (
        r"(?:Failed to fetch|error sending request|Request failed|timed out|Could not connect|HTTP status)",
        "The package index is not available or refused the request. Try again in a moment.",
    ),
    (
        r"(?:unsatisfiable|conflict|incompatible)",
        "Loosen the version of one of these libraries, or remove one of them.",
    ),
)


def explain(text: str) -> Explanation:
    """Return an explanation of uv's output. Unknown messages stay as they are."""
    lines = [FRAME.sub("", line).rstrip() for line in text.splitlines()]
    message = " ".join(line for line in lines if line and not NOISE.match(line))
    message = re.sub(r"\s+", " ", message)
    body = re.split(r"No solution found when resolving dependencies:?(?: cause:)?", message, maxsplit=1)[-1].strip()
    body, *hints = re.split(r"(?:^| )hint: ", body)
    detail = "\n".join(filter(None, [_chain(body), *_notes(hints)]))
    for pattern, hint in RULES:
        if re.search(pattern, message, re.IGNORECASE):
            return Explanation(detail=_shortened(detail), hint=hint.format(name=_missing(body) or "the library"))
    return Explanation(detail=_shortened(detail) or "uv gave no reason.", hint="Read the log, then try again.")


def without_wheel(detail: str) -> tuple[str, ...]:
    """Return the libraries that have no wheel according to an explanation, each once, in its order."""
    return tuple(dict.fromkeys(canonicalize_name(found[1]) for found in WITHOUT_WHEEL.finditer(detail)))


def pinned_by_base(explanation: Explanation, pins: tuple[str, ...]) -> Explanation:
    """Return the explanation, with another hint if it involves a version that the base pins."""
    for pin in pins:
        name, version = pin.split("==")
        if re.search(rf"\b{re.escape(pin)}(?!\w|\.\w)", explanation.detail):
            hint = f"The base pins {name} to {version}. Require compatible versions, or change the base."
            return Explanation(detail=explanation.detail, hint=hint)
    return explanation


def _chain(body: str) -> str:
    """Break a long sentence into lines: the reasons of a step, then what follows from them."""
    body = body.removeprefix("error: ")
    body = re.sub(r"[,.]? we can conclude that ", ".\nSo ", body)
    body = re.sub(r" (?=(?:And because|Because) )", "\n", body)
    return body.replace("your requirements are unsatisfiable", "the libraries do not fit together")


def _notes(hints: list[str]) -> list[str]:
    """Return what uv's hints say of the indexes."""
    found = ((re.match(pattern, hint), words) for hint in hints for pattern, words in NOTES)
    return [one.expand(words) for one, words in found if one]


def _shortened(detail: str) -> str:
    """Leave out the last lines of a very long explanation, and say so."""
    if len(detail) <= MOST:
        return detail
    lines = detail.splitlines()
    while sum(len(line) + 1 for line in lines) > MOST and len(lines) > 1:
        lines.pop()
    left_out = len(detail.splitlines()) - len(lines)
    return "\n".join([*(line[:MOST] for line in lines), *([f"({left_out} more lines)"] if left_out else [])])


def _missing(body: str) -> str:
    found = re.search(r"[Bb]ecause (\S+) was not found", body)
    return found[1] if found else ""
