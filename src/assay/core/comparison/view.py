"""Views of a comparison: filtered rows, JSON and Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from assay.core.advisories.exposure import Exposure
from assay.core.comparison.diff import Change, Comparison, Row, release_line
from assay.core.lifecycle import NOT_ASSESSED


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Filters on the rows of a comparison; every filter that is set must match.

    `everything` keeps libraries that are the same in all versions. `direct` keeps direct libraries, `major` those
    whose release line (epoch and first segment, PEP 440) differs between any two versions, `licence` and `index`
    those with different licences or indexes, `security` those with a known problem in any version.
    """

    everything: bool = False
    direct: bool = False
    major: bool = False
    licence: bool = False
    index: bool = False
    security: bool = False

    def rows(self, found: Comparison, exposed: frozenset[str] = frozenset()) -> tuple[Row, ...]:
        """Return the rows that match, in the comparison's order."""
        wanted = (row for row in found.rows if not self.security or row.name in exposed)
        return tuple(row for row in wanted if self.keeps(row))

    def keeps(self, row: Row) -> bool:
        """Return whether a row matches."""
        if not (row.differs or self.everything or self.licence or self.index or self.security):
            return False
        return not (
            (self.direct and not row.direct)
            or (self.major and _distinct(release_line(one) for one in row.versions if one) < 2)  # noqa: PLR2004 - two differ
            or (self.licence and _distinct(row.licences) < 2)  # noqa: PLR2004 - two differ
            or (self.index and _distinct(row.indexes) < 2)  # noqa: PLR2004 - two differ
        )


def _distinct(values: Iterable[str]) -> int:
    """Count the distinct values, without ''."""
    return len(set(values) - {""})


def document(found: Comparison, exposure: Exposure | None) -> dict[str, Any]:
    """Return a comparison as plain JSON values: versions in the order requested; every size is in bytes.

    `exposure` None means that advisories are not assessed.
    """
    return {
        "versions": list(found.labels),
        "summary": found.summary,
        "settings": [{"name": one.name, "values": list(one.values)} for one in found.settings],
        "libraries": [_row(row) for row in found.rows],
        "effects": {**_effects(found), "advisories": _advisories(exposure)},
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "versions": list(row.versions),
        "change": row.change,
        "step": row.step,
        "direct": row.direct,
        "via": list(row.via),
        "sizes": list(row.sizes),
        "installed": list(row.installed),
        "licences": list(row.licences),
        "requirements": list(row.requirements),
    }


def _advisories(exposure: Exposure | None) -> dict[str, Any]:
    if exposure is None:
        return {"state": NOT_ASSESSED, "reason": "No advisory feed is loaded."}
    problems = {"fixed": exposure.fixed, "introduced": exposure.introduced, "remaining": exposure.remaining}
    return {
        word: [
            {"library": one.library, "version": one.version, "id": one.id, "severity": str(one.severity)}
            for one in matches
        ]
        for word, matches in problems.items()
    }


def _effects(found: Comparison) -> dict[str, Any]:
    """Return the effects of moving from the first version to the last."""
    effects = found.effects
    return {
        "counts": {str(change): count for change, count in found.counts.items()},
        "size": {"before": effects.before, "after": effects.after},
        "libraries": [{"name": row.name, "growth": row.growth} for row in effects.growth],
        "licences": [
            {"name": row.name, "before": row.licences[0], "after": row.licences[-1]}
            for row in effects.licence_changed
        ],
        "requirements": [
            {"name": row.name, "before": row.requirements[0], "after": row.requirements[-1]}
            for row in effects.requirement_changed
        ],
    }


def markdown(found: Comparison, rows: Sequence[Row]) -> str:
    """Return a comparison with the given rows as Markdown tables, for tickets and messages."""
    differing = [one for one in found.settings if len(set(one.values)) > 1]
    parts = [f"# {' · '.join(map(_cell, found.labels))}", f"{found.summary} from first to last."]
    if differing:
        parts.append(_table(("Setting", *found.labels), [(one.name, *one.values) for one in differing]))
    if rows:
        parts.append(_table(("Library", *found.labels, "Change"), [_line(row) for row in rows]))
    return "\n\n".join(parts) + "\n"


def _line(row: Row) -> tuple[str, ...]:
    kind = " ".join(word for word in (row.step or "", "" if row.change is Change.SAME else row.change) if word)
    return (
        f"**{row.name}**" if row.direct else row.name,
        *(version or "\N{EN DASH}" for version in row.versions),
        kind,
    )


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    written = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in written)


def _cell(text: str) -> str:
    """Escape text for a Markdown table cell."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
