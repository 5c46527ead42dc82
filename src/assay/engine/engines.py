"""The engines by name: the one place that chooses which of them resolves and installs a request."""

from __future__ import annotations

from assay.core.errors import UnavailableError
from assay.engine.interface import Engine, ResolveRequest
from assay.engine.uv_engine import UvEngine

ENGINES: dict[str, Engine] = {"uv": UvEngine()}


def engine_of(request: ResolveRequest) -> Engine:
    """Return the engine that a request names. Raises UnavailableError."""
    if request.engine not in ENGINES:
        raise UnavailableError(
            f"This installation has no engine named {request.engine!r}.", hint=f"Use one of: {', '.join(ENGINES)}."
        )
    return ENGINES[request.engine]
