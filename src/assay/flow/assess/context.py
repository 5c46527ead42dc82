"""The context of an assessment: date, advisory feed, index metadata, and versions in use in the workspace."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from assay.core.policy.change_rules import NewLibrary
from assay.core.policy.facts import Context, NamesInUse
from assay.core.policy.policy import Policy
from assay.core.policy.project_rules import SimilarName
from assay.core.policy.version_rules import ProjectRule, Spread
from assay.core.similar_names import NameIndex
from assay.flow.package_indexes import default_address
from assay.sources.name_lists import LONG_HISTORY, MOST_USED, read_names
from assay.store.approved_libraries import approved_anywhere, approved_names
from assay.store.reads.advisories import current_feed
from assay.store.reads.facts import projects, versions_in_use


def context_for(workspace_id: int, policy: Policy, names: Iterable[str]) -> Context:
    """Return the context for the rules of a policy, loading only what its rules need.

    `names` are those of all libraries that will be evaluated.
    """
    feed, kinds = current_feed(), {type(rule) for rule in policy.rules}
    wanted = set(names)
    look_alikes = SimilarName in kinds
    approved = approved_names(workspace_id) if look_alikes or NewLibrary in kinds else frozenset()
    return Context(
        today=timezone.now().date(),
        advisories=feed.index if feed else None,
        projects=projects(wanted) if any(issubclass(kind, (ProjectRule, SimilarName)) for kind in kinds) else {},
        in_use=versions_in_use(workspace_id) if Spread in kinds else {},
        approved=approved,
        known=approved_anywhere(wanted - approved) | approved if look_alikes else frozenset(),
        default_index=default_address(workspace_id).rstrip("/"),
        names=names_in_use(approved) if look_alikes else None,
    )


def names_in_use(approved: frozenset[str]) -> NamesInUse:
    """Return the names that a look-alike can be mistaken for: widely used ones and those of a workspace."""
    most_used = _most_used(str(settings.MOST_USED_NAMES or MOST_USED))
    return NamesInUse(most_used=most_used, in_use=_index(approved), long_history=_long_history())


@lru_cache(maxsize=1)
def _most_used(path: str) -> NameIndex:
    return NameIndex(read_names(Path(path)))


@lru_cache(maxsize=8)
def _index(names: frozenset[str]) -> NameIndex:
    return NameIndex(sorted(names))


@lru_cache(maxsize=1)
def _long_history() -> frozenset[str]:
    return frozenset(read_names(LONG_HISTORY))
