"""Which source serves a library, and how uv is told of it (see `index_proxy.py`)."""

from __future__ import annotations

import base64

from assay.core.package_indexes import claimant
from assay.engine.interface import Index, Question

INDEX = "http://packages.assay.invalid/simple"  # a name that exists nowhere else (RFC 2606)
FILES = "http://packages.assay.invalid/files"


def is_plain(question: Question) -> bool:
    """Say whether there is nothing but the installation's own index, which uv may ask itself."""
    return question.index.trusted and not question.sources


def index_for_uv(question: Question) -> str:
    """Return the address that uv is told."""
    return question.index.url if is_plain(question) else INDEX


def source_of(name: str, question: Question) -> Index:
    """Return the source that serves a library."""
    return claimant(name, question.sources) or question.index


def address_for_uv(url: str, filename: str) -> str:
    """Return the address by which uv gets a file through the gateway."""
    return f"{FILES}/{base64.urlsafe_b64encode(url.encode()).decode()}/{filename}"


def real_address(url: str) -> str:
    """Return the address of a file at its source."""
    if not url.startswith(f"{FILES}/"):
        return url
    return base64.urlsafe_b64decode(url.removeprefix(f"{FILES}/").split("/")[0]).decode()
