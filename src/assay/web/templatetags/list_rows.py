"""Rows of long lists, written without a template: environments, events of a version, and what is to review."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from assay.store.reads.audit_log import EventRow
from assay.store.reads.catalogue import CatalogueRow
from assay.store.reads.review_items import ReviewRow
from assay.web.admin.review_steps import Steps
from assay.web.templatetags.assay import badge, happened, health, short, size
from assay.web.templatetags.tables import ago

register = template.Library()
DESCRIPTION = 110  # characters of a description that are shown
NOTHING = "\N{EN DASH}"
WORDS = ("note", "feedback", "reason")  # of an event, which somebody wrote


@register.simple_tag
def catalogue_rows(rows: Iterable[CatalogueRow], status: str) -> SafeString:
    """Return table rows of environments in the tab of a status; text from outside is escaped."""
    return SafeString("".join(_environment(row, status) for row in rows))


def _environment(row: CatalogueRow, status: str) -> str:
    slug, at = row.slug, f"{row.slug}@{row.version}"
    template_badge = f" {badge('template')}" if row.template else ""
    runtimes = f"runtime{'' if row.runtimes_30d == 1 else 's'}"
    also = f' <span class="soft small nowrap">+ {row.runtimes_30d} {runtimes}</span>' if row.runtimes_30d else ""
    launch = f"{reverse('launch')}?environment={at}"
    button = f'<a class="button" href="{launch}" aria-label="Launch {at}">Launch</a>' if row.size else ""
    return (
        f'<tr data-row><td><a class="strong" href="{reverse("environment", args=[slug])}">{escape(row.title)}</a> '
        f'<code class="soft">{slug}</code>{template_badge}'
        f'<p class="soft small">{escape(_shortened(row.description))}</p></td>'
        f'<td class="nowrap" data-label="Version">{_version(row, status)}</td>'
        f'<td data-label="Python"><code>{escape(row.python)}</code></td>'
        f'<td class="nowrap" data-label="Base"><code>{row.base or NOTHING}</code>{_behind(row)}</td>'
        f'<td class="number" data-label="Libraries">{f"{row.libraries:,}" if row.libraries else NOTHING}</td>'
        f'<td class="number" data-label="Size">{size(row.size) if row.size else NOTHING}</td>'
        f'<td data-label="Health">{health(row.health)}</td>'
        f'<td class="number" data-label="Users">{row.people_30d}{also}</td>'
        f'<td class="nowrap soft" data-label="Published">{ago(row.published)}</td>'
        f'<td class="whole">{button}</td></tr>'
    )


def _version(row: CatalogueRow, status: str) -> str:
    """Return the number of a version with what sets it apart: its status, its roll-out, its build."""
    parts = [f"<code>@{row.version}</code>"]
    if row.status != status:
        parts.append(badge(row.status))
    if row.pilot:
        means = f"You are in the pilot group: {row.slug} means @{row.pilot} to you"
        address = reverse("version", args=[row.slug, row.pilot])
        parts.append(f'<a href="{address}" title="{means}">{badge("pilot")}<code>@{row.pilot}</code></a>')
    elif row.rollout:
        parts.append(f'<a href="{reverse("rollout", args=[row.slug])}">{badge(row.rollout)}</a>')
    if row.building:
        parts.append(badge(row.building))
    return " ".join(parts)


def _behind(row: CatalogueRow) -> str:
    """Return a link to what moves with the newer base, '' for an environment that is not behind one."""
    if not row.behind:
        return ""
    address = f"{reverse('compare')}?versions={row.base},{row.behind}"
    mark = '<span aria-hidden="true">↑</span>'
    return f'<br><a class="badge warn" href="{address}" title="See what moves">{mark}Behind base {row.behind}</a>'


def _shortened(text: str) -> str:
    return text if len(text) <= DESCRIPTION else f"{text[: DESCRIPTION - 1]}…"


@register.simple_tag
def event_rows(events: Iterable[EventRow]) -> SafeString:
    """Return the events of a version as items of a list; text from outside is escaped."""
    return SafeString("".join(map(_event, events)))


def _event(event: EventRow) -> str:
    at, digest = localtime(event.at), str(event.detail.get("digest") or "")
    said = [str(event.detail[one]) for one in WORDS if event.detail.get(one)]
    quoted = "".join(f' <span class="soft">“{escape(one)}”</span>' for one in said)
    code = f' <code class="soft">{escape(short(digest))}</code>' if digest else ""
    exact = f'datetime="{at.isoformat()}" title="{at:%Y-%m-%d %H:%M:%S}"'
    return (
        f'<li data-event="{escape(event.name)}"><time {exact}>{at:%b} {at.day}, {at:%H:%M}</time> '
        f"<strong>{escape(event.actor)}</strong> {escape(happened(event.name))}{quoted}{code}</li>"
    )


@register.simple_tag
def review_list_rows(rows: Iterable[tuple[ReviewRow, Steps | None]], labels: Mapping[str, str]) -> SafeString:
    """Return table rows of versions to review, each with its next steps; `labels` name the kinds of reasons."""
    return SafeString("".join(_to_review(row, steps, labels) for row, steps in rows))


@register.simple_tag
def review_reasons(row: ReviewRow, labels: Mapping[str, str]) -> SafeString:
    """Return why the rules list a version, each reason with its kind."""
    reasons = "".join(
        f'<li><span class="badge" title="since {escape(one["since"])}">{escape(labels.get(one["kind"], ""))}</span> '
        f"{escape(one['words'])}</li>"
        for one in row.reasons
    )
    return SafeString(
        f'<ul class="plain">{reasons}</ul>' if reasons else '<span class="soft">No rule lists it now.</span>'
    )


def _to_review(row: ReviewRow, steps: Steps | None, labels: Mapping[str, str]) -> str:
    reference, since = escape(row.reference), row.since
    state = f" {badge(row.status)}" if row.status == "deprecated" else ""
    address = reverse("version", args=[row.environment, row.version])
    day = f'<time datetime="{since:%Y-%m-%d}">{since.day} {since:%b %Y}</time>' if since else NOTHING
    return (
        '<tr data-row><td><label class="tick pick">'
        f'<input type="checkbox" name="rows" value="{reference}" aria-label="Select {reference}">'
        f'<span><a class="strong" href="{address}">{escape(row.title)}</a> '
        f'<code class="soft">{reference}</code>{state}</span></label></td>'
        f'<td class="small whole">{review_reasons(row, labels)}</td>'
        f'<td class="nowrap soft" data-label="Since">{day}</td><td data-label="Owner">{escape(row.owner)}</td>'
        f'<td class="number" data-label="People">{row.people:,}</td>'
        f'<td class="number" data-label="Projects">{row.projects:,}</td>'
        f'<td class="number" data-label="Built on it">{row.derived:,}</td>'
        f'<td class="number nowrap" data-label="Frees">{size(row.frees) if row.frees else NOTHING}</td>'
        f'<td class="whole">{_steps(steps, reference) if steps else ""}</td></tr>'
    )


def _steps(steps: Steps, reference: str) -> str:
    """Return the proposed step as a button, and the others behind a word."""
    proposed, words, note = steps.proposed, escape(steps.proposed.words), escape(steps.proposed.note)
    name = f"{words} {reference} {note}".rstrip()
    button = f'<a class="button" href="{escape(proposed.address)}" aria-label="{name}">{words}</a>'
    first = button if proposed.address else f'<span class="soft small">{words}<br>by an administrator</span>'
    said = f'<p class="small soft">{note}</p>' if note else ""
    named = [(escape(one.address), escape(one.words)) for one in steps.others]
    others = "".join(
        f'<li><a href="{address}" aria-label="{step} {reference}">{step}</a></li>' for address, step in named
    )
    return (
        f"{first}{said}"
        f'<details class="small others"><summary>Other steps</summary><ul class="plain">{others}</ul></details>'
    )
