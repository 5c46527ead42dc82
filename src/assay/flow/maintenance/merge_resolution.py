"""The resolution of a merge: the lock with the fewest moves, its effect on each source, and fixes of conflicts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assay.core.comparison.diff import ComparedVersion
from assay.core.comparison.merge import MergeEffect, merge_effect
from assay.core.comparison.similarity import Profile
from assay.core.conflicts.fixes import names
from assay.core.errors import AssayError, InvalidInputError, ResolutionError
from assay.core.lock import Lock
from assay.core.maintenance.merge_moves import moves, preference_sets
from assay.core.maintenance.merge_plan import Choices, MergePlan, Source, plan
from assay.core.policy.findings import Finding
from assay.core.roles import Actor
from assay.core.spec import name_of
from assay.flow.assess.assess import preview_findings
from assay.flow.compose.draft import CheckedSpec, SpecInput, check_spec_input
from assay.flow.compose.resolve import new_bytes, resolve_checked
from assay.store.models import Version
from assay.store.reads.compared_versions import compared_version
from assay.store.reads.libraries import direct_names, lines_of
from assay.store.reads.merge_sources import projects_by_version
from assay.store.reads.nearest import need_of

SECONDS = 10.0  # for further attempts, after the first resolution has succeeded or failed
MOST_FIXES = 6  # each costs a resolution


@dataclass(frozen=True, kw_only=True)
class SourceEffect:
    """What the people of one source gain, lose and move by using the merged version, and who they are.

    `people` launched it in 90 days, `projects` run in it; `recorded` tells whether its imports are known, and
    `lost_imports` are imported libraries that the merged version lacks.
    """

    version: Version
    effect: MergeEffect
    people: int
    projects: tuple[str, ...]
    recorded: bool
    lost_imports: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Fix:
    """A decision that lets the merge resolve: leave a library out, or take one source's requirement."""

    library: str
    take: str = ""

    def applied(self, choices: Choices) -> Choices:
        """Return the choices with this one."""
        if self.take:
            return replace(choices, take={**choices.take, self.library: self.take})
        return replace(choices, leave=choices.leave | {self.library})


@dataclass(frozen=True, kw_only=True)
class Merged:
    """The resolved result: lock, Python, direct libraries, bytes that are new here, findings, effect per source."""

    lock: Lock
    direct: tuple[str, ...]
    new_bytes: int
    moved: int
    findings: tuple[Finding, ...]
    effects: tuple[SourceEffect, ...]


@dataclass(frozen=True, kw_only=True)
class MergePreview:
    """A planned merge. Without `merged` it does not resolve: see `plan.exclusions`, or `error` with the `fixes`.

    `versions` are the sources in the order of the plan, `base` is the one that stays; `base_left` explains why a
    common base does not.
    """

    plan: MergePlan
    versions: tuple[Version, ...]
    base: Version | None
    python: str
    only_binary: bool
    choices: Choices
    merged: Merged | None = None
    error: AssayError | None = None
    fixes: tuple[Fix, ...] = ()
    base_left: str = ""


class Resolution:
    """The bounded search for the lock with the fewest moves."""

    def __init__(self, actor: Actor, sources: Sequence[Source], preview: MergePreview) -> None:
        """Take a preview whose requirements do not exclude each other."""
        self.actor, self.sources, self.preview = actor, sources, preview
        self.until = time.monotonic() + SECONDS

    def run(self) -> MergePreview:
        """Return the preview with its result, or with the conflict and the fixes that resolve it."""
        preview, first = self.preview, None
        for python in self._pythons():
            planned = plan(self.sources, preview.plan.by, replace(preview.choices, python=python))
            preview = replace(preview, plan=planned, python=python)
            if planned.exclusions:
                return preview
            try:
                return replace(preview, merged=self._merged(preview))
            except (ResolutionError, InvalidInputError) as error:
                first = first or replace(preview, error=error)
        assert first is not None and first.error is not None  # noqa: S101, PT018 - there is at least one Python
        return replace(first, fixes=self._fixes(first, first.error.detail))

    def _pythons(self) -> tuple[str, ...]:
        """Return the Pythons to try: the base's, the chosen one, or those of the sources, newest first."""
        if self.preview.base:
            return (self.preview.base.python,)
        return (self.preview.choices.python,) if self.preview.choices.python else self.preview.plan.pythons

    def _checked(self, preview: MergePreview) -> CheckedSpec:
        return check_spec_input(self.actor, spec_input_of(preview))

    def _resolve(self, checked: CheckedSpec, preferred: dict[str, str]) -> Lock:
        pins = tuple(f"{name}=={version}" for name, version in sorted(preferred.items()))
        return resolve_checked(self.actor, checked, "merge", preferred=pins, cached=True)[1]

    def _merged(self, preview: MergePreview) -> Merged:
        """Resolve with each set of preferred versions, within the time, and return the one that moves least."""
        checked, best = self._checked(preview), None
        for wanted in preference_sets(self.sources):
            if best is not None and time.monotonic() > self.until:
                break
            lock = self._resolve(checked, wanted)
            score = moves(self.sources, {one.name: one.version for one in lock.libraries})
            if best is None or score < best[0]:
                best = score, lock
        assert best is not None  # noqa: S101 - there is at least one set
        return self._described(checked, *best)

    def _described(self, checked: CheckedSpec, score: tuple[int, int], lock: Lock) -> Merged:
        direct = direct_names(checked.spec.names, checked.base)
        tags = merged_tags(self.preview.versions)
        findings = preview_findings(
            self.actor.workspace_id,
            lock,
            direct=direct,
            base=checked.base.reference if checked.base else "",
            tags=tags,
        )
        return Merged(
            lock=lock,
            direct=direct,
            new_bytes=new_bytes(lock),
            moved=score[0],
            findings=tuple(findings),
            effects=self._effects(checked, lock, direct),
        )

    def _effects(self, checked: CheckedSpec, lock: Lock, direct: tuple[str, ...]) -> tuple[SourceEffect, ...]:
        to = ComparedVersion(label="merged", lock=lock, direct=direct)
        kept = Profile(
            python=lock.python,
            lines=lines_of(checked.spec.libraries, checked.base),
            versions={one.name: one.version for one in lock.libraries},
            digest=lock.digest,
        )
        projects = projects_by_version(self.preview.versions)
        known = {one.reference: one for one in self.sources}
        return tuple(
            SourceEffect(
                version=one,
                effect=merge_effect(compared_version(one), to, need_of(one), kept),
                people=known[one.reference].people,
                projects=projects[one.pk],
                recorded=known[one.reference].imported is not None,
                lost_imports=_lost_imports(known[one.reference], kept),
            )
            for one in self.preview.versions
        )

    def _fixes(self, preview: MergePreview, detail: str) -> tuple[Fix, ...]:
        """Return the decisions that resolve, among those about libraries that the conflict names."""
        found = []
        for fix in fix_candidates(preview.plan, self.sources, detail)[:MOST_FIXES]:
            if time.monotonic() > self.until:
                break
            planned = plan(
                self.sources, preview.plan.by, fix.applied(replace(preview.choices, python=preview.python))
            )
            try:
                checked = self._checked(replace(preview, plan=planned))
                self._resolve(checked, preference_sets(self.sources)[0])
            except (ResolutionError, InvalidInputError):
                continue
            found.append(fix)
        return tuple(found)


def _lost_imports(source: Source, kept: Profile) -> tuple[str, ...]:
    imported = source.imported or frozenset()
    return tuple(sorted(name for name in imported & source.versions.keys() if name not in kept.versions))


def fix_candidates(planned: MergePlan, sources: Sequence[Source], detail: str) -> list[Fix]:
    """Return decisions about libraries that an explanation names: take one requirement, or leave the library out."""
    lines = {one.reference: {name_of(line): line for line in one.lines} for one in sources}
    involved = [one for one in planned.lines if names(detail, one.name)]
    found = []
    for one in involved:
        asked = {reference: lines[reference].get(one.name, "") for reference in one.sources}
        if len(set(asked.values())) > 1:
            found += [Fix(library=one.name, take=reference) for reference in asked]
    if len(planned.lines) > 1:
        found += [Fix(library=one.name) for one in involved]
    return list(dict.fromkeys(found))


def spec_input_of(preview: MergePreview) -> SpecInput:
    """Return the spec of a planned merge."""
    return SpecInput(
        base=preview.base.reference if preview.base else None,
        python=None if preview.base else preview.python,
        libraries=preview.plan.requirements,
        only_binary=preview.only_binary,
    )


def merged_tags(versions: Sequence[Version]) -> tuple[str, ...]:
    """Return the tags of all sources: rules of the policy go by tag."""
    return tuple(sorted({tag for one in versions for tag in one.environment.tags}))
