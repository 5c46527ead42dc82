"""Compare two to five versions side by side, by default only the differences; the query string has all choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from assay.core.advisories.exposure import expose
from assay.core.comparison.diff import MAX_VERSIONS, Comparison, Row
from assay.core.comparison.diff import compare as compare_sides
from assay.core.comparison.view import Filters, document, markdown
from assay.core.errors import AssayError
from assay.core.roles import Right
from assay.flow.access import find_reference
from assay.store.models import Version
from assay.store.reads.advisories import current_feed
from assay.store.reads.compared_versions import compared_version, own_references, published_references
from assay.web.access import Visit, page
from assay.web.studio.related_versions import offers
from assay.web.tables import Column, ListTable
from assay.web.templatetags.assay import chain

MOST_BARS = 12
FILTERS = (
    ("everything", "Show unchanged"),
    ("direct", "Direct"),
    ("major", "Major updates"),
    ("licence", "Licence changes"),
    ("index", "Index changes"),
    ("security", "Vulnerabilities"),
)


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bar of the chart of size changes: label, length out of 100, and size in bytes."""

    label: str
    length: float
    size: int


@page(Right.SEE)
def compare(request: Visit) -> HttpResponseBase:
    """Compare the versions in the query string; redirect to the canonical address when one is added or left out."""
    names, filters = _named(request), _filters_of(request)
    chosen = _chosen(request, names)
    labels = [one.reference for one in chosen]
    if labels != names or "add" in request.GET:
        return redirect(_address(labels, filters))
    found = compare_sides([compared_version(one) for one in chosen]) if len(chosen) > 1 else None
    feed = current_feed()
    exposure = expose(found, feed.index) if found and feed else None
    rows = filters.rows(found, exposure.libraries if exposure else frozenset()) if found else ()
    table = comparison_table(request, found.labels, rows) if found else None
    if table and table.exported:
        return table.export()
    form = request.GET.get("as")
    if found and form == "json":
        return JsonResponse(document(found, exposure))
    if found and form == "markdown":
        return HttpResponse(markdown(found, rows), content_type="text/plain; charset=utf-8")
    return render(
        request,
        "studio/compare.html",
        {
            **_context(request, chosen, found, filters, table.sort if table else ""),
            "table": table,
            "exposure": exposure,
            "problems": exposure.counts if exposure else {},
        },
    )


def comparison_table(request: Visit, labels: Sequence[str], rows: Sequence[Row]) -> ListTable[Row]:
    """Return the table of libraries with a column for each version, differences first unless the query sorts it."""

    def side(position: int) -> Column[Row]:
        label = labels[position]
        return Column(name=label, label=label, value=lambda row: row.versions[position])

    columns: tuple[Column[Row], ...] = (
        Column(name="library", label="Library", value=lambda row: row.name),
        *(side(position) for position in range(len(labels))),
        Column(name="change", label="Change", value=lambda row: f"{row.change} {row.step or ''}".strip()),
        Column(name="why", label="Why", value=lambda row: "direct" if row.direct else chain(row.via)),
        Column(name="size_change", label="Size change", value=lambda row: row.growth, number=True),
    )
    return ListTable(request, columns, name="comparison", rows=rows)


def _named(request: Visit) -> list[str]:
    """Return the references in the query string, each once: `versions=a@1,b@2`; the parameter may repeat."""
    given = ",".join(request.GET.getlist("versions"))
    return list(dict.fromkeys(one.strip() for one in given.split(",") if one.strip()))


def _chosen(request: Visit, names: list[str]) -> list[Version]:
    """Return the versions, with the added one. A version that cannot be added gives a message and is left out."""
    chosen = [find_reference(request.actor, name, path="versions") for name in names[:MAX_VERSIONS]]
    added = request.GET.get("add", "").strip()
    if len(names) > MAX_VERSIONS or (added and len(names) == MAX_VERSIONS):
        messages.warning(request, f"You can compare up to {MAX_VERSIONS} versions. Remove one to add another.")
    elif added:
        try:
            chosen.append(find_reference(request.actor, added, path="versions"))
        except AssayError as error:
            messages.error(request, f"{error.detail} {error.hint}")
    return list({one.pk: one for one in chosen}.values())


def _filters_of(request: Visit) -> Filters:
    return Filters(**{name: request.GET.get(name) == "1" for name, _ in FILTERS})


def _address(names: Sequence[str], filters: Filters, **more: str) -> str:
    """Return the address of a comparison, with only the filters that are on."""
    chosen = {name: "1" for name, on in asdict(filters).items() if on}
    query = {"versions": ",".join(names)} if names else {}
    given = urlencode({**query, **chosen, **more}, safe="@,")
    return f"{reverse('compare')}?{given}" if given else reverse("compare")


def _context(
    request: Visit, chosen: list[Version], found: Comparison | None, filters: Filters, sort: str
) -> dict[str, Any]:
    names = [one.reference for one in chosen]
    context: dict[str, Any] = {
        "sides": _side_cards(chosen, filters),
        "names": names,
        "may_add": len(names) < MAX_VERSIONS,
        "choices": published_references(request.actor) + own_references(request.actor),
        "filters": _filter_links(names, filters, {"sort": sort} if sort else {}),
        "chosen_filters": [name for name, on in asdict(filters).items() if on],
    }
    if found is None:
        near = offers(request.actor, chosen[0]) if chosen else []
        return {**context, "offers": [(one, _address([*names, one.reference], filters)) for one in near]}
    return {
        **context,
        "comparison": found,
        "differing": [
            (one.name, tuple(zip(found.labels, one.values, strict=True)))
            for one in found.settings
            if len(set(one.values)) > 1
        ],
        "alike": [one for one in found.settings if len(set(one.values)) == 1],
        "bars": _bars(found),
        "more_bars": max(0, len(found.effects.growth) - MOST_BARS),
        "swapped": _address(names[::-1], filters),
        "markdown": _address(names, filters, **{"as": "markdown"}),
        "json": _address(names, filters, **{"as": "json"}),
        "unfiltered": _address(names, Filters()),
    }


def _side_cards(chosen: list[Version], filters: Filters) -> list[dict[str, Any]]:
    """Return each version with its size relative to the largest, and the address without it."""
    sizes = [one.lock.size if one.lock else 0 for one in chosen]
    most = max([*sizes, 1])
    return [
        {
            "version": one,
            "size": size,
            "length": 100 * size / most,
            "without": _address([other.reference for other in chosen if other.pk != one.pk], filters),
        }
        for one, size in zip(chosen, sizes, strict=True)
    ]


def _filter_links(names: list[str], filters: Filters, kept: dict[str, str]) -> list[tuple[str, str, bool]]:
    """Return (label, address with the filter toggled, whether it is on) for each filter."""
    active = asdict(filters)
    return [
        (label, _address(names, Filters(**{**active, name: not active[name]}), **kept), active[name])
        for name, label in FILTERS
    ]


def _bars(found: Comparison) -> list[Bar]:
    """Return the libraries with the largest size changes; lengths are relative to the largest change."""
    largest = found.effects.growth[:MOST_BARS]
    most = max((abs(row.growth) for row in largest), default=1)
    return [Bar(label=row.name, length=100 * abs(row.growth) / most, size=row.growth) for row in largest]
