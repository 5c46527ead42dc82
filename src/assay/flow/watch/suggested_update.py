"""Suggested updates: a draft of the next version that fixes known vulnerabilities, resolved before it is offered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory

from assay.core.advisories.advisory import Match
from assay.core.advisories.suggested_update import (
    STRATEGIES,
    LibraryUpdate,
    UpdatePlan,
    VersionChange,
    changes_between,
    plan_updates,
    spec_with_updates,
    summary_of,
    with_unwanted,
)
from assay.core.errors import ConflictError, ResolutionError
from assay.core.lifecycle import Health
from assay.core.lock import Lock as LockValue
from assay.core.policy.findings import Effect, Finding
from assay.core.policy.library_rules import Deny, Malware, Vulnerability
from assay.core.policy.version_rules import Yanked
from assay.core.roles import Actor, Right, check_right
from assay.core.spec import Spec
from assay.engine.engines import engine_of
from assay.flow.access import find_version
from assay.flow.assess.assess import preview_findings, verdict
from assay.flow.assess.policy import current_policy
from assay.flow.assess.report import known_vulnerabilities
from assay.flow.compose.draft import CheckedSpec, start_from
from assay.flow.compose.resolve import pins_of, resolve_request
from assay.flow.package_indexes import indexes_in
from assay.flow.paths import engine_paths, home
from assay.store.models import Version
from assay.store.reads.advisories import current_feed
from assay.store.reads.libraries import direct_of

UNWANTED = frozenset({Yanked.kind, Deny.kind, Malware.kind})  # their release must not be used at all
MOST = 50  # environments per request; each needs a resolution


@dataclass(frozen=True, kw_only=True)
class SuggestedUpdate:
    """An update that fixes vulnerabilities. `unfixed`: no fixed version is known; `findings`: of the result."""

    spec: Spec
    lock: LockValue
    moved: tuple[VersionChange, ...]
    unfixed: tuple[Match, ...]
    findings: tuple[Finding, ...]
    draft: Version | None = None

    @property
    def words(self) -> str:
        """The version changes in one phrase."""
        return summary_of(self.moved)


def suggest_update(actor: Actor, slug: str, number: int, *, create: bool = True) -> SuggestedUpdate:
    """Find the smallest update that fixes a version, resolve it, and with `create` start a draft of it.

    Raises ConflictError with the reason when there is nothing to fix or no update that fixes it.
    """
    check_right(actor, Right.COMPOSE)
    version = find_version(actor, slug, number)
    if version.lock is None:
        raise ConflictError("This version is not built.", hint="Build it first.")
    found = _plan(version)
    _check_plan(version, found)
    spec, lock = _resolve(actor, version, found.moves)
    moved = changes_between(LockValue.from_dict(version.lock.content), lock, found.moves)
    base = version.base.reference if version.base else ""
    tags = tuple(version.environment.tags)
    findings = tuple(
        preview_findings(
            actor.workspace_id, lock, direct=spec.names, environment=version.environment.slug, base=base, tags=tags
        )
    )
    _check_cleared(found, findings)
    draft = start_from(actor, version, spec) if create else None
    return SuggestedUpdate(spec=spec, lock=lock, moved=moved, unfixed=found.unfixed, findings=findings, draft=draft)


@dataclass(frozen=True, kw_only=True)
class UpdateResult:
    """The suggested update of one version, or in `reason` why there is none."""

    reference: str
    update: SuggestedUpdate | None
    reason: str


def suggest_updates(actor: Actor, *, create: bool = False) -> list[UpdateResult]:
    """Suggest an update for the newest version of each environment that needs attention, at most `MOST`."""
    check_right(actor, Right.COMPOSE)
    rows = Version.objects.filter(active_of__workspace_id=actor.workspace_id).exclude(health=Health.OK)
    results = []
    for version in rows.select_related("environment").order_by("environment__slug")[:MOST]:
        try:
            found = suggest_update(actor, version.environment.slug, version.number, create=create)
            results.append(UpdateResult(reference=version.reference, update=found, reason=""))
        except ConflictError as error:
            results.append(
                UpdateResult(reference=version.reference, update=None, reason=f"{error.detail} {error.hint}")
            )
    return results


def _plan(version: Version) -> UpdatePlan:
    """Return the plan for the blocking and warning findings that are not waived.

    Raises ConflictError when no feed is loaded and there is no finding of an unwanted release.
    """
    seen, feed = verdict(version), current_feed()
    loud = [one for one in seen.findings if one.effect is not Effect.NOTE and seen.waiver_of(one) is None]
    unwanted = [one for one in loud if one.kind in UNWANTED]
    if feed is None and not unwanted:
        raise ConflictError("Advisories are not assessed: no feed is loaded.", hint="An administrator loads one.")
    found = UpdatePlan(moves=(), unfixed=())
    if feed is not None:
        wanted = {name for one in loud if one.kind == Vulnerability.kind for name in one.names}
        matches = known_vulnerabilities(version, feed).matches
        found = plan_updates([one for one in matches if one.names & wanted], feed.index)
    return with_unwanted(found, unwanted)


def _check_cleared(found: UpdatePlan, findings: tuple[Finding, ...]) -> None:
    """Raise ConflictError when a library that was to leave an unwanted release has an unwanted one again."""
    away = {one.library for one in found.moves if not one.least}
    still = next((one for one in findings if one.kind in UNWANTED and one.library in away), None)
    if still is not None:
        raise ConflictError(f"No other release helps: {still.words}.", hint=still.advice)


def _check_plan(version: Version, found: UpdatePlan) -> None:
    if not found.moves and not found.unfixed:
        raise ConflictError("There is no known vulnerability to fix.", hint="Check the other findings.")
    if not found.moves:
        names = ", ".join(sorted({f"{one.library} {one.version} ({one.id})" for one in found.unfixed})[:5])
        raise ConflictError(
            f"No fixed version is known for {names}.", hint="Replace the library, or waive the finding with a reason."
        )
    pinned = {line.partition("==")[0] for line in pins_of(version.base)}
    fixed = [one.library for one in found.moves if one.library in pinned]
    if fixed and version.base is not None:
        raise ConflictError(
            f"{', '.join(fixed)} is pinned by the base {version.base.reference}.",
            hint="Update the base first, publish it, then build on it.",
        )


def _resolve(actor: Actor, version: Version, moves: tuple[LibraryUpdate, ...]) -> tuple[Spec, LockValue]:
    """Resolve with each strategy, the narrowest first. Raises ConflictError with the last conflict if all fail."""
    before = LockValue.from_dict(version.lock.content if version.lock else {})
    direct = frozenset(direct_of(version))
    for width in STRATEGIES:
        spec = spec_with_updates(version.parsed_spec, before, moves, width, direct)
        try:
            return spec, _preview(actor, version, spec)
        except ResolutionError as error:
            last = error
    raise ConflictError(
        f"The fixed versions conflict with the other libraries: {last.detail}", hint=last.hint
    ) from last


def _preview(actor: Actor, version: Version, spec: Spec) -> LockValue:
    sources = indexes_in(actor.workspace_id)
    kept = replace(spec, keep=version.reference)
    checked = CheckedSpec(spec=kept, base=version.base, python=version.python, corrections=(), kept=version)
    request = resolve_request(
        checked, sources, cool_down_days=current_policy(actor.workspace_id).policy.cool_down_days
    )
    (home() / "tmp").mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="update-", dir=home() / "tmp") as workdir:
        resolved = engine_of(request).preview(
            request, paths=engine_paths(), workdir=workdir, credentials=sources.credentials
        )
        return resolved.lock
