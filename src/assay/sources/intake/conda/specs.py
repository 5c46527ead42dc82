"""Conda's match specifications (`channel::name=version=build`), and their versions as those of PEP 440."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, Specifier

MAX_LENGTH = 500  # of a specification; the longest real ones have a tenth of it
BRACKETS = re.compile(r"(?P<before>[^\[\]]*)\[(?P<inside>[^\[\]]*)\]")
KEYS = re.compile(r"(\w+)\s*=\s*('[^']*'|\"[^\"]*\"|[^,\s'\"]+)")
HEAD = re.compile(r"(?:(?P<channel>\S*?)::)?(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*)\s*(?P<rest>.*)", re.DOTALL)
AROUND = re.compile(r"\s*([<>=!~]=?|[,|])\s*")
WITH_BUILD = re.compile(r"={0,2}(?P<version>[^=<>!~,|]+)=(?P<build>[^=]*)")
PART = re.compile(r"(?P<operator>>=|<=|==|!=|~=|>|<|=)?(?P<version>[^<>=!~]+)")


@dataclass(frozen=True, kw_only=True)
class MatchSpec:
    """A package that is wanted. `version` is in conda's notation: `=1.2` for any 1.2, `==1.2`, `>=1,<2`, ''."""

    name: str
    version: str = ""
    build: str = ""
    channel: str = ""


def parse_spec(text: str) -> MatchSpec | None:
    """Parse a specification of any of conda's forms, None if it is none."""
    text, keys = text.strip(), dict[str, str]()
    bracketed = BRACKETS.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if bracketed:
        text = bracketed["before"].strip()
        keys = {key: value.strip("'\"") for key, value in KEYS.findall(bracketed["inside"])}
    found = HEAD.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if found is None:
        return None
    version, build = _version_and_build(found["rest"])
    if keys.get("version"):
        version, _ = _version_and_build(keys["version"])
    return MatchSpec(
        name=found["name"].lower(),
        version=version,
        build=keys.get("build") or build,
        channel=found["channel"] or keys.get("channel", ""),
    )


def _version_and_build(rest: str) -> tuple[str, str]:
    parts = AROUND.sub(r"\1", rest.strip()).split()
    if not parts:
        return "", ""
    version, build = parts[0], parts[1] if len(parts) > 1 else ""
    both = WITH_BUILD.fullmatch(version)
    if both:
        return f"=={both['version']}", both["build"]
    return (version if version[0] in "<>=!~" or version == "*" else f"=={version}"), build


def specifier(version: str) -> str | None:
    """Translate a version of conda to a specifier of PEP 440, '' for any version, None if there is none.

    Of alternatives (`1.2|1.3`) the last one counts.
    """
    parts = []
    for part in version.rpartition("|")[2].split(","):
        if part.strip() in {"", "*", "=*", "==*", ">=*"}:
            continue
        found = PART.fullmatch(part.strip())
        translated = _part(found["operator"] or "==", found["version"]) if found else None
        if translated is None:
            return None
        parts.append(translated)
    return ",".join(parts)


def _part(operator: str, version: str) -> str | None:
    """Translate one condition: `=1.2` and `1.2.*` mean any version that begins so."""
    begins = operator == "=" or version.endswith("*")
    version = version.rstrip("*").rstrip(".")
    operator = "==" if operator == "=" else operator
    wanted = [f"{operator}{version}.*"] if begins and operator in {"==", "!="} else []
    for one in (*wanted, f"{operator}{version}"):  # no version begins with `1.2a1`
        try:
            return str(Specifier(one))
        except InvalidSpecifier:
            continue
    return None
