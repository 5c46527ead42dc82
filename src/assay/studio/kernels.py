"""Kernels: what it takes to start one in a version, for the Hub and for a Jupyter of one's own."""

from __future__ import annotations

from typing import Any

from assay.engine.overlay import kernel_argv
from assay.flow.launch import Pass
from assay.flow.places import engine_places


def kernel_document(ticket: Pass) -> dict[str, Any]:
    """Return the sealed directory of a version and its kernel, in the words of Jupyter's kernel specs."""
    reference = ticket.version.reference
    return {
        "environment": reference,
        "digest": ticket.digest,
        "prefix": str(ticket.prefix),
        "kernel": {
            "argv": kernel_argv(ticket.prefix, engine_places(), ticket.version.python),
            "env": {"VIRTUAL_ENV": str(ticket.prefix)},
            "display_name": reference,
        },
        "notice": ticket.notice,
    }
