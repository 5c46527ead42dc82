"""Groups of near-identical published environments, and the effect of merging each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assay.core.comparison.merge import MergeEffect, choose_kept, merge_effect
from assay.core.comparison.nearest_index import NearestIndex
from assay.core.comparison.similarity import groups, missing
from assay.core.roles import Actor
from assay.store.models import Version
from assay.store.reads.compared_versions import compared_version
from assay.store.reads.keyset import Page, page_in_memory
from assay.store.reads.nearest import index_in, index_of, need_of, newest_of
from assay.store.reads.usage import recent_use

LEAST = 0.85  # minimum similarity of near-identical environments: about 8 of 100 libraries may differ
MEMBERS = 25  # per group that are compared; all members are listed


@dataclass(frozen=True, kw_only=True)
class Member:
    """One environment of a group: the effect of merging it, and its number of users in the last 30 days."""

    move: MergeEffect
    people_30d: int


@dataclass(frozen=True, kw_only=True)
class Group:
    """Near-identical environments on the same Python: `kept` would stay, `members` would move to it."""

    references: tuple[str, ...]
    kept: str
    members: tuple[Member, ...]


def duplicates(actor: Actor, *, limit: int = 20, cursor: str = "") -> Page[Group]:
    """Return a page of groups of environments whose newest versions are nearly the same, largest group first."""
    with index_of(actor) as index:
        groups_by_key = {(-len(group), group[0]): group for group in _groups(index)}
        page = page_in_memory(list(groups_by_key), groups_by_key.__getitem__, limit=limit, cursor=cursor)
        kept = [choose_kept({key: index.profile(key) for key in group}) for group in page.rows]
    wanted = {key for group, keep in zip(page.rows, kept, strict=True) for key in (*group[:MEMBERS], keep)}
    versions = _versions(actor, wanted)
    use = recent_use([one.environment_id for one in versions.values()])
    people = {environment: one.people for environment, one in use.items()}
    shown = [(group, keep) for group, keep in zip(page.rows, kept, strict=True) if keep in versions]
    return page.with_rows([_group(group, keep, versions, people) for group, keep in shown])


@dataclass(frozen=True, kw_only=True)
class NearDuplicate:
    """A version that is nearly the same as the one to keep of its group; counts of libraries that differ.

    `unserved` are its direct libraries whose requirement the kept one does not satisfy.
    """

    kept: str
    gained: int
    lost: int
    altered: int
    unserved: tuple[str, ...]


def near_duplicates(workspace_id: int) -> dict[str, NearDuplicate]:
    """Return the versions of all groups that another one could replace, by reference; computed in memory."""
    with index_in(workspace_id) as index:
        if "near duplicates" not in index.cache:
            index.cache["near duplicates"] = dict(_replaceable(index))
        found: dict[str, NearDuplicate] = index.cache["near duplicates"]
        return found


def _replaceable(index: NearestIndex) -> Iterator[tuple[str, NearDuplicate]]:
    for group in _groups(index):
        profiles = {key: index.profile(key) for key in group}
        kept = choose_kept(profiles)
        to = profiles[kept]
        for key, one in profiles.items():
            if key != kept:
                shared = one.versions.keys() & to.versions.keys()
                yield (
                    key,
                    NearDuplicate(
                        kept=kept,
                        gained=len(to.versions) - len(shared),
                        lost=len(one.versions) - len(shared),
                        altered=sum(one.versions[name] != to.versions[name] for name in shared),
                        unserved=missing(one, to),
                    ),
                )


def _groups(index: NearestIndex) -> list[tuple[str, ...]]:
    """Return the groups; cached until the index changes."""
    if "groups" not in index.cache:
        index.cache["groups"] = groups(index.similar_pairs(newest_of(index.keys), LEAST))
    found: list[tuple[str, ...]] = index.cache["groups"]
    return found


def _versions(actor: Actor, references: set[str]) -> dict[str, Version]:
    slugs = {reference.partition("@")[0] for reference in references}
    named = Version.objects.filter(
        environment__workspace_id=actor.workspace_id, environment__slug__in=slugs, lock__isnull=False
    ).values_list("pk", "environment__slug", "number")
    wanted = [pk for pk, slug, number in named if f"{slug}@{number}" in references]
    found = Version.objects.filter(pk__in=wanted).select_related("environment", "lock", "base__environment")
    return {one.reference: one for one in found}


def _group(group: tuple[str, ...], keep: str, versions: dict[str, Version], people: dict[int, int]) -> Group:
    there = [versions[key] for key in group if key in versions and key != keep]
    to, need = compared_version(versions[keep]), need_of(versions[keep])
    return Group(
        references=group,
        kept=keep,
        members=tuple(
            Member(
                move=merge_effect(compared_version(one), to, need_of(one), need),
                people_30d=people.get(one.environment_id, 0),
            )
            for one in there
        ),
    )
