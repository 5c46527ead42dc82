"""The licence of an unpacked wheel, from its metadata and its licence files."""

from __future__ import annotations

import re
from email.message import Message
from pathlib import Path

from assay.core.licences.names import is_exact, normalise
from assay.core.licences.resolution import Declared, LicenceTexts, resolve
from assay.engine.wheel_store.distributions import read_metadata
from assay.engine.wheel_store.licence_text import MAX_TEXT, identify
from assay.engine.wheel_store.store import StoredWheel

MAX_NAME = 80  # characters of a License field; a longer one is a licence text
MAX_REFERENCE = 60  # words of a licence file that only refers to others
METADATA = re.compile(r"lib/[^/]+/site-packages/[^/]+\.dist-info/METADATA")
LICENCE_FILE = re.compile(r"(?i)(un)?(licen[cs]es?|copying)([._-][^/]*)?")
BUNDLED_FILE = re.compile(r"(?i)third|3rd|extern|vendor|bundle|depend")
DUAL = re.compile(r"(?i)\bdual[- ]licen[sc]ed\b")
CHOICE = re.compile(r"(?i)\bdual[- ]licen[sc]|\beither\b")


def licence_of(wheel: StoredWheel, store: Path) -> str:
    """Return a wheel's licence as an SPDX expression, '' when it is unknown.

    Reads metadata and licence files only when the manifest has no SPDX expression.
    """
    if is_exact(wheel.licence) and normalise(wheel.licence) == wheel.licence:
        return wheel.licence
    metadata = next((path for path, _, _ in wheel.files if METADATA.fullmatch(path)), None)
    if metadata is None:
        return ""
    tree = store / wheel.key / "tree"
    headers, description = read_metadata(tree / metadata)

    def read_texts() -> LicenceTexts:
        """Return the licence text of the License field where there is one, else those of the licence files."""
        return _text_of(headers) or _read_files(wheel, tree, metadata.removesuffix("METADATA"), description)

    return resolve(_declared(headers), read_texts)


def declared_licence(headers: Message) -> str:
    """Return the licence that metadata alone declares, '' when the licence files would have to be read."""
    return resolve(_declared(headers), lambda: _text_of(headers) or LicenceTexts())


def _declared(headers: Message) -> Declared:
    name = " ".join(str(headers.get("License", "")).split())
    classifiers = [str(one).split(" :: ") for one in headers.get_all("Classifier", ())]
    return Declared(
        expression=str(headers.get("License-Expression", "")),
        classifiers=tuple(parts[-1].strip() for parts in classifiers if parts[0] == "License"),
        field=name if len(name) <= MAX_NAME else "",
    )


def _text_of(headers: Message) -> LicenceTexts | None:
    """Return the licence whose text is the License field, None when it is none."""
    licence = identify(str(headers.get("License", "")))
    return LicenceTexts(licences=frozenset({licence})) if licence else None


def _read_files(wheel: StoredWheel, tree: Path, folder: str, description: str) -> LicenceTexts:
    """Return the licences of the licence files, and whether they or the description offer a choice."""
    choice = DUAL.search(description) is not None
    licences = set()
    for path, size, _ in wheel.files:
        if not _is_licence_file(path, folder):
            continue
        text = (tree / path).read_text(encoding="utf-8", errors="replace") if size <= MAX_TEXT else ""
        if CHOICE.search(text) and len(text.split()) <= MAX_REFERENCE:
            choice = True
        else:
            licences.add(identify(text))
    return LicenceTexts(licences=frozenset() if "" in licences else frozenset(licences), choice=choice)


def _is_licence_file(path: str, folder: str) -> bool:
    """Return whether a file has a licence of the distribution itself, not of a part that it bundles."""
    name = path.removeprefix(folder).removeprefix("licenses/")
    return path.startswith(folder) and LICENCE_FILE.fullmatch(name) is not None and not BUNDLED_FILE.search(name)
