"""Routing: the package index that serves a library, and the URLs of it that uv uses (see `index_proxy.py`)."""

from __future__ import annotations

import base64

from assay.core.package_indexes import owning_index
from assay.engine.interface import Index, ResolveRequest

INDEX = "http://packages.assay.invalid/simple"  # a host name that never resolves (RFC 2606)
FILES = "http://packages.assay.invalid/files"


def is_plain(request: ResolveRequest) -> bool:
    """Return whether the request uses only the installation's own index, which uv may request directly."""
    return request.index.trusted and not request.other_indexes


def index_for_uv(request: ResolveRequest) -> str:
    """Return the index URL for uv's command line."""
    return request.index.url if is_plain(request) else INDEX


def index_of(name: str, request: ResolveRequest) -> Index:
    """Return the index that serves a library."""
    return owning_index(name, request.other_indexes) or request.index


def proxied_url(url: str, filename: str) -> str:
    """Return the URL by which uv downloads a file through the index proxy."""
    return f"{FILES}/{base64.urlsafe_b64encode(url.encode()).decode()}/{filename}"


def original_url(url: str) -> str:
    """Return the URL of a file at its index."""
    if not url.startswith(f"{FILES}/"):
        return url
    return base64.urlsafe_b64decode(url.removeprefix(f"{FILES}/").split("/")[0]).decode()
