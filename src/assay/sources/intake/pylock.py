"""`pylock.toml` (PEP 751): locked versions with their markers, extras and dependency groups."""

from __future__ import annotations

from typing import Any

from packaging.utils import canonicalize_name

from assay.core.intake.document import Document, Entry
from assay.sources.intake.formats import array, text_of, toml


def read_pylock(text: str) -> Document:
    """Read a lock file."""
    document = toml(text)
    packages = [one for one in array(document.get("packages")) if isinstance(one, dict)]
    return Document(
        kind="pylock",
        entries=tuple(_entry(one) for one in packages),
        requires_python=text_of(document.get("requires-python")),
        locked=True,
        requires={
            canonicalize_name(text_of(one.get("name"))): tuple(
                canonicalize_name(text_of(needed.get("name")))
                for needed in array(one.get("dependencies"))
                if isinstance(needed, dict)
            )
            for one in packages
            if one.get("dependencies")
        },
    )


def _entry(package: dict[str, Any]) -> Entry:
    name, version = text_of(package.get("name")), text_of(package.get("version"))
    marker = text_of(package.get("marker"))
    line = name + (f"=={version}" if version else "") + (f" ; {marker}" if marker else "")
    return Entry(text=f"{name} {version}".strip() or "a package without a name", library=line)
