"""The summary sentence of a review: findings, changes, and libraries that are new to the workspace."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from assay.core.comparison.diff import Change, Comparison, Row, Step
from assay.core.formatting import plural
from assay.core.policy.findings import EFFECT_RANK, Effect, Finding
from assay.core.report import Check
from assay.core.review.finding_groups import FindingGroup, group_findings, group_notes

MOST_FINDINGS = 2  # groups of findings that are listed
MOST_NAMES = 3  # libraries that are listed
NEW_LIBRARY = "new-library"  # a kind of note that is not counted, since the sentence includes it
SETTINGS = ("Python", "Base")
DETAILS = re.compile(r"[:,] ")  # ends the headline of a finding
STATE_WORDS = {"skipped": "not assessed"}


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The parts of the sentence. `found` lists blocking findings and warnings, or ''; `effect` is the strongest."""

    effect: Effect | None
    found: str
    changes: str

    @property
    def sentence(self) -> str:
        """The whole sentence, findings first."""
        return ". ".join(part for part in (self.found, self.changes) if part) + "."


def summarise(
    comparison: Comparison,
    findings: Sequence[Finding],
    *,
    new: Collection[str] = (),
    waived: int = 0,
    failed: Sequence[str] = (),
    assessed: bool = True,
) -> Summary:
    """Summarise a version compared with another one, or with none.

    `findings` are those without a waiver, notes included, and `waived` counts the others. `new` are libraries that
    the workspace never approved, `failed` the names of checks that did not pass, which are listed if no finding
    blocks or warns; `assessed` is whether known vulnerabilities were assessed.
    """
    groups = group_findings(one for one in findings if one.effect is not Effect.NOTE)
    changes = [*_changes(comparison), *_new(len(new))]
    left = _left(waived, () if groups else failed, assessed=assessed)
    if not groups and not failed:
        notes = group_notes(one for one in findings if one.effect is Effect.NOTE and one.kind != NEW_LIBRARY)
        left += [plural(len(notes), "note")] if notes else []
        left.append("nothing else found" if left else "nothing found")
    return Summary(
        effect=max((one.effect for one in groups), key=EFFECT_RANK.__getitem__, default=None),
        found=_found(groups),
        changes=_capital("; ".join([*changes, *left])),
    )


def summarise_checks(checks: Sequence[Check]) -> str:
    """Return the results of the checks of a build in one line, such as `failed: imports; 8 checks passed`."""
    by_state: dict[str, list[str]] = {}
    for one in checks:
        by_state.setdefault(one.state, []).append(one.name)
    passed = len(by_state.pop("passed", ()))
    found = [f"{STATE_WORDS.get(state, state)}: {', '.join(names)}" for state, names in sorted(by_state.items())]
    return "; ".join([*found, f"{plural(passed, 'check')} passed"])


def _found(groups: Sequence[FindingGroup]) -> str:
    """Return the blocking findings and the number of warnings, or the warnings; '' for neither."""
    blocks, warnings = _count(groups, Effect.BLOCK), _count(groups, Effect.WARN)
    counted = plural(warnings, "warning")
    if not blocks:
        return f"{counted}: {_named_findings(groups, Effect.WARN)}" if warnings else ""
    verb = "blocks" if blocks == 1 else "block"
    found = f"{plural(blocks, 'finding')} {verb}: {_named_findings(groups, Effect.BLOCK)}"
    return f"{found}. {counted}" if warnings else found


def _count(groups: Sequence[FindingGroup], effect: Effect) -> int:
    return sum(one.effect is effect for group in groups for one in group.findings)


def _named_findings(groups: Sequence[FindingGroup], effect: Effect) -> str:
    """Return the first findings with an effect, and how many others there are."""
    concerned = [one for one in groups if one.effect is effect]
    others = _count(concerned[MOST_FINDINGS:], effect)
    named = [_headline(one) for one in concerned[:MOST_FINDINGS]]
    return "; ".join([*named, *([f"and {plural(others, 'other')}"] if others else [])])


def _headline(group: FindingGroup) -> str:
    """Return the first finding of a group without its details, and the number of others with the same effect."""
    more = _count([group], group.effect) - 1 if group.library else 0
    return f"{DETAILS.split(group.words, maxsplit=1)[0]}{f' and {more} more' if more else ''}"


def _changes(comparison: Comparison) -> list[str]:
    """Return the differences from the first version."""
    if all(row.versions[0] is None for row in comparison.rows):
        direct = sum(row.direct for row in comparison.rows)
        return [f"installs {plural(len(comparison.rows), 'library')}, {direct} of them direct"]
    found = [
        f"{one.name} {one.values[0]} → {one.values[-1]}"
        for one in comparison.settings
        if one.name in SETTINGS and one.values[0] and one.values[0] != one.values[-1]
    ]
    by_change: dict[Change, list[Row]] = {change: [] for change in Change}
    for row in comparison.changed:
        by_change[row.change].append(row)
    found += _listed(by_change[Change.ADDED], "adds", ("it needs", "they need"), "that others need")
    found += _listed(by_change[Change.REMOVED], "removes", ("it needed", "they needed"), "no longer needed")
    found += _updates(by_change[Change.UPGRADED])
    found += _counted(by_change[Change.DOWNGRADED], "downgrade")
    found += _counted(by_change[Change.MOVED], "library", " from another index")
    found += _counted(by_change[Change.REBUILT], "library", " with another file at the same version")
    return found or [f"the same libraries as {comparison.labels[0]}"]


def _listed(rows: Sequence[Row], verb: str, needed: tuple[str, str], others: str) -> list[str]:
    """Return the direct libraries added or removed, the number of their dependencies, and the number of others."""
    direct = [row.name for row in rows if row.direct]
    with_them = sum(bool(row.via) and row.via[0] in direct for row in rows)
    alone = len(rows) - len(direct) - with_them
    items = _few(direct)
    if with_them:
        items.append(f"{plural(with_them, 'library')} {needed[len(direct) > 1]}")
    if alone:
        items.append(f"{plural(alone, 'library')} {others}")
    return [f"{verb} {_join(items)}"] if items else []


def _updates(rows: Sequence[Row]) -> list[str]:
    found = []
    for step in Step:
        concerned = [row for row in rows if row.step is step]
        named = f" ({_join(_few([row.name for row in concerned]))})" if step is Step.MAJOR else ""
        if concerned:
            found.append(f"{plural(len(concerned), f'{step} update')}{named}")
    return found


def _counted(rows: Sequence[Row], noun: str, more: str = "") -> list[str]:
    names = _join(_few([row.name for row in rows]))
    return [f"{plural(len(rows), noun)}{more} ({names})"] if rows else []


def _new(count: int) -> list[str]:
    return [f"{plural(count, 'library')} {'is' if count == 1 else 'are'} new to this workspace"] if count else []


def _left(waived: int, failed: Sequence[str], *, assessed: bool) -> list[str]:
    """Return the failed checks, waived findings and a missing assessment."""
    found = []
    if failed:
        found.append(f"{plural(len(failed), 'check')} did not pass: {', '.join(failed)}")
    if waived:
        found.append(f"{plural(waived, 'finding')} {'is' if waived == 1 else 'are'} waived")
    if not assessed:
        found.append("vulnerabilities are not assessed")
    return found


def _few(names: Sequence[str]) -> list[str]:
    """Return the first names, and the number of the others."""
    more = len(names) - MOST_NAMES
    return [*names[:MOST_NAMES], *([f"{more} more"] if more > 0 else [])]


def _join(items: Sequence[str]) -> str:
    """Join by commas and a final `and`."""
    return " and ".join(part for part in (", ".join(items[:-1]), items[-1] if items else "") if part)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
