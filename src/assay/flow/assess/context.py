"""The context of an assessment: date, advisory feed, index metadata, and versions in use in the workspace."""

from __future__ import annotations

from django.utils import timezone

from assay.core.policy.facts import Context
from assay.core.policy.policy import Policy
from assay.core.policy.version_rules import ProjectRule, Spread
from assay.store.reads.advisories import current_feed
from assay.store.reads.facts import projects, versions_in_use


def context_for(workspace_id: int, policy: Policy) -> Context:
    """Return the context for the rules of a policy, loading only what its rules need."""
    feed = current_feed()
    return Context(
        today=timezone.now().date(),
        advisories=feed.index if feed else None,
        projects=projects() if any(isinstance(rule, ProjectRule) for rule in policy.rules) else {},
        in_use=versions_in_use(workspace_id) if any(isinstance(rule, Spread) for rule in policy.rules) else {},
    )
