"""`pixi.toml` and `[tool.pixi]` of a project file: dependencies of conda and of the index, features as choices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from assay.core.intake.document import Choice, Document, Entry
from assay.sources.intake.conda.names import channel_notes, conda_entry, python_of, python_range
from assay.sources.intake.formats import PROJECT_ITSELF, array, table, text_of, toml
from assay.sources.intake.locks.entries import ADDRESS, HERE, PATH, REPOSITORY
from assay.sources.intake.positions import Positions

SECTIONS = ("dependencies", "run-dependencies", "host-dependencies", "build-dependencies")
SOURCES = {"git": REPOSITORY, "url": ADDRESS, "path": PATH}
SYSTEMS = {"linux": "linux", "win": "win32", "osx": "darwin"}
MACHINES = {"64": ("x86_64", "AMD64"), "aarch64": ("aarch64",), "arm64": ("arm64", "ARM64"), "ppc64le": ("ppc64le",)}


def read_pixi(text: str) -> Document:
    """Read a manifest. Features are choices; none of them is selected."""
    return manifest(toml(text), Positions(text))


def manifest(document: dict[str, Any], positions: Positions, *, within: str = "") -> Document:
    """Return what a parsed manifest says: a `pixi.toml`, or the table `tool.pixi` (in `within`) of a project file."""
    features = table(document, "feature")
    found = [*_of_targets(document, ""), *_of_targets(table(document, "package"), "", "package.")]
    for name in features:
        found += _of_targets(table(features, name), f"feature {name}", f"feature.{name}.")
    entries = [replace(one, line=positions.key(key, f"{within}{section}")) for one, key, section in found]
    workspace = table(document, "workspace") or table(document, "project")
    parts = [document, *(table(features, name) for name in features)]
    pythons = [
        f"python {wanted}" for one in parts if (wanted := _version(table(one, "dependencies").get("python"))) != "*"
    ]
    channels = [_channel(one) for part in (workspace, *parts) for one in array(part.get("channels"))]
    return Document(
        kind="pixi",
        entries=tuple(entries),
        choices=_choices(document, entries),
        python=next((found for found in map(python_of, pythons[:1]) if found), None),
        requires_python=next((found for found in map(python_range, pythons[:1]) if found), ""),
        notes=channel_notes(channels, builds=any("build" in one for one in _tables(parts))),
    )


def _of_targets(part: dict[str, Any], choice: str, within: str = "") -> Iterator[tuple[Entry, str, str]]:
    """Yield the entries of a feature, then those for one platform, which have a marker; each with key and section."""
    yield from _of_sections(part, choice, "", within)
    targets = table(part, "target")
    for target in targets:
        yield from _of_sections(table(targets, target), choice, _marker(target), f"{within}target.{target}.")


def _of_sections(part: dict[str, Any], choice: str, marker: str, within: str) -> Iterator[tuple[Entry, str, str]]:
    for section in SECTIONS:
        for name, wanted in table(part, section).items():
            yield _conda(name, wanted, choice, marker), name, within + section
    for name, wanted in table(part, "pypi-dependencies").items():
        yield _pypi(name, wanted, choice, marker), name, f"{within}pypi-dependencies"


def _conda(name: str, wanted: object, choice: str, marker: str) -> Entry:
    text = f"{name} {_version(wanted)}".removesuffix(" *")
    source = _source(wanted)
    if source:
        return Entry(text=f"{name} = {wanted}"[:200], reason=source, choice=choice)
    build = text_of(table({"": wanted}, "").get("build"))
    return conda_entry(f"{text} {build}".strip(), choice=choice, marker=marker)


def _pypi(name: str, wanted: object, choice: str, marker: str) -> Entry:
    text, source = f"{name} = {wanted}"[:200], _source(wanted)
    if source:
        return Entry(text=text, reason=source, choice=choice)
    version = _version(wanted)
    extras = ",".join(str(one) for one in array(table({"": wanted}, "").get("extras")))
    asked = f"[{extras}]" if extras else ""
    exact = f"=={version}" if version[:1].isdigit() else version
    own = text_of(table({"": wanted}, "").get("env-markers"))
    markers = " and ".join(f"({one})" for one in (own, marker) if one) if own and marker else own or marker
    library = f"{name}{asked}{'' if version == '*' else exact}" + (f" ; {markers}" if markers else "")
    return Entry(text=text, library=library, choice=choice)


def _version(wanted: object) -> str:
    if isinstance(wanted, dict):
        return text_of(wanted.get("version")) or "*"
    return str(wanted or "") or "*"


def _source(wanted: object) -> str:
    inside = table({"": wanted}, "")
    if inside.get("path") in HERE:
        return PROJECT_ITSELF
    return next((reason for key, reason in SOURCES.items() if key in inside), "")


def _marker(target: str) -> str:
    """Return the marker of a platform such as `win-64`, or of a family of them: `unix`, `linux`, `win`, `osx`."""
    if target == "unix":
        return 'sys_platform != "win32"'
    system, _, machine = target.partition("-")
    parts = [f'sys_platform == "{SYSTEMS.get(system, system)}"']
    if machine:
        found = " or ".join(f'platform_machine == "{one}"' for one in MACHINES.get(machine, (machine,)))
        parts.append(f"({found})" if " or " in found else found)
    return " and ".join(parts)


def _choices(document: dict[str, Any], entries: list[Entry]) -> tuple[Choice, ...]:
    """Return a choice for each feature that has entries, named with the environments that have it."""
    environments: dict[str, list[str]] = {}
    for name, content in table(document, "environments").items():
        for feature in array(content.get("features") if isinstance(content, dict) else content):
            environments.setdefault(f"feature {feature}", []).append(name)
    names = dict.fromkeys(one.choice for one in entries if one.choice)
    return tuple(
        Choice(
            name=one, label=one.capitalize() + (f" ({', '.join(environments[one])})" if one in environments else "")
        )
        for one in names
    )


def _channel(channel: object) -> str:
    return text_of(table({"": channel}, "").get("channel")) or text_of(channel)


def _tables(parts: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for part in parts:
        for section in SECTIONS:
            yield from (one for one in table(part, section).values() if isinstance(one, dict))
