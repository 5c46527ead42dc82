"""`assay up --demo`: people and a few real environments in different states, made by the ordinary way."""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from assay.core.errors import AssayError, ConflictError
from assay.core.lifecycle import BuildState
from assay.core.roles import Actor, Role
from assay.flow.access import actor_in, find_build, find_version
from assay.flow.build.build import request_build
from assay.flow.compose import draft
from assay.flow.compose.draft import Wish
from assay.flow.paths import interpreters
from assay.flow.people import create_person, find_person
from assay.flow.review import review

log = logging.getLogger("assay.demo")
PEOPLE = (("admin", Role.ADMIN), ("ana", Role.MEMBER), ("ben", Role.REVIEWER))
PATIENCE = 600  # seconds for one build; the first ones download


@dataclass(frozen=True, kw_only=True)
class Example:
    """One environment of the demo. `end`: how far it goes: draft, built, pending, published or rejected."""

    slug: str
    title: str
    description: str
    libraries: tuple[str, ...]
    end: str
    base: str | None = None


EXAMPLES = (
    Example(
        slug="ds101",
        title="Data science 101",
        description="Frames and figures for everybody's notebooks. The base of most others.",
        libraries=("pandas>=2", "matplotlib"),
        end="published",
    ),
    Example(
        slug="ml",
        title="Machine learning",
        description="ds101 and scikit-learn, for the forecasting team.",
        libraries=("scikit-learn",),
        base="ds101@1",
        end="published",
    ),
    Example(
        slug="web",
        title="Small web services",
        description="What our internal services are made of.",
        libraries=("fastapi", "httpx", "uvicorn"),
        end="pending",
    ),
    Example(
        slug="reports",
        title="Reports",
        description="Tables to spreadsheets and back.",
        libraries=("openpyxl", "jinja2"),
        base="ds101@1",
        end="rejected",
    ),
    Example(
        slug="scratch",
        title="Ana's scratchpad",
        description="To try things.",
        libraries=("rich", "humanize"),
        end="built",
    ),
)


def populate() -> None:
    """Make what is missing; what is there already is left alone."""
    password = _people()
    ana, ben = (actor_in(find_person(name), "default") for name in ("ana", "ben"))
    for example in EXAMPLES:
        try:
            _make(example, ana, ben)
        except ConflictError:
            continue  # it is there since an earlier start
        except AssayError as error:
            log.warning("The demo's %s was not made: %s", example.slug, error.detail)
    log.info("The demo is ready. Sign in as admin, ana or ben; their password is in %s", password)


def _people() -> Path:
    path = Path(settings.HOME) / "secrets" / "demo-password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(9))
    for name, role in PEOPLE:
        try:
            create_person(name, path.read_text(), role)
        except ConflictError:
            continue
    log.info("The demo's people admin, ana and ben sign in with %s", path.read_text())
    return path


def _make(example: Example, ana: Actor, ben: Actor) -> None:
    python = next(iter(interpreters())) if "3.11" not in interpreters() else "3.11"
    wish = Wish(base=example.base, python=None if example.base else python, libraries=example.libraries)
    version = draft.create_environment(
        ana, slug=example.slug, title=example.title, description=example.description, wish=wish
    )
    if example.end == "draft" or not _build(ana, example.slug):
        return
    if example.end == "built":
        return
    review.submit(ana, example.slug, 1, "Please have a look.")
    digest = find_version(ana, example.slug, version.number).digest
    if example.end == "published":
        review.approve(ben, example.slug, 1, digest=digest, note="Looks good.")
    elif example.end == "rejected":
        review.reject(ben, example.slug, 1, feedback="Please add xlsxwriter, so that charts survive.")


def _build(actor: Actor, slug: str) -> bool:
    build = request_build(actor, slug, 1)
    deadline = time.monotonic() + PATIENCE
    while build.active and time.monotonic() < deadline:
        time.sleep(0.3)
        build = find_build(actor, str(build.pk))
    return build.state == BuildState.BUILT
