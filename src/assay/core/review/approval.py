"""Approval of a submission: how many reviewers, from which groups, and which changes need none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assay.core.comparison.diff import Change, Comparison, Row, Step
from assay.core.errors import InvalidInputError
from assay.core.policy.findings import Effect, Finding

MOST_APPROVALS = 5
MOST_GROUPS = 10
RISKY_SETTINGS = frozenset({"Python", "Base"})  # settings that add risk; the others show in the libraries
GROUP = re.compile(r"[a-z][a-z0-9-]{0,31}")


@dataclass(frozen=True, kw_only=True)
class ApprovalRules:
    """The number of approvals required, with one of each group; `automatic` publishes low-risk changes."""

    approvals: int = 1
    groups: tuple[str, ...] = ()
    automatic: bool = False


@dataclass(frozen=True, kw_only=True)
class ApprovalProgress:
    """The approvals of a submission so far. `missing` are the groups of which nobody approved yet."""

    given: int
    wanted: int
    missing: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Return whether the submission has all its approvals."""
        return self.given >= self.wanted and not self.missing

    @property
    def words(self) -> str:
        """The approvals still needed: `2 approvals`, `1 more approval`, `1 approval, by security`; '' for none."""
        if self.complete:
            return ""
        left = max(self.wanted - self.given, len(self.missing))
        whole = f"{left} approval{'' if left == 1 else 's'}"
        if self.given:
            whole = f"{left} more approval{'' if left == 1 else 's'}"
        return f"{whole}, by {' and '.join(self.missing)}" if self.missing else whole


def approval_progress(rules: ApprovalRules, approved: Sequence[Iterable[str]]) -> ApprovalProgress:
    """Count approvals; each is given as the groups of its reviewer."""
    seen = frozenset(group for groups in approved for group in groups)
    return ApprovalProgress(
        given=len(approved), wanted=rules.approvals, missing=tuple(one for one in rules.groups if one not in seen)
    )


def check_rules(rules: ApprovalRules) -> ApprovalRules:
    """Return the rules, if valid. Raises InvalidInputError."""
    if not 1 <= rules.approvals <= MOST_APPROVALS:
        raise InvalidInputError(
            f"{rules.approvals} approvals.", hint=f"Choose 1 to {MOST_APPROVALS}.", path="approvals"
        )
    check_groups(rules.groups)
    return rules


def check_groups(groups: Sequence[str]) -> tuple[str, ...]:
    """Return group names without duplicates. Raises InvalidInputError."""
    found = tuple(dict.fromkeys(groups))
    if len(found) > MOST_GROUPS:
        raise InvalidInputError(f"{len(found)} groups.", hint=f"Name at most {MOST_GROUPS}.", path="groups")
    for one in found:
        if not GROUP.fullmatch(one):
            raise InvalidInputError(
                f"{one[:40]!r} is not a group name.", hint="A letter, then letters, digits, hyphens.", path="groups"
            )
    return found


def risks(comparison: Comparison | None, findings: Iterable[Finding], *, assessed: bool, failed: int) -> list[str]:
    """Return the reasons why a change is not low-risk, [] when it is.

    Low risk means: compared with the version published before, no library added or removed, patch releases only
    (PEP 440), the same Python, the same base or another version of it, every check passed, a feed loaded, and no
    finding that blocks or warns. What another version of the base changes shows in the libraries.
    """
    if comparison is None:
        return ["No version is published before it."]
    found = [
        f"{one.name} differs: {', '.join(one.values)}."
        for one in comparison.settings
        if one.name in RISKY_SETTINGS and _differs([_without_number(value) for value in one.values])
    ]
    found += [words for row in comparison.changed if (words := _risk(row))]
    serious = sum(one.effect is not Effect.NOTE for one in findings)
    if serious:
        found.append(f"{serious} finding{'' if serious == 1 else 's'}.")
    if not assessed:
        found.append("Known vulnerabilities are not assessed.")
    if failed:
        found.append(f"{failed} check{'' if failed == 1 else 's'} did not pass.")
    return found


def _without_number(value: str) -> str:
    """Return the environment of a base, `ds101` for `ds101@3`; any other value as it is."""
    return value.partition("@")[0]


def _differs(values: Sequence[str]) -> bool:
    return len(set(values)) > 1


def _risk(row: Row) -> str:
    """Return what is risky about a changed library, '' for a patch release."""
    if row.change is Change.UPGRADED and row.step is Step.PATCH:
        return ""
    if row.change is Change.UPGRADED:
        return f"{row.name} has a {row.step} upgrade."
    return f"{row.name} is {row.change}."
