"""Rows of tables with possibly hundreds of rows, written without a template, which takes a third of the time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from assay.core.comparison.diff import Change, Row
from assay.store.reads.libraries import LibraryRow
from assay.web.admin.changes import ChangeLine, age
from assay.web.templatetags.assay import chain, change, size

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
    row, name = line.row, escape(line.row.name)
    before, after = row.versions[0], row.versions[-1]
    there = f'<td class="version" data-label="Before"><code>{escape(before)}</code></td>' if before else NOTHING
    here = f'<code class="version strong">{escape(after)}</code> ' if after else ""
    released = escape(row.uploaded[:10])
    return (
        f'<tr class="{TONES.get(row.change, "moved")}" data-row data-mark="{line.mark}" data-name="{name}">'
        f'<td class="name{" strong" if row.direct else ""}">{name}</td>{there}'
        f'<td data-label="Here">{here}<span class="tags">{change(row)}</span></td>'
        f'<td class="soft small">{_why(row)}</td>'
        f'<td class="soft small nowrap" data-label="Age" title="{released}">{age(row.uploaded, now)}</td>'
        f'<td class="number small" data-label="On disk">{signed(row.growth)}</td>{_elsewhere(line)}'
        f'<td class="needs-script centre" data-label="Viewed"><input type="checkbox" data-viewed '
        f'aria-label="Viewed: {name}" autocomplete="off"{" checked" if line.viewed else ""}></td></tr>'
    )


def _why(row: Row) -> str:
    """Return why a library is installed and its licence; a changed licence gets a badge."""
    if row.versions[-1] is None:
        return "no longer required"
    why = '<span class="direct">direct</span>' if row.direct else escape(chain(row.via))
    if row.licence_changed:
        before, after = (escape(one[:LICENCE]) for one in (row.licences[0], row.licences[-1]))
        return f'{why} <span class="badge warn">{before} → {after}</span>'
    licence = row.licences[-1]
    shown = licence if len(licence) <= LICENCE else licence[: LICENCE - 1] + "…"
    return " · ".join(
        part for part in (why, f'<span title="{escape(licence)}">{escape(shown)}</span>' if licence else "") if part
    )


def _elsewhere(line: ChangeLine) -> str:
    if not line.elsewhere:
        return NOTHING
    named = ", ".join(
        f'<span class="nowrap"><code>{escape(holder)}</code> <span class="soft">{escape(version)}</span></span>'
        for holder, version in line.elsewhere
    )
    more = f' <span class="soft">and {line.more} more</span>' if line.more else ""
    return f'<td class="small" data-label="Also in">{named}{more}</td>'


def signed(value: int) -> str:
    """Format a difference in bytes with its sign, '' for 0."""
    return f"+{size(value)}" if value > 0 else size(value) if value else ""
