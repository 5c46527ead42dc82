"""The impact of deprecating or ending a version, and its token: nothing is done while another impact was shown."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from assay.core.errors import ConflictError, InvalidInputError
from assay.core.lifecycle import Health, Status, launchable
from assay.core.maintenance.successor import Coverage, coverage
from assay.core.roles import Actor, Right, check_right
from assay.core.spec import REFERENCE
from assay.flow.access import find_reference, find_version
from assay.flow.maintenance.redirects import open_to_all
from assay.store.models import Version
from assay.store.reads.disk_usage import own_bytes
from assay.store.reads.impact import (
    Derived,
    PersonImpact,
    ProjectImpact,
    Running,
    derived_of,
    first_day,
    people_of,
    projects_of,
    running_in,
)
from assay.store.reads.imports import imports_of
from assay.store.reads.nearest import need_of

IMPACT = "impact"  # the `path` of the error when the impact is not the one that was shown


@dataclass(frozen=True, kw_only=True)
class Impact:
    """What ends for whom with a version.

    `people` launched it in the last 90 days; `running` uses it now; `projects` would start in it; `derived` are
    built on it. `coverage` says how well the successor replaces it, None without one. `token` is the hash of all of
    this except of what runs, which comes and goes: who runs something is among the people.
    """

    version: Version
    successor: Version | None
    people: tuple[PersonImpact, ...]
    running: Running
    projects: tuple[ProjectImpact, ...]
    derived: Derived
    coverage: Coverage | None
    token: str

    @property
    def schedules(self) -> int:
        """The number of projects that start by themselves at set times."""
        return sum(bool(one.schedule) for one in self.projects)


def impact(version: Version, successor: Version | None = None) -> Impact:
    """Return the impact of ending a version, with the successor that people would use: seven queries."""
    covered = _coverage(version, successor) if successor is not None else None
    people, projects, derived = people_of(version, first_day()), projects_of(version), derived_of(version)
    shown = {
        "version": [version.pk, version.status, version.health, version.digest],
        "successor": [successor.reference, successor.digest] if successor else None,
        "people": [one.name for one in people],
        "projects": [[one.slug, one.owner, one.schedule, one.serving] for one in projects],
        "derived": [derived.references, derived.drafts],
        "coverage": [covered.lost, [[one.name, one.before, one.after] for one in covered.moved]] if covered else None,
    }
    return Impact(
        version=version,
        successor=successor,
        people=people,
        running=running_in(version),
        projects=projects,
        derived=derived,
        coverage=covered,
        token=hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:32],
    )


def _coverage(version: Version, successor: Version) -> Coverage:
    seen = imports_of([version.pk], since=first_day())[version.pk]
    return coverage(need_of(version), need_of(successor), seen.libraries if seen.sessions else None)


def show_impact(actor: Actor, slug: str, number: int, successor: str | None = None) -> Impact:
    """Return the impact for a reviewer.

    `successor` is a reference, '' for none, None for the one that the version names. Raises ForbiddenError,
    NotFoundError for an unknown successor, InvalidInputError for one that not everyone can launch.
    """
    version = find_version(actor, slug, number)
    check_right(actor, Right.REVIEW)
    if successor is None or successor == version.successor:
        return impact(version, named_successor(actor, version))
    return impact(version, find_successor(actor, version, successor) if successor else None)


def freed_by(version: Version) -> int:
    """Return the bytes on disk that no other version needs."""
    return own_bytes(version.lock) if version.lock else 0


def named_successor(actor: Actor, version: Version) -> Version | None:
    """Return the successor that a version names, None when it names none that everyone can launch."""
    exact = REFERENCE.fullmatch(version.successor)
    if exact is None:
        return None
    rows = Version.objects.filter(
        environment__workspace_id=actor.workspace_id, environment__slug=exact[1], number=int(exact[2])
    )
    found = rows.select_related("environment", "lock", "base__base").defer("lock__text", "lock__report").first()
    return found if found is not None and open_to_all(found) else None


def find_successor(actor: Actor, version: Version, reference: str) -> Version:
    """Return the version to use instead. Raises NotFoundError, and InvalidInputError with the path `successor`."""
    found = find_reference(actor, reference, path="successor")
    if found.pk == version.pk:
        raise InvalidInputError("It cannot replace itself.", hint="Name another version.", path="successor")
    if not open_to_all(found):
        word = found.health if found.health == Health.QUARANTINED else found.status
        reason = "has changed files" if launchable(Status(found.status), Health(found.health)) else f"is {word}"
        raise InvalidInputError(
            f"{found.reference} {reason}; people could not launch it.",
            hint="Name a published version.",
            path="successor",
        )
    return found


def check_impact(version: Version, successor: Version | None, token: str | None) -> None:
    """Raise ConflictError with the path `impact` unless the token is that of the impact now; None is not compared.

    The caller has a transaction in which it then changes the version.
    """
    if token is not None and impact(version, successor).token != token:
        raise ConflictError(
            f"The impact on the users of {version.reference} is not the one that you saw.",
            hint="Look at it again, then confirm.",
            path=IMPACT,
        )
