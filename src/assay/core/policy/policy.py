"""The policy of a workspace: a list of rules, and their evaluation on a version."""

from __future__ import annotations

from dataclasses import dataclass

from assay.core.advisories.advisory import Severity
from assay.core.policy.build_rules import (
    FileConflicts,
    ImportFailure,
    KernelFailure,
    RecordMismatches,
    ShadowedCommands,
    StartupCode,
)
from assay.core.policy.change_rules import Downgrade, Growth, LicenceChange, NewLibrary, OtherIndex
from assay.core.policy.facts import Context, LibraryFact, VersionFacts
from assay.core.policy.findings import Effect, Fact, Finding, strongest, weaker
from assay.core.policy.library_rules import (
    AllowOnly,
    Deny,
    Fix,
    LicencesAllowed,
    LicencesDenied,
    LicenceUnknown,
    Malware,
    MinimumAge,
    Rule,
    Sources,
    Vulnerability,
)
from assay.core.policy.project_rules import PythonEndOfLife, SimilarName, YoungProject
from assay.core.policy.version_rules import (
    Count,
    Drift,
    MaximumAge,
    NearDuplicate,
    ProjectStatus,
    PythonVersions,
    Require,
    Size,
    Spread,
    Yanked,
)
from assay.core.roles import Role

KINDS: tuple[type[Rule], ...] = (
    Malware,
    Vulnerability,
    Yanked,
    ProjectStatus,
    Deny,
    AllowOnly,
    Require,
    LicencesAllowed,
    LicencesDenied,
    LicenceUnknown,
    MinimumAge,
    MaximumAge,
    Sources,
    PythonVersions,
    Size,
    Count,
    Spread,
    NearDuplicate,
    Drift,
    ImportFailure,
    KernelFailure,
    FileConflicts,
    ShadowedCommands,
    StartupCode,
    RecordMismatches,
    SimilarName,
    YoungProject,
    OtherIndex,
    NewLibrary,
    Downgrade,
    LicenceChange,
    Growth,
    PythonEndOfLife,
)
BY_KIND = {one.kind: one for one in KINDS}


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The rules of a workspace, in display order."""

    rules: tuple[Rule, ...] = ()

    @property
    def quarantines(self) -> bool:
        """Return whether malware quarantines a published version at once."""
        return any(isinstance(rule, Malware) and rule.quarantine for rule in self.rules)

    @property
    def cool_down_days(self) -> int:
        """The minimum age of a release in days by rules that block everywhere; resolutions avoid newer ones."""
        blocking = (one for one in self.rules if isinstance(one, MinimumAge) and one.effect is Effect.BLOCK)
        return max((one.days for one in blocking if not one.tags and not one.bases), default=0)


DEFAULT = Policy(
    rules=(
        Malware(effect=Effect.BLOCK, waived_by=Role.ADMIN),
        Vulnerability(effect=Effect.BLOCK, severity=Severity.HIGH, fix=Fix.WITH),
        Vulnerability(effect=Effect.WARN, severity=Severity.LOW),
        Yanked(effect=Effect.WARN),
        ProjectStatus(effect=Effect.BLOCK, statuses=("quarantined",)),
        ProjectStatus(effect=Effect.NOTE, statuses=("archived", "deprecated")),
        LicencesDenied(effect=Effect.WARN, licences=("AGPL-3.0-only", "AGPL-3.0-or-later")),
        LicenceUnknown(effect=Effect.NOTE),
        MinimumAge(effect=Effect.NOTE, days=7),
        Sources(effect=Effect.WARN),
        NearDuplicate(effect=Effect.NOTE, percent=95),
        ImportFailure(),
        KernelFailure(),
        FileConflicts(),
        ShadowedCommands(),
        StartupCode(),
        RecordMismatches(),
        SimilarName(),
        YoungProject(),
        OtherIndex(),
        NewLibrary(),
        Downgrade(),
        LicenceChange(),
        Growth(),
        PythonEndOfLife(),
    )
)


def missing_defaults(policy: Policy) -> tuple[Rule, ...]:
    """Return the rules of the default policy of whose kind a policy has none: it may be older than they are."""
    kinds = {type(rule) for rule in policy.rules}
    return tuple(rule for rule in DEFAULT.rules if type(rule) not in kinds)


class Evaluator:
    """Applies one policy in one context to many versions. The findings of each file are computed once."""

    def __init__(self, policy: Policy, context: Context) -> None:
        self._policy = policy
        self._context = context
        self._library_rules = _overriding(policy, "check_library")
        self._version_rules = _overriding(policy, "check_version")
        self._evaluated: set[str] = set()  # keys of files, and those of them that have findings
        self._found: set[str] = set()
        self._of_file: dict[str, list[tuple[Rule, Finding]]] = {}

    def findings(self, version: VersionFacts) -> list[Finding]:
        """Return the findings of a version, strongest effect first; each fact once."""
        in_scope = [rule for rule in self._policy.rules if rule.covers(version)]
        everything = len(in_scope) == len(self._policy.rules)
        scope = {id(rule) for rule in in_scope}
        self._evaluate_new(version)
        found: list[Finding] = []
        for key in version.derived.keys & self._found:
            found += [finding for rule, finding in self._of_file[key] if everything or id(rule) in scope]
        for rule in self._version_rules:
            if everything or id(rule) in scope:
                found += [_finding(rule, fact) for fact in rule.check_version(version, self._context)]
        return strongest(found)

    def _evaluate_new(self, version: VersionFacts) -> None:
        """Compute the findings of the version's files that no version before had."""
        new = version.derived.keys - self._evaluated
        for library in version.libraries if new else ():
            if library.key in new:
                findings = self._evaluate(library)
                if findings:
                    self._of_file[library.key] = findings
                    self._found.add(library.key)
        self._evaluated |= new

    def _evaluate(self, library: LibraryFact) -> list[tuple[Rule, Finding]]:
        rules = self._library_rules
        return [(rule, _finding(rule, fact)) for rule in rules for fact in rule.check_library(library, self._context)]


def _overriding(policy: Policy, method: str) -> tuple[Rule, ...]:
    """Return the rules that have a method of their own: the others find nothing by it."""
    return tuple(rule for rule in policy.rules if getattr(type(rule), method) is not getattr(Rule, method))


def _finding(rule: Rule, fact: Fact) -> Finding:
    """Apply a rule to a fact. A fact that was not assessed is reported and never blocks an approval by itself."""
    return Finding(
        key=fact.key,
        kind=rule.kind,
        effect=weaker(rule.effect, fact.at_most) if fact.assessed else Effect.NOTE,
        words=fact.words,
        advice=fact.advice,
        rule=rule.sentence,
        library=fact.library,
        version=fact.version,
        names=fact.names,
        waived_by=str(rule.waived_by),
        stop_after=rule.stop_after,
        assessed=fact.assessed,
        fixed=fact.fixed,
    )
