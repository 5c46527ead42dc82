"""Which source serves a library, and how uv is told of it (see `index_proxy.py`)."""

from __future__ import annotations

import base64

from assay.core.package_indexes import owning_index
from assay.engine.interface import Index, ResolveRequest

INDEX = "http://packages.assay.invalid/simple"  # a name that exists nowhere else (RFC 2606)
FILES = "http://packages.assay.invalid/files"


def is_plain(request: ResolveRequest) -> bool:
    """Say whether there is nothing but the installation's own index, which uv may ask itself."""
    return request.index.trusted and not request.sources


def index_for_uv(request: ResolveRequest) -> str:
    """Return the address that uv is told."""
    return request.index.url if is_plain(request) else INDEX


def index_of(name: str, request: ResolveRequest) -> Index:
    """Return the source that serves a library."""
    return owning_index(name, request.sources) or request.index


def address_for_uv(url: str, filename: str) -> str:
    """Return the address by which uv gets a file through the gateway."""
    return f"{FILES}/{base64.urlsafe_b64encode(url.encode()).decode()}/{filename}"


def real_address(url: str) -> str:
    """Return the address of a file at its source."""
    if not url.startswith(f"{FILES}/"):
        return url
    return base64.urlsafe_b64decode(url.removeprefix(f"{FILES}/").split("/")[0]).decode()
