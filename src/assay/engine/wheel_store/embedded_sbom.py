"""The components that a wheel bundles, according to its embedded SBOMs (PEP 770, `.dist-info/sboms`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from assay.engine.wheel_store.store import StoredWheel

MAX_BYTES = 8 << 20  # of one document; five times the largest seen
MAX_COMPONENTS = 500  # of one wheel
MAX_NAME = 100  # characters of a name or a version


def bundled(wheel: StoredWheel, store: Path) -> tuple[str, ...] | None:
    """Return the components in a wheel's SBOMs, as `name version`; None when it embeds no SBOM.

    Reads CycloneDX and SPDX, both as JSON, and ignores documents that are neither or too large. The list is
    the claim of the wheel's author; nothing verifies it.
    """
    paths = [path for path, _, _ in wheel.files if ".dist-info/sboms/" in path and path.endswith(".json")]
    if not paths:
        return None
    components: set[str] = set()
    for path in paths:
        components.update(_components(store / wheel.key / "tree" / path, wheel.name))
    return tuple(sorted(components)[:MAX_COMPONENTS])


def _components(path: Path, own: str) -> Iterator[str]:
    try:
        if path.stat().st_size > MAX_BYTES:
            return
        document = json.loads(path.read_bytes())
        listed = document.get("components") or document.get("packages") or []
        for one in listed:
            name, version = str(one.get("name", "")), str(one.get("version") or one.get("versionInfo") or "")
            if name and canonicalize_name(name) != own:
                yield f"{_printable(name)} {_printable(version)}".strip()
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return


def _printable(text: Any) -> str:  # noqa: ANN401 - what a document holds
    return "".join(one for one in str(text)[:MAX_NAME] if one.isprintable())
