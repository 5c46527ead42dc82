"""Which source serves a library, and how uv is told of it (see gateway)."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator

from assay.core.sources import claimant
from assay.engine.interface import Credentials, Index, Question

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


@contextlib.contextmanager
def routed(question: Question, credentials: Credentials) -> Iterator[dict[str, str]]:
    """Give the variables that lead uv to the sources, while the context lasts."""
    if is_plain(question):
        yield {}
        return
    from assay.engine.gateway import gateway  # noqa: PLC0415 - most installations have one index and need none

    with gateway(question, credentials) as variables:
        yield variables
