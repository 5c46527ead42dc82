"""Applications: how apps of each framework are started. Administrators can add their own."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass

from django.db import transaction
from packaging.utils import canonicalize_name

from assay.core.applications import check_argv, check_need
from assay.core.errors import ConflictError, InvalidInputError, NotFoundError
from assay.core.events import EventName
from assay.core.roles import Actor, Right, check_right
from assay.core.spec import check_slug
from assay.store.audit_log import record
from assay.store.models import Application, Runtime, Version

PLACEHOLDERS = frozenset({"python", "entry", "port", "host"})
HEALTH = re.compile(r"/[\w./-]{0,200}")


@dataclass(frozen=True, kw_only=True)
class Template:
    """How an application is started. `argv` may use {python}, {entry}, {port} and {host} (as browsers see it).

    `needs` is the library that must be in the environment, '' for none; `health` is the path that responds when
    the app is up. Each app has its own host name, so no app needs to know a path prefix.
    """

    slug: str
    argv: tuple[str, ...]
    needs: str = ""
    health: str = "/"

    def command(self, *, python: str, entry: str, port: int, host: str) -> list[str]:
        """Return the command with the placeholders filled in."""
        values = {"python": python, "entry": entry, "port": str(port), "host": host}
        return [word.format(**values) for word in self.argv]


BUILT_IN = (
    Template(slug="plain", argv=("{python}", "{entry}")),
    Template(slug="dash", argv=("{python}", "{entry}"), needs="dash"),
    Template(
        slug="streamlit",
        argv=(
            *("{python}", "-m", "streamlit", "run", "{entry}", "--server.address=127.0.0.1", "--server.port={port}"),
            *("--server.headless=true", "--browser.gatherUsageStats=false", "--browser.serverAddress={host}"),
            *("--server.enableCORS=false", "--server.enableXsrfProtection=false", "--server.fileWatcherType=none"),
        ),
        needs="streamlit",
        health="/_stcore/health",
    ),
    Template(
        slug="panel",
        argv=(
            *("{python}", "-m", "panel", "serve", "{entry}", "--index=", "--address=127.0.0.1", "--port={port}"),
            "--allow-websocket-origin={host}",
        ),
        needs="panel",
    ),
    Template(
        slug="voila",
        argv=("{python}", "-m", "voila", "{entry}", "--no-browser", "--Voila.ip=127.0.0.1", "--port={port}"),
        needs="voila",
    ),
    Template(
        slug="marimo",
        argv=(
            *("{python}", "-m", "marimo", "run", "{entry}", "--headless", "--no-token"),
            *("--host=127.0.0.1", "--port={port}"),
        ),
        needs="marimo",
        health="/health",
    ),
)


def templates(workspace_id: int) -> dict[str, Template]:
    """Return a workspace's applications by name; an added one replaces the built-in one of the same name."""
    added = (
        Template(slug=one.slug, argv=tuple(one.argv), needs=one.needs, health=one.health)
        for one in Application.objects.filter(workspace_id=workspace_id).order_by("slug")
    )
    return {one.slug: one for one in (*BUILT_IN, *added)}


def template(workspace_id: int, slug: str) -> Template:
    """Return one application. Raises NotFoundError with the names of all applications."""
    known = templates(workspace_id)
    if slug not in known:
        raise NotFoundError(f"There is no application {slug[:40]!r}.", hint=f"Choose one of {', '.join(known)}.")
    return known[slug]


def save(actor: Actor, wanted: Template) -> Template:
    """Add an application or change one. Raises InvalidInputError for a template that cannot be filled in."""
    check_right(actor, Right.ADMINISTER)
    check_slug(wanted.slug)
    _check(wanted)
    with transaction.atomic():
        Application.objects.update_or_create(
            workspace_id=actor.workspace_id,
            slug=wanted.slug,
            defaults={"argv": list(wanted.argv), "needs": wanted.needs, "health": wanted.health},
        )
        record(
            EventName.APPLICATION_SET,
            workspace_id=actor.workspace_id,
            actor=actor.name,
            detail={"application": wanted.slug, "argv": list(wanted.argv)},
        )
    return wanted


def remove(actor: Actor, slug: str) -> None:
    """Remove an added application; a built-in one of the same name applies again.

    Raises NotFoundError, and ConflictError while apps use it and no built-in one replaces it.
    """
    check_right(actor, Right.ADMINISTER)
    with transaction.atomic():
        removed, _ = Application.objects.filter(workspace_id=actor.workspace_id, slug=slug).delete()
        if not removed:
            raise NotFoundError(
                "There is no such application to remove.", hint="Built-in applications cannot be removed."
            )
        used = list(Runtime.objects.filter(workspace_id=actor.workspace_id, app=slug).values_list("slug", flat=True))
        if used and slug not in {one.slug for one in BUILT_IN}:
            raise ConflictError(
                f"{slug} is used by {', '.join(used[:3])}{' and others' if used[3:] else ''}.",
                hint="Change the application of these projects first.",
            )
        record(
            EventName.APPLICATION_REMOVED,
            workspace_id=actor.workspace_id,
            actor=actor.name,
            detail={"application": slug},
        )


def check_needs(version: Version, wanted: Template) -> None:
    """Raise InvalidInputError unless the version has the library that the application needs."""
    if (
        wanted.needs
        and version.lock
        and not version.lock.locked_libraries.filter(name=canonicalize_name(wanted.needs)).exists()
    ):
        raise InvalidInputError(
            f"{wanted.needs} is not in {version.reference}.",
            hint=f"Choose an environment with {wanted.needs}, or another application.",
            path="app",
        )


def _check(wanted: Template) -> None:
    check_argv(wanted.argv)
    if wanted.needs:
        check_need(wanted.needs)
    try:
        named = {name for word in wanted.argv for _, name, _, _ in string.Formatter().parse(word) if name is not None}
        wanted.command(python="p", entry="e", port=1, host="h")
    except (ValueError, KeyError, IndexError, AttributeError) as error:
        raise InvalidInputError(
            f"The command cannot be filled in: {error}.", hint="Use {python}, {entry}, {port}, {host}.", path="argv"
        ) from error
    if not named <= PLACEHOLDERS or not HEALTH.fullmatch(wanted.health):
        raise InvalidInputError(
            "A command may use {python}, {entry}, {port} and {host}; a health path begins with /.",
            hint="Use the built-in applications as examples.",
            path="argv",
        )
