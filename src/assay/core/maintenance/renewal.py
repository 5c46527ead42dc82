"""The renewal of an approval: who may renew it, and what happened to its libraries since it was given."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from assay.core.comparison.diff import Step, step_of
from assay.core.errors import ConflictError, ForbiddenError, InvalidInputError
from assay.core.lifecycle import Health, Status, VersionState
from assay.core.policy.facts import Project
from assay.core.roles import Actor, Right, check_right, check_visible

GOING = ("active", "unknown")  # statuses at the index that are no news


def check_renewal(state: VersionState, health: Health, actor: Actor, reason: str, *, self_approval: bool) -> None:
    """Raise the reason why the actor may not renew the approval of a version.

    The rules of an approval hold: a reviewer, and not the author alone unless the workspace allows it.
    """
    check_visible(actor, status=state.status, author_id=state.author_id)
    check_right(actor, Right.REVIEW)
    if state.status is not Status.PUBLISHED:
        raise ConflictError(
            f"To renew its approval it must be published; it is {state.status}.", hint="Load the page again."
        )
    if health is Health.QUARANTINED:
        raise ConflictError("It is quarantined.", hint="Release it first, or deprecate it.")
    if state.drifted:
        raise ConflictError("Its files changed after the build.", hint="Rebuild it from its lock first.")
    if state.author_id == actor.id and not self_approval:
        raise ForbiddenError(
            "Nobody renews the approval of their own version alone.",
            hint="Ask another reviewer of the workspace.",
        )
    if not reason.strip():
        raise InvalidInputError("A reason is needed.", hint="Say why it is still good.", path="reason")


@dataclass(frozen=True, kw_only=True)
class LibraryNews:
    """What the index says now about a library of a version.

    `newest` is a newer release, '' for none, and `step` its distance. `licences` are those of both releases where
    they differ and both are known. `status` is that of the project (PEP 792), '' while it is developed.
    """

    name: str
    version: str
    direct: bool
    newest: str = ""
    step: Step | None = None
    licences: tuple[str, str] | None = None
    status: str = ""
    status_reason: str = ""


def library_news(
    pins: Mapping[str, str],
    direct: Collection[str],
    projects: Mapping[str, Project],
    licences: Mapping[tuple[str, str], str],
) -> tuple[LibraryNews, ...]:
    """Return the libraries that have news, those whose project ended first, then by the size of the step.

    A newer release is news of direct libraries only. `licences` maps (name, version) to a licence, where known.
    """
    found = (
        _news(name, pins[name], projects[name], licences, direct=name in direct) for name in pins if name in projects
    )
    rank = [Step.MAJOR, Step.MINOR, Step.PATCH, None]
    news = (one for one in found if one.newest or one.status)
    return tuple(sorted(news, key=lambda one: (not one.status, rank.index(one.step), one.name)))


def _news(
    name: str, version: str, project: Project, licences: Mapping[tuple[str, str], str], *, direct: bool
) -> LibraryNews:
    newest = project.newest if direct and _newer(project.newest, version) else ""
    before, after = licences.get((name, version), ""), licences.get((name, newest), "")
    return LibraryNews(
        name=name,
        version=version,
        direct=direct,
        newest=newest,
        step=step_of(version, newest) if newest else None,
        licences=(before, after) if before and after and before != after else None,
        status="" if project.status in GOING else project.status,
        status_reason=project.status_reason,
    )


def _newer(newest: str, version: str) -> bool:
    try:
        return Version(newest) > Version(version)
    except InvalidVersion:
        return False
