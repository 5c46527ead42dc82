"""The environment variables that make uv use the package indexes of a request."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from assay.engine.interface import Credentials, ResolveRequest
from assay.engine.resolving.index_routing import is_plain


@contextlib.contextmanager
def uv_proxy(request: ResolveRequest, credentials: Credentials) -> Iterator[dict[str, str]]:
    """Yield the environment variables for uv; the index proxy runs while the context is open."""
    if is_plain(request):
        yield {}
        return
    from assay.engine.resolving.index_proxy import index_proxy  # noqa: PLC0415 - most installations have one index

    with index_proxy(request, credentials) as variables:
        yield variables
