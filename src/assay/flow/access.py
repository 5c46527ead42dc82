"""Find workspaces, environments, versions and builds that a person may see; anything else is "not found"."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from assay.core.errors import InvalidInputError, NotFoundError
from assay.core.lifecycle import Status, VersionState
from assay.core.maintenance.rollout import RolloutState
from assay.core.roles import Actor, Right, Role, check_visible
from assay.core.spec import REFERENCE, SLUG
from assay.flow.authentication import no_such_workspace
from assay.flow.maintenance.redirects import redirect_of_environment
from assay.store.models import Build, Environment, Membership, Person, Version, Workspace
from assay.store.reads.rollouts import is_pilot
from assay.store.statements import Parameter, Statement

IN_WORKSPACE = Statement(
    lambda: Membership.objects.filter(
        person_id=Parameter("person"), workspace__slug=Parameter("workspace"), person__is_active=True
    )
)


def actor_in(person: Person, workspace: str, scope: Right | None = None) -> Actor:
    """Return the person with their current role in a workspace. Raises NotFoundError for a non-member."""
    membership = IN_WORKSPACE.first(person=person.pk, workspace=workspace)
    if membership is None:
        raise no_such_workspace()
    return actor_by(person, membership, scope)


def actor_by(person: Person, membership: Membership, scope: Right | None = None) -> Actor:
    """Return the person with the role of this membership."""
    return Actor(
        id=person.pk,
        name=person.get_username(),
        role=Role(membership.role),
        workspace_id=membership.workspace_id,
        scope=scope,
    )


def version_state(version: Version) -> VersionState:
    """Return what the lifecycle table needs to know about a version."""
    build: Build | None = version.build
    return VersionState(
        status=Status(version.status),
        author_id=version.author_id,
        digest=version.digest,
        building=build is not None and build.active,
        drifted=version.lock is not None and version.lock.drift is not None,
    )


def _seen_by(person: object, *, reviews: bool) -> Q:
    """Return the condition that a person may see a version, as `core.roles.may_see` says it of one."""
    seen = ~Q(status__in=[Status.DRAFT, Status.PENDING]) | Q(author_id=person)
    return seen | Q(status=Status.PENDING) if reviews else seen


def _by_slug(*, reviews: bool) -> Statement[Environment]:
    seen = Version.objects.filter(_seen_by(Parameter("person"), reviews=reviews), environment=OuterRef("pk"))
    return Statement(
        lambda: Environment.objects.select_related(
            "owner", "active", "latest", "workspace", "rollout__version", "rollout__before"
        ).filter(Exists(seen), workspace_id=Parameter("workspace"), slug=Parameter("slug"))
    )


BY_SLUG = {reviews: _by_slug(reviews=reviews) for reviews in (False, True)}  # by whether the person reviews


def find_environment(actor: Actor, slug: str) -> Environment:
    """Return an environment of which the actor may see at least one version."""
    statement = BY_SLUG[actor.has(Right.REVIEW)]
    environment = statement.first(workspace=actor.workspace_id, slug=slug, person=actor.id)
    if environment is None:
        raise NotFoundError(f"There is no environment {slug[:40]!r}.", hint="Check the name.")
    return environment


def visible_versions(actor: Actor, environment: Environment) -> QuerySet[Version]:
    """Select the versions of an environment that the actor may see, with what a row of a list shows of each."""
    versions = environment.versions.filter(_seen_by(actor.id, reviews=actor.has(Right.REVIEW)))
    return versions.select_related("author", "lock", "base__environment", "environment", "assessment").defer(
        "spec",
        "base__spec",
        "lock__text",
        "lock__content",
        "lock__report",
        "assessment__findings",
    )


BY_NUMBER = Statement(
    lambda: (
        Version.objects.select_related(
            "environment__workspace",
            "environment__owner",
            "author",
            "lock",
            "build",
            "base__environment",
            "base__base",
            "assessment",
            "merge",
        )
        .defer("lock__text")
        .filter(
            environment__workspace_id=Parameter("workspace"),
            environment__slug=Parameter("slug"),
            number=Parameter("number"),
        )
    )
)


def find_version(actor: Actor, slug: str, number: int) -> Version:
    """Return a version that the actor may see. Raises NotFoundError."""
    version = BY_NUMBER.first(workspace=actor.workspace_id, slug=slug, number=number)
    if version is None:
        raise NotFoundError(f"There is no version {slug[:40]}@{number}.", hint="Check the name and the number.")
    check_visible(actor, status=version.status, author_id=version.author_id)
    return version


def find_reference(actor: Actor, reference: str, path: str = "environment") -> Version:
    """Return the version of a reference: `name@number`, or `name` for what it means to the actor.

    A name whose versions are all retired leads to the successor.
    """
    exact = REFERENCE.fullmatch(reference)
    if exact:
        return find_version(actor, exact[1], int(exact[2]))
    if not SLUG.fullmatch(reference):
        raise InvalidInputError(
            f"{reference[:40]!r} does not name a version.", hint="Write it as name@number.", path=path
        )
    environment = find_environment(actor, reference)
    meant = meant_version(actor, environment)
    if meant is None and (target := REFERENCE.fullmatch(redirect_of_environment(environment))):
        return find_version(actor, target[1], int(target[2]))
    if meant is None:
        raise NotFoundError(f"{reference} has no published version.", hint="Name a version: name@number.")
    return find_version(actor, reference, meant.number)


def meant_version(actor: Actor, environment: Environment) -> Version | None:
    """Return the version that an environment's name stands for: the pilot's for its group, else the active one.

    None when no version is published.
    """
    rollout = environment.rollout
    if rollout is not None and rollout.state == RolloutState.PILOT and is_pilot(actor, rollout):
        return rollout.version
    return environment.active


def find_build(actor: Actor, build_id: str) -> Build:
    """Return a build of a version that the actor may see. Raises NotFoundError."""
    build = (
        Build.objects.select_related("version__environment", "version__lock", "version__author")
        .filter(pk=build_id, version__environment__workspace_id=actor.workspace_id)
        .first()
    )
    if build is None:
        raise NotFoundError("There is no such build.", hint="Check the address.")
    check_visible(actor, status=build.version.status, author_id=build.version.author_id)
    return build


def workspace_of(actor: Actor) -> Workspace:
    """Return the actor's workspace."""
    return Workspace.objects.get(pk=actor.workspace_id)
