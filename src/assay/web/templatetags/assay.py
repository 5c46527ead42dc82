"""Filters and tags that format values: sizes, digests, times, badges."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from assay.core.comparison.diff import Change, Row, Step
from assay.core.formatting import format_bytes, format_memory, format_money
from assay.core.report import Check
from assay.core.review.requested_change import RequestedChange
from assay.store.reads.counting import MOST as MOST_COUNTED
from assay.store.reads.pending_work import MOST
from assay.web.undo import undo_url

register = template.Library()
register.filter("undo_url", undo_url)
URGENCY = {"failed": 0, "noted": 1, "passed": 3, "skipped": 2}  # order of a check's states, 0 first
PLAIN = re.compile(r"[\w@%+=:,./{}-]+")

# By state: glyph, tone, label.
BADGES: dict[str, tuple[str, str, str]] = {
    "draft": ("✎", "", "Draft"),
    "template": ("❏", "info", "Template"),
    "pending": ("◔", "warn", "Pending review"),
    "published": ("✓", "good", "Published"),
    "deprecated": ("▽", "warn", "Deprecated"),
    "retired": ("■", "", "Retired"),
    "rejected": ("↺", "bad", "Rejected"),
    "withdrawn": ("↶", "", "Withdrawn"),
    "approved": ("✓", "good", "Approved"),
    "ok": ("●", "good", "OK"),
    "attention": ("!", "warn", "Attention"),
    "quarantined": ("⊘", "bad", "Quarantined"),
    "queued": ("…", "", "Queued"),
    "resolving": ("◔", "info", "Resolving"),
    "installing": ("◑", "info", "Installing"),
    "checking": ("◕", "info", "Checking"),
    "building": ("◑", "info", "Building"),
    "submitted": ("◔", "info", "Submitted"),
    "done": ("✓", "good", "Done"),
    "built": ("✓", "good", "Built"),
    "failed": ("✕", "bad", "Failed"),
    "cancelled": ("⊘", "", "Cancelled"),
    "passed": ("✓", "good", "Passed"),
    "skipped": ("\N{EN DASH}", "", "Not assessed"),
    "noted": ("!", "warn", "Noted"),
    "running": ("▶", "info", "Running"),
    "succeeded": ("✓", "good", "Succeeded"),
    "timeout": ("◷", "bad", "Timed out"),
    "lost": ("?", "bad", "Lost"),
    "starting": ("◔", "info", "Starting"),
    "ready": ("✓", "good", "Ready"),
    "stopping": ("◔", "", "Stopping"),
    "stopped": ("■", "", "Stopped"),
    "active": ("◆", "info", "Active"),
    "pilot": ("◔", "info", "Pilot"),
    "halted": ("✕", "bad", "Halted"),
    "completed": ("✓", "good", "Completed"),
    "added": ("+", "good", "new"),
    "removed": ("\N{MINUS SIGN}", "bad", "removed"),
    "upgraded": ("↑", "info", "upgraded"),
    "downgraded": ("↓", "warn", "downgrade"),
    "rebuilt": ("≈", "warn", "rebuilt"),
    "moved": ("⇄", "warn", "other index"),
    "major": ("▲", "warn", "major"),
    "minor": ("▵", "", "minor"),
    "patch": ("·", "", "patch"),
    "drifted": ("≠", "bad", "Drifted"),
    "as built": ("✓", "good", "As built"),
    "direct": ("", "info", "direct"),
    "delivered": ("✓", "good", "Delivered"),
    "introduced": ("+", "bad", "introduced"),
    "fixed": ("\N{MINUS SIGN}", "good", "fixed"),
    "remaining": ("·", "warn", "remaining"),
    "waived": ("✓", "", "waived"),
    "block": ("✕", "bad", "block"),
    "warn": ("!", "warn", "warn"),
    "note": ("·", "", "note"),
    "not assessed": ("\N{EN DASH}", "", "Not assessed"),
    "personal": ("✎", "", "personal draft"),
}


HAPPENED = {
    "version.approval-expires": "reminded of the end of the approval",
    "version.kept": "deferred the review of the version",
    "version.deprecation-changed": "changed the deprecation",
    "version.ends-soon": "reminded of the end",
    "environment.active-set": "changed the active version",
    "environment.template-set": "changed whether it is a template",
    "environment.owner-set": "changed the owner",
    "rollout.started": "started the roll-out",
    "rollout.completed": "completed the roll-out",
    "rollout.halted": "halted the roll-out",
    "rollout.stopped": "stopped the roll-out",
    "app.serving": "put the app into service",
    "application.set": "changed the application",
    "build.built": "finished the build",
    "build.failed": "ended the build, which failed",
    "kernel.launched": "launched a kernel",
    "merge.drafted": "drafted a merge",
    "kernel.refused": "was refused a kernel",
    "member.set": "changed a membership",
    "policy.revised": "changed the policy",
    "run.left_out": "skipped a scheduled run",
    "runtime.changed": "changed the project",
    "runtime.created": "created the project",
    "secret.removed": "deleted a secret",
    "secret.set": "set a secret",
    "server.refused": "was refused a server",
    "python.default": "changed the default Python",
    "python.failed": "ended the installation of a Python, which failed",
    "python.installed": "installed a Python",
    "python.not-offered": "stopped offering a Python",
    "python.offered": "offered a Python",
    "python.requested": "requested the installation of a Python",
    "source.added": "added a package index",
    "source.changed": "changed a package index",
    "source.removed": "removed a package index",
    "token.created": "created a token",
    "token.revoked": "revoked a token",
    "version.quarantined": "quarantined the version",
    "version.withdrawn": "withdrew the submission",
    "version.released": "released the version from quarantine",
    "version.waived": "waived a finding",
    "version.waiver-ended": "ended a waiver",
    "version.keep-ended": "ended keeping the version",
    "version.renewed": "renewed the approval",
    "version.waiver-expires": "found that a waiver expires soon",
    "version.attention": "found new findings",
    "version.cleared": "found no open findings",
    "version.facts-gone": "found that facts were withdrawn",
    "wave.started": "started a wave of updates",
    "wave.ended": "ended the wave of updates",
    "webhook.removed": "removed a webhook",
    "webhook.set": "changed a webhook",
    "workspace.set": "changed the workspace's settings",
    "version.drifted": "found changed files",
    "version.mended": "found all files unchanged again",
}


@register.filter
def check_title(name: str) -> str:
    """Return the name of a check with a capital first letter; the rest stays, as in `RECORD`."""
    return name[:1].upper() + name[1:]


@register.filter
def failed_first(checks: Iterable[Check]) -> list[Check]:
    """Return checks with those that need attention first, otherwise in their order."""
    return sorted(checks, key=lambda check: URGENCY.get(check.state, 1))


@register.filter
def command(words: tuple[str, ...]) -> str:
    """Return a command, quoted for a shell; placeholders in braces are not quoted."""
    return " ".join(one if PLAIN.fullmatch(one) else shlex.quote(one) for one in words)


@register.filter
def bounded(count: int) -> str:
    """Return a count that stops at a bound, e.g. `42` or `1,000+`."""
    return f"{MOST_COUNTED:,}+" if count > MOST_COUNTED else f"{count:,}"


@register.simple_tag
def badge(word: str) -> SafeString:
    """Return a state as a badge of glyph, word and colour; the word alone carries the meaning."""
    glyph, tone, text = BADGES.get(str(word), ("", "", str(word)))
    return format_html('<span class="badge {}"><span aria-hidden="true">{}</span>{}</span>', tone, glyph, text)


@register.simple_tag
def glyph(word: str) -> SafeString:
    """Return a state as glyph and colour only, with the word for screen readers and as a tooltip."""
    mark, tone, text = BADGES.get(str(word), ("?", "", str(word)))
    return format_html(
        '<span class="badge {}" title="{}"><span aria-hidden="true">{}</span>'
        '<span class="visually-hidden">{}</span></span>',
        tone,
        text,
        mark,
        text,
    )


@register.simple_tag
def change(row: Row) -> SafeString:
    """Return the change of a library: plain text for expected changes, a badge for those that need attention."""
    if row.change is Change.SAME:
        return format_html('<span class="soft small">{}</span>', "differs between" if row.differs else "same")
    if row.change is Change.ADDED:
        return format_html('<span class="soft small">{}</span>', "new")
    if row.change is not Change.UPGRADED:
        step = format_html(' <span class="soft small">{}</span>', row.step) if row.step is Step.MAJOR else ""
        return format_html("{}{}", badge(row.change), step)
    if row.step is Step.MAJOR:
        return badge("major")
    return format_html('<span class="soft small">{}</span>', row.step or "upgraded")


@register.simple_tag
def health(word: str) -> SafeString:
    """Return the badge of a version's health, a word of `core.lifecycle.shown_health`."""
    return badge(word)


@register.filter
def size(value: float | None) -> str:
    """Format a number of bytes, e.g. `1.84 GB` (see `core.formatting`)."""
    return format_bytes(value or 0)


@register.filter
def money(amount: float, currency: str) -> str:
    """Format an amount of money, e.g. `1,234.50 EUR`."""
    return format_money(amount, currency)


@register.filter
def memory(value: float | None) -> str:
    """Format an amount of memory in bytes, e.g. `4 GiB` (see `core.formatting`)."""
    return format_memory(value or 0)


@register.filter
def happened(event: str) -> str:
    """Return an event's name as the action of its actor, e.g. `submitted the version`."""
    noun, _, verb = event.partition(".")
    return HAPPENED.get(event, f"{verb} the {noun}")


@register.filter
def counted(amount: int) -> str:
    """Format an amount that is counted up to a limit: `99+` at the limit."""
    return f"{MOST - 1}+" if amount >= MOST else str(amount)


@register.filter
def minus(value: int, other: int) -> int:
    """Return the difference, at least 0."""
    return max(0, value - other)


@register.filter
def requested_change(stored: dict[str, Any]) -> str:
    """Return a stored requested change of a library as text."""
    return RequestedChange.from_dict(stored).words


@register.filter
def short(digest: str) -> str:
    """Return the first 12 characters of a digest."""
    return digest[:12]


@register.filter
def chain(via: tuple[str, ...]) -> str:
    """Return why a library is installed: `via a → b`."""
    return "via " + " → ".join(via) if via else ""


@register.filter
def seconds(value: float | None) -> str:
    """Format a duration in seconds, e.g. `1.20 s`, `5 min 3 s`, `2 h 10 min`."""
    if value is None:
        return ""
    if value >= 7200:  # noqa: PLR2004 - from here on hours are easier to read
        return f"{value // 3600:,.0f} h {value % 3600 // 60:.0f} min"
    if value >= 120:  # noqa: PLR2004 - from here on minutes are easier to read
        return f"{value // 60:.0f} min {value % 60:.0f} s"
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"  # noqa: PLR2004 - enough digits for short ones


@register.filter
def reference_path(reference: str) -> str:
    """Return the path of `name@number` below `/environments/`."""
    slug, _, number = reference.partition("@")
    return f"{slug}/{number}/"


@register.filter
def days(amount: int) -> str:
    """Format a number of days in the largest unit that fits, e.g. `5 days`, `3 months`, `2 years`."""
    for unit, length in (("year", 365), ("month", 30)):
        if amount >= length:
            return _counted(amount // length, unit)
    return _counted(amount, "day")


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}{'' if count == 1 else 's'}"


@register.filter
def get(mapping: dict[str, Any], key: str) -> Any:  # noqa: ANN401 - whatever the mapping holds
    """Return a mapping's value, '' for a missing key."""
    return mapping.get(key, "")


@register.filter
def index_name(address: str) -> str:
    """Return the host of an index URL."""
    return address.split("//", 1)[-1].split("/", 1)[0]
