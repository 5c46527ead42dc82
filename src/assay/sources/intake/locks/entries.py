"""What the readers of lock files share: parsing without the lists of files, entries of locked versions, choices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name

from assay.core.errors import InvalidInputError
from assay.core.intake.document import Choice, Entry
from assay.core.spec import MAX_LINE
from assay.sources.intake.choices import choices_of
from assay.sources.intake.formats import array, check_count, parse_yaml, text_of, toml

REPOSITORY = "comes from a repository; only package indexes are used"
PATH = "comes from a path; only package indexes are used"
ADDRESS = "comes from a URL; only package indexes are used"
UNCONDITIONAL = "is taken without its marker, which is too long for a line"
HERE = (".", "./")  # the path of the project itself
NAMELESS = "has no name"
VERSIONLESS = "has no version"
UNREACHED = "is not required by anything in the file"
FILES = ("{url", "{ url", "{file", "{ file", "{name", "{ name", "{path", "{ path")  # how the items of a list begin
HASH_KEYS = ("hash =", "hash=", "hashes =", "hashes=")
HASHED = (  # what is dropped of YAML
    "#",
    "hash:",
    "md5:",
    "sha256:",
    "size:",
    "timestamp:",
    "license:",
    "license_family:",
    "build_number:",
    "optional:",
)
MAX_HOSTS = 10  # that a note names
PUBLIC = {  # hosts of the public index, as lock files name it
    "pypi.org",
    "files.pythonhosted.org",
    "pypi.python.org",
}


def lock_toml(text: str) -> dict[str, Any]:
    """Parse a lock file without its lists of files and hashes, nine tenths of it. Raises InvalidInputError."""
    kept = [line for line in text.split("\n") if not _is_file(line.strip())]
    try:
        return toml("\n".join(kept))
    except InvalidInputError:
        return toml(text)


def lock_yaml(text: str) -> Any:  # noqa: ANN401 - any YAML value
    """Parse a lock file without hashes and sizes. Raises InvalidInputError."""
    kept = [line for line in text.split("\n") if not line.lstrip().startswith(HASHED)]
    try:
        return parse_yaml("\n".join(kept))
    except InvalidInputError:
        return parse_yaml(text)


def packages_in(document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the packages of a lock file. Raises InvalidInputError for too many."""
    packages = [one for one in array(document.get(key)) if isinstance(one, dict)]
    check_count(len(packages))
    return packages


def _is_file(line: str) -> bool:
    if line.startswith("sdist = {"):
        return line.endswith("}")
    return line.startswith(FILES) and line.endswith(("}", "},")) and any(one in line for one in HASH_KEYS)


def locked_entry(
    name: str,
    version: str,
    *,
    marker: str | bool = "",
    choice: str = "",
    reason: str = "",
    extras: Iterable[str] = (),
) -> Entry:
    """Return the entry of a locked version; one without a name or a version has a reason.

    `marker` is '' or True for always. Of a local version (`2.7.1+cu128`), which only some indexes have, the public
    version is taken: it allows the local one too.
    """
    text = f"{name} {version}".strip()[:200] or "a package without a name"
    reason = reason or ("" if name else NAMELESS) or ("" if version else VERSIONLESS)
    asked = f"[{','.join(sorted(extras))}]" if extras else ""
    condition = f" ; {marker}" if isinstance(marker, str) and marker else ""
    library = "" if reason else f"{name}{asked}=={version.partition('+')[0]}"
    if len(library + condition) > MAX_LINE:
        return Entry(text=text, library=library, reason=reason, choice=choice, note=UNCONDITIONAL)
    return Entry(text=text, library=library and library + condition, reason=reason, choice=choice)


def choices(entries: Iterable[Entry], *, selected: Iterable[str] = ()) -> tuple[Choice, ...]:
    """Return the choices of entries, in their order. All are selected if the file has nothing but choices."""
    entries, chosen = tuple(entries), set(selected)
    if not chosen and not any(one.library for one in entries if not one.choice):
        chosen = {one.choice for one in entries}
    return choices_of(entries, selected=chosen)


def required_names(requires: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Return the names that each name requires, normalised."""
    found: dict[str, dict[str, None]] = {}
    for name, needed in requires.items():
        known = found.setdefault(canonicalize_name(name), {})
        known.update(dict.fromkeys(canonicalize_name(one) for one in needed))
    return {name: tuple(needed) for name, needed in found.items() if needed}


def index_notes(addresses: Iterable[object]) -> tuple[str, ...]:
    """Return what to say of package indexes other than the public one."""
    hosts = dict.fromkeys(host for host in map(host_of, addresses) if host and host not in PUBLIC)
    if not hosts:
        return ()
    return (f"Libraries come from the workspace's package indexes, not from {', '.join(list(hosts)[:MAX_HOSTS])}.",)


def local_notes(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Return what to say of local versions, which are taken as public ones."""
    local = dict.fromkeys(one.text for one in entries if one.library and "+" in one.text)
    if not local:
        return ()
    return (f"Local versions are taken as public ones: {', '.join(list(local)[:MAX_HOSTS])}.",)


def host_of(address: object) -> str:
    """Return the host name of an address, '' where there is none."""
    try:
        return urlsplit(text_of(address)).hostname or ""
    except ValueError:
        return ""
