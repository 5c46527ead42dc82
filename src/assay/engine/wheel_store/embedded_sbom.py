"""What a wheel itself says that it carries: its embedded lists of parts (PEP 770, `.dist-info/sboms`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from assay.engine.wheel_store.store import KeptWheel

MAX_BYTES = 8 << 20  # of one document; the largest seen have a fifth of that
MAX_PARTS = 500  # that are kept of one wheel
MAX_WORD = 100  # characters of a name or a version


def bundled(wheel: KeptWheel, store: Path) -> tuple[str, ...] | None:
    """Return the parts that a wheel's documents name, as `name version`; None when it embeds no document.

    CycloneDX and SPDX are read, both as JSON. What is none of them, or too large, names nothing: it is
    the author's word about their own file, not a fact of ours.
    """
    paths = [path for path, _, _ in wheel.files if ".dist-info/sboms/" in path and path.endswith(".json")]
    if not paths:
        return None
    parts: set[str] = set()
    for path in paths:
        parts.update(_parts(store / wheel.key / "tree" / path, wheel.name))
    return tuple(sorted(parts)[:MAX_PARTS])


def _parts(path: Path, own: str) -> Iterator[str]:
    try:
        if path.stat().st_size > MAX_BYTES:
            return
        document = json.loads(path.read_bytes())
        listed = document.get("components") or document.get("packages") or []
        for one in listed:
            name, version = str(one.get("name", "")), str(one.get("version") or one.get("versionInfo") or "")
            if name and canonicalize_name(name) != own:
                yield f"{_plain(name)} {_plain(version)}".strip()
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return


def _plain(word: Any) -> str:  # noqa: ANN401 - what a document holds
    return "".join(one for one in str(word)[:MAX_WORD] if one.isprintable())
