"""A field that chooses a version: a list while there are few, else a text field with suggestions."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from assay.store.reads.launchable import MOST

register = template.Library()


@register.simple_tag
def version_choice(
    name: str,
    value: str | None,
    choices: Sequence[tuple[str, str]],
    *,
    none: str = "",
    described: str = "",
    invalid: object = None,
) -> SafeString:
    """Return a field for (reference, words). `none` is the label of no version, '' where one is required.

    From `MOST` choices on one types a reference, because the list does not contain every version.
    """
    attributes = format_html('id="{}" name="{}"', name, name)
    if described:
        attributes += format_html(' aria-describedby="{}"', described)
    if invalid:
        attributes += mark_safe(' aria-invalid="true"')
    if not none:
        attributes += mark_safe(" required")
    if len(choices) >= MOST:
        options = format_html_join("", '<option value="{}">{}</option>', choices)
        return format_html(
            '<input {} value="{}" list="{}-choices" class="mono" placeholder="name@number" autocomplete="off"'
            ' autocapitalize="off" spellcheck="false"><datalist id="{}-choices">{}</datalist>',
            attributes,
            value or "",
            name,
            name,
            options,
        )
    listed = [("", none)] if none else []
    listed += [(value, value)] if value and value not in dict(choices) else []
    listed += [(reference, f"{reference} · {words}") for reference, words in choices]
    rows = [(one, mark_safe(" selected") if one == (value or "") else "", words) for one, words in listed]
    options = format_html_join("", '<option value="{}"{}>{}</option>', rows)
    return format_html("<select {}>{}</select>", attributes, options)
