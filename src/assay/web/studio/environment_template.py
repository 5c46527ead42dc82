"""Marking an environment as template, on its page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from assay.core.roles import Right
from assay.flow.compose.templates import set_template
from assay.web.access import Visit, page


@require_POST
@page(Right.ADMINISTER)
def mark(request: Visit, slug: str) -> HttpResponse:
    """Mark an environment as template, or remove it from the templates."""
    template = request.POST.get("template") == "yes"
    found = set_template(request.actor, slug, template=template)
    what = "is a template: the page for new environments offers it" if template else "is no longer a template"
    messages.success(request, f"{found.title} {what}.")
    return redirect("environment", slug=slug)
