"""The facts of a workspace that the review of any version needs, loaded with one query."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from django.db.models import Subquery
from django.utils import timezone

from assay.store.models import Feed, Launch, Membership, PackageIndex, PolicyRevision, Version, Workspace
from assay.store.reads.advisories import FeedFacts
from assay.store.reads.counting import CountOf
from assay.store.reads.usage import RECENT, Use
from assay.store.statements import Parameter, Statement

FEED = tuple(one.name for one in fields(FeedFacts))


@dataclass(frozen=True, kw_only=True)
class ReviewContext:
    """The current policy revision and feed, the number of members, and the recent use of the environment.

    `default_index` is the address of the workspace's own default index, '' without one.
    """

    policy: int
    feed: FeedFacts | None
    members: int
    use: Use
    default_index: str


def review_context(version: Version) -> ReviewContext:
    """Return the context of a review: one query."""
    values = CONTEXT.first(
        workspace=version.environment.workspace_id,
        environment=version.environment_id,
        since=timezone.now() - RECENT,
    )
    found = values or {}
    return ReviewContext(
        policy=found["policy_number"] or 0,
        feed=_feed(found),
        members=found["member_count"],
        use=Use(people=found["user_count"], runtimes=found["runtime_count"]),
        default_index=found["default_address"] or "",
    )


def _feed(values: dict[str, Any]) -> FeedFacts | None:
    if values["feed_id"] is None:
        return None
    return FeedFacts(**{name: values[f"feed_{name}"] for name in FEED})


def _context() -> Any:  # noqa: ANN401 - a query with columns that types do not know
    """Return the facts as values of a query that selects one row."""
    workspace = Parameter("workspace")
    policies = PolicyRevision.objects.filter(workspace_id=workspace).order_by("-number")
    indexes = PackageIndex.objects.filter(workspace_id=workspace, is_default=True)
    feeds = Feed.objects.order_by("-pk")
    launches = Launch.objects.filter(
        environment_id=Parameter("environment"), started_at__gte=Parameter("since")
    ).order_by()
    values = {
        "policy_number": Subquery(policies.values("number")[:1]),
        "default_address": Subquery(indexes.values("url")[:1]),
        "member_count": CountOf(Membership.objects.filter(workspace_id=workspace).values("pk")),
        "user_count": CountOf(launches.values("person").distinct()),
        "runtime_count": CountOf(launches.exclude(runtime=None).values("runtime").distinct()),
        **{f"feed_{name}": Subquery(feeds.values(name)[:1]) for name in FEED},
    }
    return Workspace.objects.filter(pk=workspace).annotate(**values).values(*values)


CONTEXT = Statement(_context)
