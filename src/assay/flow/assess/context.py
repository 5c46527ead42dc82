"""What verdicts rest on: the day, the feed, what the index told, and what a workspace holds."""

from __future__ import annotations

from django.utils import timezone

from assay.core.policy.facts import World
from assay.core.policy.policy import Policy
from assay.core.policy.version_rules import ProjectRule, Spread
from assay.store.reads.advisories import current_feed
from assay.store.reads.facts import projects, versions_in_use


def world_for(workspace_id: int, policy: Policy) -> World:
    """Return the world as the rules of a policy look at it; what no rule asks for is not read."""
    feed = current_feed()
    return World(
        today=timezone.now().date(),
        advisories=feed.index if feed else None,
        projects=projects() if any(isinstance(rule, ProjectRule) for rule in policy.rules) else {},
        in_use=versions_in_use(workspace_id) if any(isinstance(rule, Spread) for rule in policy.rules) else {},
    )
