"""Upgrading a project to another version: preview the changes, run a trial, switch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.db.models import Q

from assay.core.comparison.diff import Comparison
from assay.core.errors import ConflictError
from assay.core.lifecycle import Health, Status
from assay.core.maintenance.notices import deprecation_notice, ending, with_ending
from assay.core.roles import Actor
from assay.core.spec import REFERENCE
from assay.flow.access import find_reference
from assay.flow.maintenance.redirects import redirects_of
from assay.runtimes import apps, projects
from assay.runtimes.runs import request_run
from assay.store.models import Environment, Run, Runtime, Version
from assay.store.reads.compared_versions import changes_against


@dataclass(frozen=True, kw_only=True)
class Upgrade:
    """What an upgrade would change, and the last trial in the new version, None without one."""

    runtime: Runtime
    before: Version
    after: Version
    reference: str
    changes: Comparison
    trial: Run | None


def available_upgrades(runtimes: list[Runtime]) -> dict[int, str]:
    """Map each project that is pinned to an older version to the active one, in one query."""
    pinned = {one.pk: found for one in runtimes if (found := REFERENCE.fullmatch(one.environment))}
    newest = Environment.objects.filter(
        workspace__in={one.workspace_id for one in runtimes},
        slug__in={found[1] for found in pinned.values()},
        active__status=Status.PUBLISHED,
        active__health=Health.OK,
    ).values_list("workspace_id", "slug", "active__number")
    numbers = {(workspace, slug): number for workspace, slug, number in newest}
    upgrades = {}
    for one in runtimes:
        found = pinned.get(one.pk)
        number = numbers.get((one.workspace_id, found[1])) if found else None
        if found and number and number > int(found[2]):
            upgrades[one.pk] = f"{found[1]}@{number}"
    return upgrades


def replaced_versions(runtimes: Sequence[Runtime]) -> dict[int, tuple[str, str]]:
    """Map each project whose version is deprecated or retired to the notice and the version to use instead.

    The latter is '' where there is none. One query, and one for each link of a chain of successors.
    """
    named = {one.environment for one in runtimes}
    wanted = Q(active_of__slug__in=named)
    for exact in filter(None, map(REFERENCE.fullmatch, named)):
        wanted |= Q(environment__slug=exact[1], number=int(exact[2]))
    rows = Version.objects.filter(
        wanted,
        environment__workspace_id__in={one.workspace_id for one in runtimes},
        status__in=[Status.DEPRECATED, Status.RETIRED],
    )
    replaced: dict[tuple[int, str], tuple[str, str]] = {}
    for workspace_id, versions in _by_workspace(rows.select_related("environment").defer("spec").distinct()).items():
        led = redirects_of(workspace_id, [one.successor for one in versions])
        for one in versions:
            known = _words(one, led[one.successor]), led[one.successor]
            replaced[(workspace_id, one.reference)] = known
            if one.environment.active_id == one.pk:
                replaced[(workspace_id, one.environment.slug)] = known
    return {one.pk: replaced[key] for one in runtimes if (key := (one.workspace_id, one.environment)) in replaced}


def _by_workspace(versions: Iterable[Version]) -> dict[int, list[Version]]:
    found: dict[int, list[Version]] = {}
    for one in versions:
        found.setdefault(one.environment.workspace_id, []).append(one)
    return found


def _words(version: Version, instead: str) -> str:
    if version.status == Status.DEPRECATED:
        return deprecation_notice(version.reference, version.reason, ends_at=version.ends_at, instead=instead)
    return with_ending(f"{version.reference} is retired and cannot run: {version.reason}", ending(None, instead))


def preview(actor: Actor, slug: str, reference: str) -> Upgrade:
    """Return what changes when a project of the caller runs in `reference`. Raises the reason against it."""
    runtime = projects.find(actor, slug)
    after = projects.authorize_runtime(actor, reference).version
    before = find_reference(actor, runtime.environment)
    trials = Run.objects.filter(runtime=runtime, trial=True, version=after).defer("source")
    return Upgrade(
        runtime=runtime,
        before=before,
        after=after,
        reference=reference,
        changes=changes_against(after, before),
        trial=trials.order_by("-created_at").first(),
    )


def start_trial(actor: Actor, slug: str, reference: str) -> Run:
    """Run a project of the caller once in another version; the project itself does not change."""
    return request_run(actor, slug, trial_in=reference)


def switch(actor: Actor, slug: str, reference: str, *, seen: str) -> Runtime:
    """Switch a project to another version; a running app is replaced without downtime.

    `seen` is the digest of the previewed version. Raises ConflictError when it has changed since.
    """
    upgrade = preview(actor, slug, reference)
    if upgrade.after.digest != seen:
        raise ConflictError(f"{reference} has changed since you viewed the changes.", hint="View the changes again.")
    runtime = projects.change(actor, slug, replace(projects.spec_of(upgrade.runtime), environment=reference))
    if runtime.kind == "app" and runtime.enabled:
        apps.restart(actor, slug)
    return runtime
