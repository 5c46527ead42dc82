"""Assessment: compute the findings of a version from its facts under the current policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone

from assay.core.errors import ConflictError, InvalidInputError
from assay.core.lock import Lock as LockValue
from assay.core.policy.facts import LibraryFact, Project, VersionFacts
from assay.core.policy.findings import Effect, Finding, Waiver, open_blocks
from assay.core.policy.library_rules import LicencesAllowed, LicenceUnknown
from assay.core.policy.policy import Evaluator, Policy
from assay.core.policy.version_rules import NearDuplicate
from assay.flow.assess.context import context_for
from assay.flow.assess.facts import library_fact, store_facts
from assay.flow.assess.policy import current_policy
from assay.store.models import Assessment, LockedFile, Version
from assay.store.reads.advisories import FeedFacts, feed_facts
from assay.store.reads.facts import LIVE, earlier_version, facts_of, files_of, near_to, rows_of
from assay.store.reads.review_context import ReviewContext
from assay.store.reads.waivers import waivers_in


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The findings of a version, with the policy revision, feed (None: not assessed) and time they are based on."""

    findings: tuple[Finding, ...]
    waivers: tuple[Waiver, ...]
    policy: int
    feed: FeedFacts | None
    at: datetime

    @property
    def blocking(self) -> list[Finding]:
        """The blocking findings without an active waiver."""
        return open_blocks(list(self.findings), list(self.waivers), timezone.now())

    @property
    def warnings(self) -> list[Finding]:
        """The warnings without an active waiver."""
        return [one for one in self.findings if one.effect is Effect.WARN and self.waiver_of(one) is None]

    def waiver_of(self, finding: Finding) -> Waiver | None:
        """Return the newest active waiver of a finding, None when there is none."""
        now = timezone.now()
        return next((one for one in self.waivers if one.key == finding.key and one.holds(now)), None)


def verdict(version: Version) -> Verdict:
    """Return today's verdict on a version, reusing a stored one that is current. Empty without a lock."""
    known = Assessment.objects.filter(version=version).first()
    revision = current_policy(version.environment.workspace_id).revision
    found = fresh_verdict(version, known, policy=revision, feed=feed_facts())
    return found or assess(version, keep=version.status not in LIVE)  # new findings on live versions: see flow.watch


def verdict_in(version: Version, context: ReviewContext) -> Verdict:
    """Return today's verdict on a version that was loaded with its assessment, in a context read before."""
    known = getattr(version, "assessment", None)
    return fresh_verdict(version, known, policy=context.policy, feed=context.feed) or verdict(version)


def fresh_verdict(
    version: Version, known: Assessment | None, *, policy: int, feed: FeedFacts | None
) -> Verdict | None:
    """Return the stored verdict on a version if it is current: of this policy revision, of this feed, of today."""
    fresh = (version.digest, policy, feed.id if feed else None, timezone.now().date())
    if known is None or (known.digest, known.policy, known.feed_id, known.day) != fresh:
        return None
    findings = tuple(Finding.from_dict(one) for one in known.findings)
    waivers = tuple(waivers_in(version.environment_id))
    return Verdict(findings=findings, waivers=waivers, policy=policy, feed=feed, at=known.at)


def assess(version: Version, *, keep: bool = True) -> Verdict:
    """Assess a version now and, with `keep`, store the verdict. Return no findings without a lock."""
    current, feed, now = current_policy(version.environment.workspace_id), feed_facts(), timezone.now()
    findings: list[Finding] = []
    if version.lock is not None:
        store_facts(version.lock_id)
        facts = _facts(version, current.policy)
        context = context_for(version.environment.workspace_id, current.policy, facts.names)
        findings = Evaluator(current.policy, context).findings(facts)
        if keep:
            version.assessment = store(
                version.pk, version.digest, findings, policy=current.revision, feed=feed, at=now
            )
    waivers = tuple(waivers_in(version.environment_id))
    return Verdict(findings=tuple(findings), waivers=waivers, policy=current.revision, feed=feed, at=now)


def store(
    version_id: int, digest: str, findings: list[Finding], *, policy: int, feed: FeedFacts | None, at: datetime
) -> Assessment:
    """Store the verdict on a version, replacing an earlier one."""
    found, _ = Assessment.objects.update_or_create(
        version_id=version_id,
        defaults={
            "digest": digest,
            "policy": policy,
            "feed_id": feed.id if feed else None,
            "day": at.date(),
            "findings": [one.to_dict() for one in findings],
            "blocking": sum(one.effect is Effect.BLOCK for one in findings),
            "warnings": sum(one.effect is Effect.WARN for one in findings),
            "at": at,
        },
    )
    return found


def _facts(version: Version, policy: Policy) -> VersionFacts:
    facts = facts_of(rows_of(Version.objects.filter(pk=version.pk)))[version.pk]
    least = min((rule.percent for rule in policy.rules if isinstance(rule, NearDuplicate)), default=None)
    if least is None or version.lock_id is None:
        return facts
    files = frozenset(files_of([version.lock_id]).get(version.lock_id, ()))
    near = near_to(version.environment.workspace_id, version.environment_id, files, least=least / 100)
    return replace(facts, near=near)


def preview_findings(
    workspace_id: int,
    lock: LockValue,
    *,
    direct: Iterable[str] = (),
    environment: str = "",
    base: str = "",
    tags: tuple[str, ...] = (),
    known: Mapping[str, Project] | None = None,
) -> list[Finding]:
    """Return the findings that a reviewer would see for a lock that is not built yet, used while composing.

    `environment` and `base` name what it is compared with, `known` is what an index just said of projects. Licences
    and installed sizes are known only for files that an earlier build unpacked: findings on other licences are left
    out, and other files count with the bytes of their download, which are fewer.
    """
    policy = current_policy(workspace_id).policy
    libraries, size = _known_facts(lock)
    facts = VersionFacts(
        reference="draft@0",
        digest=lock.digest,
        python=lock.python,
        size=size,
        libraries=libraries,
        tags=frozenset(tags),
        base=base,
        direct=frozenset(direct),
        before=earlier_version(workspace_id, environment, base),
    )
    context = context_for(workspace_id, policy, facts.names)
    findings = Evaluator(policy, replace(context, projects={**context.projects, **(known or {})})).findings(facts)
    about_licences = {LicencesAllowed.kind, LicenceUnknown.kind}
    unseen = {one.name for one in libraries if not one.licence}
    return [one for one in findings if one.kind not in about_licences or one.library not in unseen]


def _known_facts(lock: LockValue) -> tuple[tuple[LibraryFact, ...], int]:
    """Return the facts of the libraries of a lock, and the least bytes that they take when installed."""
    facts = [library_fact(one, "") for one in lock.libraries]
    stored = LockedFile.objects.filter(key__in=[one.key for one in facts]).values_list("key", "licence", "size")
    known = {key: (licence, size) for key, licence, size in stored}
    sizes = [known.get(one.key, ("", None))[1] for one in facts]
    least = sum(size or one.file.size for one, size in zip(lock.libraries, sizes, strict=True))
    return tuple(replace(one, licence=known.get(one.key, ("", None))[0]) for one in facts), least


def check_note(version: Version, note: str) -> None:
    """Raise InvalidInputError when there are blocking findings and the author's note is empty."""
    blocking = assess(version).blocking
    if blocking and not note.strip():
        raise InvalidInputError(
            f"{_count(blocking)} would stop an approval: {_first(blocking)}",
            hint="Change the libraries, or explain in the note why it should still be approved.",
            path="note",
        )


def check_waived(version: Version) -> Verdict:
    """Assess a version now and return the verdict. Raises ConflictError like `check_open`."""
    found = assess(version)
    check_open(found)
    return found


def check_open(found: Verdict) -> None:
    """Raise ConflictError while a verdict has a blocking finding without an active waiver."""
    blocking = found.blocking
    if blocking:
        raise ConflictError(
            f"{_count(blocking)} without a waiver: {_first(blocking)}",
            hint="Reject it with what should change, or waive each finding with a reason.",
            path="findings",
        )


def _first(blocking: list[Finding]) -> str:
    """Return the first finding in a few words: its name, without the summary of the advisory."""
    words = blocking[0].words.partition(": ")[0] if blocking[0].names else blocking[0].words
    return f"{words[:200]}{', and others' if len(blocking) > 1 else ''}."


def _count(blocking: list[Finding]) -> str:
    return f"{len(blocking)} blocking finding{'s' if len(blocking) > 1 else ''}"
