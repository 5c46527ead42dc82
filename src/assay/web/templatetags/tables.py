"""Tags for filter forms that apply while one types, and for relative times."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.template.context import RequestContext
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

register = template.Library()
SMALLER_UNIT = re.compile(r",[^,]*(?= ago$)")  # of `3 months, 2 weeks ago`
PAUSE = "250ms"  # after the last key


@register.simple_tag(takes_context=True)
def live_filter(context: RequestContext, target: str, also: str = "") -> SafeString:
    """Return the attributes of a form whose fields filter the section `target`; `also` selects more to swap."""
    selectors = format_html(' hx-select-oob="{}"', also) if also else ""
    return format_html(
        'id="filters" role="search" hx-get="{}" hx-trigger="input delay:{}, submit" hx-target="#{}" hx-select="#{}"'
        '{} hx-swap="outerHTML" hx-replace-url="true" hx-sync="this:replace"',
        context["request"].path,
        PAUSE,
        target,
        target,
        selectors,
    )


@register.simple_tag
def ago(moment: datetime | None, missing: str = "\N{EN DASH}") -> Any:  # noqa: ANN401 - safe text, or the word for none
    """Return how long ago a time was in its largest unit, e.g. `3 months ago`, with the exact time as a tooltip."""
    if moment is None:
        return missing
    local = localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(),
        f"{local:%Y-%m-%d %H:%M %Z}",
        SMALLER_UNIT.sub("", str(naturaltime(moment))),
    )
