"""Rows of tables with possibly hundreds of rows, written without a template, which takes a third of the time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from assay.core.comparison.diff import Change, Row
from assay.core.review.library_changes import LibraryChange
from assay.store.reads.libraries import LibraryRow
from assay.web.admin.changes import ChangeLine, age
from assay.web.templatetags.assay import chain, change, index_name, size

register = template.Library()
LICENCE = 26  # characters of a licence that are shown
STRONG = ' class="strong"'
NOTHING = '<td class="none">\N{EN DASH}</td>'
TONES = {Change.ADDED: "added", Change.REMOVED: "removed", Change.SAME: ""}


@register.simple_tag
def side_by_side(rows: Iterable[Row], labels: Iterable[str], problems: Mapping[str, tuple[int, ...]]) -> SafeString:
    """Return table rows of libraries with a cell for each version; text from outside is escaped.

    `problems` counts the vulnerabilities of a library in each version; it is also empty when not assessed.
    """
    names = [escape(label) for label in labels]
    none = (0,) * len(names)
    return SafeString("".join(_side_by_side(row, names, problems.get(row.name, none)) for row in rows))


def _side_by_side(row: Row, labels: list[str], problems: tuple[int, ...]) -> str:
    before = (row.versions[0], *row.versions[:-1])
    sides = zip(labels, before, row.versions, problems, strict=True)
    cells = "".join(_cell(label, then, now, count) for label, then, now, count in sides)
    why = "direct" if row.direct else escape(chain(row.via))
    return (
        f'<tr class="{TONES.get(row.change, "moved")}" data-row>'
        f'<td class="name{" strong" if row.direct else ""}">{escape(row.name)}</td>{cells}'
        f'<td>{change(row)}</td><td class="soft small whole">{why}</td>'
        f'<td class="number small">{signed(row.growth)}</td></tr>'
    )


def _cell(label: str, then: str | None, now: str | None, problems: int) -> str:
    kind = ' class="moved"' if now != then else "" if now else ' class="absent"'
    shown = escape(now) if now else "\N{EN DASH}"
    word = "vulnerability" if problems == 1 else "vulnerabilities"
    hidden = f'<span class="visually-hidden"> {word}</span>'
    marked = f' <span class="badge bad" title="{problems} {word}">{problems}{hidden}</span>'
    return f'<td data-label="{label}"{kind}>{shown}{marked if problems else ""}</td>'


@register.simple_tag
def review_rows(lines: Iterable[ChangeLine]) -> SafeString:
    """Return table rows of the changed libraries of a review; text from outside is escaped."""
    now = timezone.now()
    return SafeString("".join(_review_row(line, now) for line in lines))


@register.simple_tag
def installed_rows(libraries: Iterable[LibraryRow]) -> SafeString:
    """Return table rows of installed libraries; text from outside is escaped."""
    return SafeString("".join(map(_installed_row, libraries)))


def _installed_row(row: LibraryRow) -> str:
    why = '<span class="badge info">direct</span>' if row.direct else escape(chain(row.via))
    return (
        f"<tr><td{STRONG if row.direct else ''}>{escape(row.name)}</td>"
        f'<td><code>{escape(row.version)}</code></td><td class="soft small narrow-hides">{why}</td>'
        f'<td class="small clipped narrow-hides">{escape(row.licence) or "unknown"}</td>'
        f'<td class="number">{size(row.size)}</td></tr>'
    )


def _review_row(line: ChangeLine, now: datetime) -> str:
    found = line.change
    row, name = found.row, escape(found.row.name)
    released = escape(row.uploaded[:10])
    return (
        f'<tr class="{TONES.get(row.change, "moved")}" data-row data-mark="{line.mark}" data-name="{name}">'
        f'<td class="name{" strong" if row.direct else ""}">{name}</td>'
        f'<td data-label="Version">{_step(row)}</td><td class="soft small why">{_why(found)}</td>'
        f'<td class="soft small nowrap" data-label="Age" title="{released}">{age(row.uploaded, now)}</td>'
        f'<td class="number small" data-label="On disk">{signed(row.growth)}</td>{_known(found)}'
        f'<td class="needs-script centre" data-label="Viewed"><input type="checkbox" data-viewed '
        f'aria-label="Viewed: {name}" autocomplete="off"{" checked" if line.viewed else ""}></td></tr>'
    )


def _step(row: Row) -> str:
    """Return the versions before and after, and the kind of change."""
    before, after = (f"<code>{escape(one)}</code>" if one else "" for one in (row.versions[0], row.versions[-1]))
    versions = " → ".join(one for one in (before, after) if one) if before != after else after
    return f'<span class="version">{versions}</span> <span class="tags">{change(row)}</span>'


def _why(found: LibraryChange) -> str:
    """Return why a library is installed, its licence if added or changed, and its index if not the default one."""
    row = found.row
    if row.versions[-1] is None:
        return "no longer required"
    parts = ['<span class="direct">direct</span>' if row.direct else escape(chain(row.via))]
    before, after = row.licences[0], row.licences[-1]
    if row.licence_changed:
        parts.append(f'<span class="badge warn">{_licence(before)} → {_licence(after)}</span>')
    elif row.change is Change.ADDED and after:
        parts.append(f'<span title="{escape(after)}">{_licence(after)}</span>')
    if found.index:
        name = escape(index_name(found.index))
        parts.append(f'<span class="badge warn" title="{escape(found.index)}">from {name}</span>')
    return " · ".join(part for part in parts if part)


def _licence(text: str) -> str:
    return escape(text if len(text) <= LICENCE else text[: LICENCE - 1] + "…")


def _known(found: LibraryChange) -> str:
    """Return where else in the workspace a library is, or a badge if it is new."""
    new = '<span class="badge info">new here</span>' if found.new else ""
    waiting = f'<code title="in review, too">{escape(found.waiting)}</code>' if found.waiting else ""
    reference, _, version = found.held.partition(" ")
    held = f'<span class="nowrap"><code>{escape(reference)}</code> {escape(version)}</span>' if reference else ""
    shown = " ".join(part for part in (new, held or waiting) if part)
    return f'<td class="soft small" data-label="Known from">{shown}</td>' if shown else NOTHING


def signed(value: int) -> str:
    """Format a difference in bytes with its sign, '' for 0."""
    return f"+{size(value)}" if value > 0 else size(value) if value else ""
