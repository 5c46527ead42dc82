"""Bases and what builds on them, published; and waves worked through here, with or without real builds."""

from __future__ import annotations

import time
from collections.abc import Mapping

from assay.core.lifecycle import ACTIVE_BUILD
from assay.core.lock import Lock
from assay.core.roles import Actor
from assay.engine.interface import Failure, Outcome
from assay.flow.access import find_version
from assay.flow.build import build as building
from assay.flow.compose.draft import SpecInput, create_environment, edit_spec, new_version
from assay.flow.maintenance import wave_steps
from assay.flow.review import review
from assay.store.models import Build, Environment, Version, Wave
from support.people import lock_of, outcome_of

CONFLICT = Failure(
    step="resolving",
    code="resolution-failed",
    detail="plot 1.0 depends on core<2 and the base pins core==2.0.",
    hint="Loosen plot.",
)
CRASH = Failure(step="checking", code="system", detail="The disk is full.", hint="Free space.")


def drafted(author: Actor, slug: str, libraries: tuple[str, ...], base: str | None = None) -> Version:
    """Make the first version of an environment, or its next one, as a draft on Python 3.11 or on a base."""
    wish = SpecInput(base=base, python=None if base else "3.11", libraries=libraries)
    if Environment.objects.filter(workspace_id=author.workspace_id, slug=slug).exists():
        number = new_version(author, slug).number
        return edit_spec(author, slug, number, wish)[0]
    return create_environment(author, slug=slug, title=slug.title(), description="", spec_input=wish)


def publish(author: Actor, reviewer: Actor, version: Version) -> Version:
    """Publish a built draft."""
    slug, number = version.environment.slug, version.number
    digest = find_version(author, slug, number).digest
    review.submit(author, slug, number, "please")
    return review.approve(reviewer, slug, number, digest=digest)


def released(
    author: Actor,
    reviewer: Actor,
    slug: str,
    pins: Mapping[str, str],
    *,
    libraries: tuple[str, ...] = (),
    base: str = "",
) -> Version:
    """Publish the next version of an environment that holds these libraries; no process builds it."""
    version = drafted(author, slug, libraries or tuple(pins), base or None)
    build = building.request_build(author, slug, version.number)
    building.store_outcome(Build.objects.get(pk=build.pk), outcome_of(lock_of(dict(pins))))
    return publish(author, reviewer, version)


def finish_builds(failures: Mapping[str, Failure] | None = None, locks: Mapping[str, Lock] | None = None) -> int:
    """End every open build: with a failure, the given lock, or the base's libraries and an own one."""
    opened = Build.objects.filter(state__in=ACTIVE_BUILD).select_related(
        "version__environment", "version__base__lock"
    )
    for build in opened:
        slug = build.version.environment.slug
        failure = (failures or {}).get(slug)
        if failure:
            building.store_outcome(build, Outcome(failure=failure))
            continue
        base = build.version.base
        pins = {slug: "1.0"}
        if base is not None and base.lock is not None:
            pins |= {one.name: one.version for one in Lock.from_dict(base.lock.content).libraries}
        building.store_outcome(build, outcome_of((locks or {}).get(slug, lock_of(pins))))
    return len(opened)


def work(
    steps: int = 40, failures: Mapping[str, Failure] | None = None, locks: Mapping[str, Lock] | None = None
) -> None:
    """Be the worker for some steps; builds end at once, without a process."""
    for _ in range(steps):
        if not wave_steps.advance() and not Build.objects.filter(state__in=ACTIVE_BUILD).exists():
            return
        finish_builds(failures, locks)


def really_work(wave: Wave, seconds: float = 120.0) -> None:
    """Be the worker, with real builds, until a wave has nothing to do or waits for reviewers."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        wave_steps.advance()
        if not building.advance() and not wave.targets.filter(state__in=["building", "built"]).exists():
            wave_steps.advance()
            if not Build.objects.filter(state__in=ACTIVE_BUILD).exists():
                return
        time.sleep(0.02)
    raise AssertionError(states(wave))


def states(wave: Wave) -> dict[str, str]:
    """Return the state of each environment of a wave."""
    return dict(wave.targets.values_list("source__environment__slug", "state"))


def message(wave: Wave, slug: str) -> str:
    """Return what a wave says of an environment."""
    return str(wave.targets.get(source__environment__slug=slug).message)
