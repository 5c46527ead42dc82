"""Moving a project to another version: the difference first, a trial run, then the switch."""

from __future__ import annotations

from dataclasses import dataclass, replace

from assay.core.comparison.diff import Comparison
from assay.core.errors import ConflictError
from assay.core.lifecycle import Health, Status
from assay.core.roles import Actor
from assay.core.spec import REFERENCE
from assay.flow.access import find_reference
from assay.runtimes import apps, projects
from assay.runtimes.runs import request_run
from assay.store.models import Environment, Run, Runtime, Version
from assay.store.reads.compared_versions import changes_against


@dataclass(frozen=True, kw_only=True)
class Move:
    """What a switch would change, and how the last trial in the new version went, None without one."""

    runtime: Runtime
    before: Version
    after: Version
    reference: str
    changes: Comparison
    trial: Run | None


def proposals(runtimes: list[Runtime]) -> dict[int, str]:
    """Map each project that is pinned to an older version to the newest published one: one query."""
    pinned = {one.pk: found for one in runtimes if (found := REFERENCE.fullmatch(one.environment))}
    newest = Environment.objects.filter(
        workspace__in={one.workspace_id for one in runtimes},
        slug__in={found[1] for found in pinned.values()},
        newest__status=Status.PUBLISHED,
        newest__health=Health.OK,
    ).values_list("workspace_id", "slug", "newest__number")
    numbers = {(workspace, slug): number for workspace, slug, number in newest}
    proposed = {}
    for one in runtimes:
        found = pinned.get(one.pk)
        number = numbers.get((one.workspace_id, found[1])) if found else None
        if found and number and number > int(found[2]):
            proposed[one.pk] = f"{found[1]}@{number}"
    return proposed


def move(actor: Actor, slug: str, reference: str) -> Move:
    """Return what it would mean for one's own project to run in `reference`. Raises why it cannot."""
    runtime = projects.find(actor, slug)
    after = projects.admit_runtime(actor, reference).version
    before = find_reference(actor, runtime.environment)
    trials = Run.objects.filter(runtime=runtime, trial=True, version=after).defer("source")
    return Move(
        runtime=runtime,
        before=before,
        after=after,
        reference=reference,
        changes=changes_against(after, before),
        trial=trials.order_by("-created_at").first(),
    )


def try_it(actor: Actor, slug: str, reference: str) -> Run:
    """Run one's own project once in another version; nothing else of it changes."""
    return request_run(actor, slug, trial_in=reference)


def switch(actor: Actor, slug: str, reference: str, *, seen: str) -> Runtime:
    """Let a project run in another version from now on; an app that is up is replaced without a gap.

    `seen` is the digest of the version whose difference was shown. Raises ConflictError when it is another by now.
    """
    wanted = move(actor, slug, reference)
    if wanted.after.digest != seen:
        raise ConflictError(
            f"{reference} is another version than the one you looked at.", hint="Look at the difference again."
        )
    runtime = projects.change(actor, slug, replace(projects.plan_of(wanted.runtime), environment=reference))
    if runtime.kind == "app" and runtime.wanted:
        apps.restart(actor, slug)
    return runtime
