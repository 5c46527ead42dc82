"""The editor: compose a new environment or edit a draft; preview while typing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError, ConflictError, InvalidInputError, NotFoundError, UnavailableError
from assay.core.lifecycle import Action, decide
from assay.core.roles import Right
from assay.flow.access import find_version, version_state
from assay.flow.assess.assess import preview_findings
from assay.flow.build.build import request_build
from assay.flow.compose import draft
from assay.flow.compose.draft import SpecInput
from assay.flow.compose.fix_search import cancel_search
from assay.flow.compose.resolve import Preview, preview
from assay.flow.paths import interpreters
from assay.store.models import Version
from assay.store.reads.launchable import launch_choices
from assay.store.reads.reviews import requested_changes_of
from assay.web.access import Visit, page
from assay.web.admin.findings import expected_findings
from assay.web.studio.related_versions import covers
from assay.web.studio.starting_points import Start, offered, start_of


@dataclass(frozen=True, kw_only=True)
class Form:
    """The values of the fields. `libraries` is the text, one library per line; `only_binary` None: nothing chosen."""

    title: str = ""
    slug: str = ""
    description: str = ""
    base: str = ""
    python: str = ""
    libraries: str = ""
    only_binary: bool | None = None
    keep: str = ""
    constraints: str = ""

    @classmethod
    def from_post(cls, post: MultiValueDict[str, str]) -> Form:
        """Read the fields of a request."""
        names = ("title", "slug", "description", "base", "python", "libraries", "keep", "constraints")
        words = {name: (post.get(name) or "").strip() for name in names}
        files = post.getlist("files")  # none where the workspace leaves no choice
        only_binary = "wheels" in files if files else None
        return cls(**words, only_binary=only_binary)

    @classmethod
    def from_version(cls, version: Version) -> Form:
        """Read the fields of a draft."""
        environment, spec = version.environment, version.parsed_spec
        return cls(
            title=environment.title,
            slug=environment.slug,
            description=environment.description,
            base=spec.base or "",
            python=spec.python or "",
            libraries="\n".join(spec.libraries),
            only_binary=spec.only_binary,
            keep=spec.keep or "",
            constraints="\n".join(spec.constraints),
        )

    def spec_input(self) -> SpecInput:
        """Return the unchecked spec. With a base, its Python version is used."""
        return SpecInput(
            base=self.base or None,
            python=None if self.base else self.python or None,
            libraries=tuple(self.libraries.splitlines()),
            only_binary=self.only_binary,
            keep=self.keep or None,
            constraints=tuple(self.constraints.splitlines()),
        )


@page(Right.COMPOSE)
def new(request: Visit) -> HttpResponse:
    """Compose a new environment."""
    if request.method != "POST":
        try:
            start = start_of(request)
        except (InvalidInputError, NotFoundError, UnavailableError) as error:
            return _show(request, Form(python=next(iter(interpreters()), "")), None, error)
        return _show(request, Form(**start.values), None, start=start)
    form = Form.from_post(request.POST)
    try:
        version = draft.create_environment(
            request.actor,
            slug=form.slug,
            title=form.title,
            description=form.description,
            spec_input=form.spec_input(),
        )
    except AssayError as error:
        return _show(request, form, None, error)
    return _after(request, version)


@page(Right.COMPOSE)
def edit(request: Visit, slug: str, number: int) -> HttpResponse:
    """Edit a draft."""
    version = find_version(request.actor, slug, number)
    decide(Action.EDIT, version_state(version), request.actor)
    if request.method != "POST":
        return _show(request, Form.from_version(version), version)
    form = Form.from_post(request.POST)
    try:
        if version.environment.owner_id == request.actor.id:
            draft.edit_description(request.actor, slug, title=form.title, description=form.description)
        version, corrections = draft.edit_spec(request.actor, slug, number, form.spec_input())
    except AssayError as error:
        return _show(request, form, version, error)
    for one in corrections:
        messages.info(request, f"Line {one.line}: {one.written} was read as {one.understood}.")
    return _after(request, version)


def _after(request: Visit, version: Version) -> HttpResponse:
    """Redirect after saving: to a new build, or to the page of the version, by the pressed button."""
    slug, number = version.environment.slug, version.number
    if request.POST.get("action") == "build":
        return redirect("build", build=request_build(request.actor, slug, number).pk)
    messages.success(request, f"{version.reference} is saved as a draft.")
    return redirect("version", slug=slug, number=number)


def _show(
    request: Visit, form: Form, version: Version | None, error: AssayError | None = None, start: Start | None = None
) -> HttpResponse:
    path = (error.path or "form").split("[")[0] if error else ""
    bases = launch_choices(request.actor, published=True)
    return render(
        request,
        "studio/editor.html",
        {
            "form": form,
            "version": version,
            "error": error,
            "errors": {path: error} if error else {},
            "bases": [(one.reference, f"{one.title} (Python {one.python}, {one.count} libraries)") for one in bases],
            "started": start,
            **(offered(request.actor) if version is None and request.method == "GET" else {}),
            "interpreters": interpreters(),
            "kept_before": version.environment.active.reference if version and version.environment.active else "",
            "may_choose_files": request.workspace.allow_sdists,
            "requested_changes": requested_changes_of(version) if version else [],
            "may_describe": version is None or version.environment.owner_id == request.actor.id,
        },
        status=error.status if error else 200,
    )


@require_POST
@page(Right.COMPOSE)
def resolve_preview(request: Visit) -> HttpResponse:
    """Show what the fields would install; a newer request cancels this one."""
    form = Form.from_post(request.POST)
    cancel_search(request.actor)
    if not form.libraries and not form.base:
        return render(request, "components/preview.html", {"empty": True})
    try:
        page, number = _sent(request)
        found = preview(request.actor, form.spec_input(), turn=f"editor:{page}", number=number)
    except ConflictError:
        return HttpResponse(status=204)  # a newer request follows
    except AssayError as error:
        return render(request, "components/preview.html", {"error": error, "shown": request.POST.get("shown", "")})
    near = covers(request.actor, found.need, exclude={form.base.partition("@")[0], form.slug})
    workspace_id = request.actor.workspace_id
    findings = preview_findings(workspace_id, found.lock, direct=found.direct, environment=form.slug, base=form.base)
    expected = expected_findings(findings)
    return render(request, "components/preview.html", {**_preview_context(found), "near": near, "expected": expected})


def _sent(request: Visit) -> tuple[str, int]:
    """Return which page sent a request, and its number among the requests of that page (forms.js)."""
    page, _, number = request.headers.get("Assay-Request", "").partition(" ")
    return page[:40], int(number[:9]) if number.isdecimal() else 0


def _preview_context(found: Preview) -> dict[str, Any]:
    direct = set(found.direct)
    rows = sorted(found.lock.libraries, key=lambda one: (one.name not in direct, one.name))
    return {
        "preview": found,
        "shown": found.shown,
        "rows": [(one, one.name in direct) for one in rows],
        "count": len(rows),
        "size": found.lock.download_size,
    }


@require_POST
@page(Right.COMPOSE)
def check_slug(request: Visit) -> HttpResponse:
    """Show whether a short name is available."""
    slug = request.POST.get("slug", "").strip()
    try:
        free = draft.slug_is_free(request.actor, slug)
        text = f"{slug} is available." if free else f"{slug} is taken. Choose another name."
    except AssayError as error:
        free, text = False, error.hint
    return render(request, "components/slug.html", {"free": free, "text": text, "slug": slug})
