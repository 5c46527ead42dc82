"""`pyproject.toml`: PEP 621, dependency groups (PEP 735), optional dependencies, Poetry, PDM; and `setup.cfg`."""

from __future__ import annotations

import configparser
from collections.abc import Iterator

from packaging.dependency_groups import DependencyGroupResolver
from poetry.core.factory import Factory

from assay.core.intake.document import Choice, Document, Entry
from assay.sources.intake.formats import array, table, text_of, toml, unreadable
from assay.sources.intake.poetry_versions import python_specifier
from assay.sources.intake.requirements import entry_of


def read_pyproject(text: str) -> Document:
    """Read a project file; extras and groups are choices, none is selected."""
    document = toml(text)
    project, poetry = table(document, "project"), table(document, "tool", "poetry")
    entries = [_entry(one) for one in array(project.get("dependencies"))]
    extras = table(project, "optional-dependencies")
    groups = table(document, "dependency-groups")
    pdm = table(document, "tool", "pdm", "dev-dependencies")
    entries += [_entry(one, f"extra {name}") for name, lines in extras.items() for one in array(lines)]
    entries += list(_groups(groups))
    entries += [_entry(one, f"group {name}") for name, lines in pdm.items() for one in array(lines)]
    entries += list(_poetry(poetry))
    python = text_of(project.get("requires-python")) or text_of(table(poetry, "dependencies").get("python"))
    return Document(
        kind="pyproject",
        entries=tuple(entries),
        choices=choices_of(entries),
        requires_python=python_specifier(python),
    )


def read_pipfile(text: str) -> Document:
    """Read a Pipfile; its dev-packages are a choice."""
    document = toml(text)
    entries = [
        one
        for section, choice in (("packages", ""), ("dev-packages", "group dev"))
        for name, wanted in table(document, section).items()
        for one in poetry_entries(name, wanted, choice)
    ]
    python = text_of(table(document, "requires").get("python_version"))
    return Document(kind="pipfile", entries=tuple(entries), choices=choices_of(entries), python=python or None)


def read_setup_cfg(text: str) -> Document:
    """Read a `setup.cfg`; extras are choices."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise unreadable("setup.cfg", error) from error
    options = dict(parser["options"]) if parser.has_section("options") else {}
    extras = dict(parser["options.extras_require"]) if parser.has_section("options.extras_require") else {}
    entries = [_entry(one) for one in options.get("install_requires", "").split("\n") if one.strip()]
    entries += [
        _entry(one, f"extra {name}") for name, lines in extras.items() for one in lines.split("\n") if one.strip()
    ]
    return Document(
        kind="setup-cfg",
        entries=tuple(entries),
        choices=choices_of(entries),
        requires_python=options.get("python_requires", ""),
    )


def choices_of(entries: list[Entry]) -> tuple[Choice, ...]:
    """Return the choices of entries in their order."""
    names = dict.fromkeys(one.choice for one in entries if one.choice)
    return tuple(Choice(name=name, label=name.capitalize(), selected=False) for name in names)


def _entry(line: object, choice: str = "") -> Entry:
    text = str(line).strip()
    return entry_of(text, 0, choice=choice)


def _groups(groups: dict[str, object]) -> Iterator[Entry]:
    """Yield the entries of each dependency group, with those that it includes."""
    for name, lines in groups.items():
        try:
            wanted = [str(one) for one in DependencyGroupResolver(groups).resolve(name)]  # type: ignore[arg-type]  # it checks them
        except Exception as error:  # noqa: BLE001 - a group that is broken in any way is left out as a whole
            reason = f"cannot be read as a dependency group: {str(error)[:100]}"
            yield Entry(line=0, text=f"{name}: {str(lines)[:100]}", reason=reason, choice=f"group {name}")
            continue
        yield from (_entry(one, f"group {name}") for one in wanted)


def _poetry(poetry: dict[str, object]) -> Iterator[Entry]:
    extras = {str(one) for names in table(poetry, "extras").values() for one in array(names)}
    for name, wanted in table(poetry, "dependencies").items():
        if name.lower() != "python":
            choice = "optional" if name in extras or table({"x": wanted}, "x").get("optional") else ""
            yield from poetry_entries(name, wanted, choice)
    for name, wanted in table(poetry, "dev-dependencies").items():
        yield from poetry_entries(name, wanted, "group dev")
    for group, content in table(poetry, "group").items():
        for name, wanted in table({"x": content}, "x", "dependencies").items():
            yield from poetry_entries(name, wanted, f"group {group}")


def poetry_entries(name: str, wanted: object, choice: str) -> Iterator[Entry]:
    """Yield the entries of one dependency of Poetry or Pipenv: a version, a table, or several tables."""
    for one in wanted if isinstance(wanted, list) else [wanted]:
        text = f"{name} = {one}"[:200]
        source = next((key for key in ("path", "file", "git", "url") if key in table({"x": one}, "x")), "")
        if source:
            kind = "a repository" if source == "git" else "a path" if source in {"path", "file"} else "a URL"
            yield Entry(line=0, text=text, reason=f"comes from {kind}; only package indexes are used", choice=choice)
            continue
        try:
            found = Factory.create_dependency(name, _plain(one)).to_pep_508()
        except Exception as error:  # noqa: BLE001 - whatever its parser raises, the entry is left out
            reason = f"is no version that can be read: {str(error)[:100]}"
            yield Entry(line=0, text=text, reason=reason, choice=choice)
            continue
        yield Entry(line=0, text=text, library=found, choice=choice)


def _plain(wanted: object) -> dict[str, object] | str:
    """Return a dependency for Poetry's reader, without what concerns where it comes from."""
    if isinstance(wanted, dict):
        kept = {key: value for key, value in wanted.items() if key in {"version", "extras", "markers", "python"}}
        return {"version": "*", **kept}
    return str(wanted)
