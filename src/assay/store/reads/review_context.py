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
    workspace = Workspace.objects.filter(pk=version.environment.workspace_id).annotate(**_values(version)).get()
    values: Any = workspace  # annotated, which the type of the model does not say
    return ReviewContext(
        policy=values.policy_number or 0,
        feed=_feed(values),
        members=values.member_count,
        use=Use(people=values.user_count, runtimes=values.runtime_count),
        default_index=values.default_address or "",
    )


def _feed(values: Any) -> FeedFacts | None:  # noqa: ANN401 - as above
    if values.feed_id is None:
        return None
    return FeedFacts(**{name: getattr(values, f"feed_{name}") for name in FEED})


def _values(version: Version) -> dict[str, Subquery]:
    """Return the facts as values of a query that selects one row."""
    workspace = version.environment.workspace_id
    policies = PolicyRevision.objects.filter(workspace_id=workspace).order_by("-number")
    indexes = PackageIndex.objects.filter(workspace_id=workspace, is_default=True)
    feeds = Feed.objects.order_by("-pk")
    launches = Launch.objects.filter(
        environment_id=version.environment_id, started_at__gte=timezone.now() - RECENT
    ).order_by()
    return {
        "policy_number": Subquery(policies.values("number")[:1]),
        "default_address": Subquery(indexes.values("url")[:1]),
        "member_count": CountOf(Membership.objects.filter(workspace_id=workspace).values("pk")),
        "user_count": CountOf(launches.values("person").distinct()),
        "runtime_count": CountOf(launches.exclude(runtime=None).values("runtime").distinct()),
        **{f"feed_{name}": Subquery(feeds.values(name)[:1]) for name in FEED},
    }
