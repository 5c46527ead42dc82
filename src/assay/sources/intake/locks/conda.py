"""`conda-lock.yml` (unified, version 1): platforms and categories as choices, packages of conda and of pip."""

from __future__ import annotations

from typing import Any

from assay.core.intake.document import Document, Entry
from assay.sources.intake.conda.lists import package_of
from assay.sources.intake.conda.names import channel_notes, python_of, required_name, spec_entry
from assay.sources.intake.conda.specs import MatchSpec
from assay.sources.intake.formats import array, table, text_of
from assay.sources.intake.locks.entries import (
    ADDRESS,
    REPOSITORY,
    choices,
    lock_yaml,
    locked_entry,
    packages_in,
    required_names,
)

MAIN = "main"
PREFERRED = ("linux-64", "linux-aarch64")


def read_conda_lock(text: str) -> Document:
    """Read a lock file. Of its platforms Linux is selected, else the first; further categories are not."""
    return lock_document(table({"": lock_yaml(text)}, ""), kind="conda-lock")


def lock_document(document: dict[str, Any], *, kind: str) -> Document:
    """Return what a parsed lock file says; the first versions of `pixi.lock` have its format too."""
    packages = packages_in(document, "package")
    platforms = list(dict.fromkeys(text_of(one.get("platform")) for one in packages))
    chosen = preferred(platforms)
    here = [one for one in packages if text_of(one.get("platform")) == chosen]
    entries = [_entry(one) for one in here] + [_entry(one) for one in packages if one.get("platform") != chosen]
    pythons = (python_of(f"python=={one.get('version')}") for one in here if one.get("name") == "python")
    channels = (
        text_of(one.get("url")) for one in array(table(document, "metadata").get("channels")) if isinstance(one, dict)
    )
    return Document(
        kind=kind,
        entries=tuple(entries),
        choices=choices(entries, selected=[_choice(chosen, MAIN)]),
        python=next(pythons, None),
        locked=True,
        requires=required_names({_name(one): [*map(required_name, table(one, "dependencies"))] for one in here}),
        notes=channel_notes((one.rstrip("/") for one in channels), builds=bool(here)),
    )


def preferred(platforms: list[str]) -> str:
    """Return the platform that is selected: Linux where there is one, else the first, '' of none."""
    return next((one for one in PREFERRED if one in platforms), platforms[0] if platforms else "")


def _choice(platform: str, category: str) -> str:
    choice = f"platform {platform}" if platform else ""
    return choice if category == MAIN else f"{choice}, group {category}".removeprefix(", ")


def _name(package: dict[str, Any]) -> str:
    name = text_of(package.get("name"))
    return name if package.get("manager") == "pip" else required_name(name)


def _entry(package: dict[str, Any]) -> Entry:
    name, version, url = (text_of(package.get(key)) for key in ("name", "version", "url"))
    version = version or str(package.get("version") or "")
    choice = _choice(text_of(package.get("platform")), text_of(package.get("category")) or MAIN)
    if package.get("manager") == "pip":
        source = REPOSITORY if url.startswith("git+") else ADDRESS if table(package, "source") else ""
        return locked_entry(name, version, choice=choice, reason=source)
    found = package_of(url)
    build = text_of(package.get("build")) or (found.build if found else "")
    if not name or not version:
        return locked_entry(name, version, choice=choice)
    spec = MatchSpec(name=name.lower(), version=f"=={version}", build=build)
    return spec_entry(spec, text=f"{name} {version}", choice=choice, requires=table(package, "dependencies"))
