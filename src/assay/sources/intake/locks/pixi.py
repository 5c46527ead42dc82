"""`pixi.lock`: environments as choices, packages of conda and of the index for Linux."""

from __future__ import annotations

from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

from assay.core.intake.document import Choice, Document, Entry
from assay.sources.intake.conda.lists import package_of
from assay.sources.intake.conda.names import channel_notes, python_of, required_name, spec_entry
from assay.sources.intake.conda.specs import MatchSpec
from assay.sources.intake.formats import PROJECT_ITSELF, array, table, text_of
from assay.sources.intake.locks.conda import lock_document, preferred
from assay.sources.intake.locks.entries import (
    ADDRESS,
    HERE,
    PATH,
    PUBLIC,
    REPOSITORY,
    host_of,
    index_notes,
    lock_yaml,
    locked_entry,
    packages_in,
    required_names,
)

OTHERS = ("/win-", "/osx-", "/linux-aarch64/", "/linux-ppc64le/", "/emscripten-")
DEFAULT = "default"


def read_pixi_lock(text: str) -> Document:
    """Read a lock file. Environments are choices; the default one is selected, else the first."""
    document = table({"": lock_yaml(_without_other_platforms(text))}, "")
    if "package" in document:
        return lock_document(document, kind="pixi-lock")
    lock = _Lock(document)
    environments = table(document, "environments")
    entries, others = [], dict[str, None]()
    for name, content in environments.items():
        platforms = table({"": content}, "", "packages")
        chosen = preferred(list(platforms))
        others.update(dict.fromkeys(one for one in platforms if one != chosen))
        entries += [lock.entry(one, f"environment {name}") for one in array(platforms.get(chosen))]
    selected = DEFAULT if DEFAULT in environments else next(iter(environments), "")
    channels = (
        _url(one) for content in environments.values() for one in array(table({"": content}, "").get("channels"))
    )
    left = (f"Packages for other platforms are left out: {', '.join(others)}.",) if others else ()
    return Document(
        kind="pixi-lock",
        entries=tuple(entries),
        choices=tuple(
            Choice(name=f"environment {one}", label=f"Environment {one}", selected=one == selected)
            for one in environments
        ),
        python=next(filter(None, lock.pythons), None),
        locked=True,
        requires=required_names(lock.requires()),
        notes=(*channel_notes((one.rstrip("/") for one in channels), builds=lock.builds), *left, *lock.notes()),
    )


def _without_other_platforms(text: str) -> str:
    """Return a text without conda's packages for other platforms, if it has some for Linux."""
    if "\n      linux-64:\n" not in text:
        return text
    kept, skips, constrains = [], False, False
    for line in text.split("\n"):
        item = line.lstrip()
        other = item.startswith("- conda:") and any(one in item for one in OTHERS)
        if line[:1] not in {" ", ""}:
            skips = other
        constrains = item == "constrains:" or (constrains and item.startswith("- ") and line[:1] == " ")
        if not (skips or other or constrains):
            kept.append(line)
    return "\n".join(kept)


class _Lock:
    """The packages of a lock file by their address, or by their path."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._packages = packages_in(document, "packages")
        self._by_address: dict[str, dict[str, Any]] = {}
        for one in self._packages:
            addresses = (one.get(key) for key in ("conda", "pypi", "url", "path"))
            self._by_address.update({address: one for address in addresses if isinstance(address, str)})
        self._indexes = [
            one
            for content in table(document, "environments").values()
            for one in array(table({"": content}, "").get("indexes"))
        ]
        self.pythons: list[str | None] = []
        self.builds = False

    def entry(self, reference: object, choice: str) -> Entry:
        """Return the entry of a reference such as `{conda: address}` or `{pypi: address}`."""
        inside = table({"": reference}, "")
        address = text_of(inside.get("conda")) or text_of(inside.get("pypi"))
        package = self._by_address.get(address, {})
        if not address:
            return Entry(text=str(reference)[:200], reason="is not a package of conda or of an index", choice=choice)
        return (self._conda if "conda" in inside else self._pypi)(address, package, choice)

    def requires(self) -> dict[str, list[str]]:
        """Return the names that each name requires, by the names of the Python index."""
        found: dict[str, list[str]] = {}
        for one in self._packages:
            name, needed = self._name(one), found
            for line in array(one.get("depends")):
                needed.setdefault(name, []).append(required_name(str(line).partition(" ")[0]))
            for line in array(one.get("requires_dist")):
                needed.setdefault(name, []).extend(_requirement(str(line)))
        return found

    def notes(self) -> tuple[str, ...]:
        """Return what to say of package indexes other than the public one."""
        return index_notes(self._indexes)

    def _conda(self, address: str, package: dict[str, Any], choice: str) -> Entry:
        found = package_of(address)
        name = text_of(package.get("name")) or (found.name if found else "")
        version = str(package.get("version") or "") or (found.version.lstrip("=") if found else "")
        if not name or not version:
            return Entry(text=address[:200], reason=PATH if not found else "has no version", choice=choice)
        build = text_of(package.get("build")) or (found.build if found else "")
        self.builds = True
        spec = MatchSpec(name=name.lower(), version=f"=={version}", build=build)
        if name == "python":
            self.pythons.append(python_of(f"python=={version}"))
        requires = [str(one).partition(" ")[0] for one in array(package.get("depends"))]
        return spec_entry(spec, text=f"{name} {version}", choice=choice, requires=requires)

    def _pypi(self, address: str, package: dict[str, Any], choice: str) -> Entry:
        name, version = text_of(package.get("name")), str(package.get("version") or "")
        reason = "" if _is_index_file(address, name, version) else _source(address)
        return locked_entry(name or address[:100], version, choice=choice, reason=reason)

    def _name(self, package: dict[str, Any]) -> str:
        """Return the name of a package in the Python index."""
        name, address = text_of(package.get("name")), text_of(package.get("conda"))
        if "pypi" in package or package.get("kind") == "pypi":
            return name
        found = package_of(address)
        return required_name(name or (found.name if found else ""))


def _source(address: str) -> str:
    if address in HERE:
        return PROJECT_ITSELF
    return REPOSITORY if address.startswith("git+") else ADDRESS if "://" in address else PATH


def _is_index_file(address: str, name: str, version: str) -> bool:
    """Return whether an address is that of a file in an index: a wheel or source distribution of this version."""
    if not name or not version or "://" not in address or address.startswith("git+"):
        return False
    file = address.partition("#")[0].partition("?")[0].rpartition("/")[2]
    try:
        parse_wheel_filename(file) if file.endswith(".whl") else parse_sdist_filename(file)
    except (InvalidWheelFilename, InvalidSdistFilename):
        return host_of(address) in PUBLIC
    return True


def _requirement(line: str) -> list[str]:
    try:
        needed = Requirement(line)
    except InvalidRequirement:
        return []
    return [] if needed.marker and "extra" in str(needed.marker) else [needed.name]


def _url(channel: object) -> str:
    return text_of(table({"": channel}, "").get("url")) or text_of(channel)
