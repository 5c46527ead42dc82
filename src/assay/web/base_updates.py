"""What the page of an environment says of newer bases: that it is behind one, and what is behind it."""

from __future__ import annotations

from typing import Any

from assay.core.lifecycle import Status
from assay.core.roles import Actor, Right
from assay.store.models import Environment, Version
from assay.store.reads.behind import behind_base
from assay.store.reads.waves import latest_wave


def base_context(actor: Actor, environment: Environment, version: Version, behind_count: int) -> dict[str, Any]:
    """Return the newer base of a version, how many environments are behind this one (as given), and its running wave.

    Two queries at most.
    """
    behind = behind_base(version) if version.status != Status.RETIRED else None
    wave = latest_wave(actor, environment)
    return {
        "behind": behind,
        "behind_name": behind.partition("@")[0] if behind else "",
        "may_rebase": actor.has(Right.COMPOSE)
        and version.pk == environment.active_id
        and (actor.has(Right.REVIEW) or environment.owner_id == actor.id),
        "may_rebase_all": actor.has(Right.REVIEW),
        "behind_count": behind_count,
        "wave": wave if wave is not None and wave.state == "running" else None,
    }
