"""Dependencies as Poetry and Pipenv write them: a version, a table, or several tables for different systems."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.utils import canonicalize_name
from poetry.core.factory import Factory

from assay.core.intake.document import Document, Entry
from assay.sources.intake.choices import choices_of
from assay.sources.intake.formats import PROJECT_ITSELF, array, shown, table, text_of, toml
from assay.sources.intake.pip.direct_references import ONLY_INDEXES, place_of
from assay.sources.intake.pip.options import OWN_INDEX
from assay.sources.intake.positions import Positions

SOURCES = ("git", "path", "file", "url", "hg", "svn")
READ = frozenset({"version", "extras", "markers", "python", "platform"})
SILENT = READ | {"optional", "editable", "develop"}
# Pipenv's short forms of a marker: `sys_platform = "== 'win32'"`.
MARKER_KEYS = frozenset(
    {"os_name", "sys_platform", "platform_machine", "platform_python_implementation", "platform_release"}
    | {"platform_system", "platform_version", "python_version", "python_full_version", "implementation_name"}
)
PIPFILE_TABLES = frozenset({"packages", "source", "requires", "scripts", "pipenv"})


def read_pipfile(text: str) -> Document:
    """Read a Pipfile; its dev-packages and its other categories are choices."""
    document, positions = toml(text), Positions(text)
    entries: list[Entry] = []
    for section in document:
        if section == "packages" or section not in PIPFILE_TABLES:
            choice = "" if section == "packages" else f"group {section.removesuffix('-packages')}"
            for name, wanted in table(document, section).items():
                entries += dependency_entries(name, wanted, choice, positions.key(name, section))
    for one in array(document.get("source")):
        address = text_of(table({"x": one}, "x").get("url"))
        if address.rstrip("/") != "https://pypi.org/simple":
            entries.append(
                Entry(line=positions.string(address, "source"), text=shown(address or "source"), reason=OWN_INDEX)
            )
    requires = table(document, "requires")
    python = text_of(requires.get("python_version")) or text_of(requires.get("python_full_version"))
    return Document(
        kind="pipfile",
        entries=tuple(entries),
        choices=choices_of(entries),
        python=".".join(python.split(".")[:2]) or None,
    )


def poetry_entries(poetry: dict[str, object], positions: Positions) -> Iterator[Entry]:
    """Yield the entries of `[tool.poetry]`; extras and groups are choices."""
    section = "tool.poetry"
    yield from _main(poetry, positions)
    for name, wanted in table(poetry, "dev-dependencies").items():
        yield from dependency_entries(name, wanted, "group dev", positions.key(name, f"{section}.dev-dependencies"))
    groups = table(poetry, "group")
    for group in groups:
        for part in _with_included(groups, group):
            for name, wanted in table(groups, part, "dependencies").items():
                key = name if part == group else "include-groups"
                line = positions.key(key, f"{section}.group.{group}")
                yield from dependency_entries(name, wanted, f"group {group}", line)
    for one in array(poetry.get("source")):
        address = text_of(table({"x": one}, "x").get("url"))
        if address:
            yield Entry(line=positions.string(address, f"{section}.source"), text=shown(address), reason=OWN_INDEX)


def _main(poetry: dict[str, object], positions: Positions) -> Iterator[Entry]:
    """Yield the main dependencies; one that is optional belongs to the extras that name it."""
    extras: dict[str, list[str]] = {}
    for extra, names in table(poetry, "extras").items():
        for one in array(names):
            extras.setdefault(canonicalize_name(str(one)), []).append(f"extra {extra}")
    for name, wanted in table(poetry, "dependencies").items():
        if name.lower() == "python":
            continue
        optional = any(table({"x": one}, "x").get("optional") for one in _each(wanted))
        line = positions.key(name, "tool.poetry.dependencies")
        for choice in extras.get(canonicalize_name(name), ["optional" if optional else ""]):
            yield from dependency_entries(name, wanted, choice, line)


def dependency_entries(name: str, wanted: object, choice: str, line: int) -> Iterator[Entry]:
    """Yield the entries of one dependency: a version, a table, or several tables."""
    for one in _each(wanted):
        text = shown(f"{name} = {one if isinstance(one, str) else _written(one)}")
        found = table({"x": one}, "x")
        source = next((key for key in SOURCES if key in found), "")
        if source:
            where = text_of(found[source]) if source in {"url", "file", "path"} else f"{source}+"
            what = (
                "a folder"
                if source == "path"
                else "a repository"
                if source in {"git", "hg", "svn"}
                else place_of(where)
            )
            reason = f"comes from {what}, {ONLY_INDEXES}; add {name} by name if an index has it"
            reason = PROJECT_ITSELF if source == "path" and where in {".", "./"} else reason
            yield Entry(line=line, text=text, reason=reason, choice=choice)
            continue
        try:
            library = Factory.create_dependency(name, _plain(one)).to_pep_508()
        except Exception as error:  # noqa: BLE001 - whatever its parser raises, the entry is left out
            reason = f"is no version that can be read: {str(error)[:100]}"
            yield Entry(line=line, text=text, reason=reason, choice=choice)
            continue
        lost = [f"{key} = {value}" for key, value in found.items() if key not in SILENT | MARKER_KEYS]
        note = f"is taken without {', '.join(lost)[:100]}" if lost else ""
        yield Entry(line=line, text=text, library=library, choice=choice, note=note)


def _each(wanted: object) -> list[object]:
    return wanted if isinstance(wanted, list) else [wanted]


def _written(wanted: object) -> str:
    if not isinstance(wanted, dict):
        return str(wanted)
    return "{" + ", ".join(f"{key} = {value!r}" for key, value in wanted.items()) + "}"


def _plain(wanted: object) -> dict[str, object] | str:
    """Return a dependency for Poetry's reader, without what concerns where it comes from."""
    if not isinstance(wanted, dict):
        return str(wanted)
    kept = {key: value for key, value in wanted.items() if key in READ}
    markers = [str(kept["markers"])] if kept.get("markers") else []
    markers += [f"{key} {value}" for key, value in wanted.items() if key in MARKER_KEYS]
    if len(markers) > 1:
        markers = [f"({one})" for one in markers]
    return {"version": "*", **kept, **({"markers": " and ".join(markers)} if markers else {})}


def _with_included(groups: dict[str, object], group: str) -> list[str]:
    """Return a group and those that it includes, each once."""
    found = [group]
    for one in found:
        found += [str(other) for other in array(table(groups, one).get("include-groups")) if str(other) not in found]
    return found
