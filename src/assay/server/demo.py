"""`assay up --demo`: people and a few real environments in different states, created as people create them."""

from __future__ import annotations

import logging
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from assay.core.errors import AssayError, ConflictError
from assay.core.lifecycle import BuildState
from assay.core.roles import Actor, Role
from assay.flow.access import actor_in, find_build, find_version
from assay.flow.build.build import request_build
from assay.flow.compose import draft
from assay.flow.compose.draft import SpecInput
from assay.flow.paths import interpreters
from assay.flow.people import create_person, find_person
from assay.flow.review import review
from assay.server.setup import first_password_file

log = logging.getLogger("assay.demo")
PEOPLE = (("admin", Role.ADMIN), ("ana", Role.MEMBER), ("ben", Role.REVIEWER))
BUILD_TIMEOUT = 600  # seconds; the first builds download


@dataclass(frozen=True, kw_only=True)
class Example:
    """One environment of the demo. `end` is the state it reaches: draft, built, pending, published or rejected."""

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
    """Create the missing accounts and environments; existing ones do not change."""
    names, path = _people()
    ana, ben = (actor_in(find_person(name), "default") for name in ("ana", "ben"))
    for example in EXAMPLES:
        try:
            _create(example, ana, ben)
        except ConflictError:
            continue  # it exists since an earlier start
        except AssayError as error:
            log.warning("Could not create the example %s: %s", example.slug, error.detail)
    log.info("The demo is ready. The password of %s is in %s", ", ".join(names), path)


def _people() -> tuple[list[str], Path]:
    """Create missing people. Return those who sign in with the demo's password, and the file that contains it."""
    path = Path(settings.HOME) / "secrets" / "demo-password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(9))
    password = path.read_text()
    names = []
    for name, role in PEOPLE:
        with suppress(ConflictError):
            create_person(name, password, role)
        if find_person(name).check_password(password):
            names.append(name)
        else:
            log.info("%s existed before and keeps the password that was set. %s", name, _password_hint(name))
    log.info("The password of %s is %s", ", ".join(names), password)
    return names, path


def _password_hint(name: str) -> str:
    """Return where the password of an account from before the demo is, or how to set another."""
    path = first_password_file()
    if path.exists():
        first, password = path.read_text().split()
        if first == name and find_person(name).check_password(password):
            return f"It is in {path}"
    return f"To set another: assay admin set-password {name}"


def _create(example: Example, ana: Actor, ben: Actor) -> None:
    python = next(iter(interpreters())) if "3.11" not in interpreters() else "3.11"
    spec_input = SpecInput(base=example.base, python=None if example.base else python, libraries=example.libraries)
    version = draft.create_environment(
        ana, slug=example.slug, title=example.title, description=example.description, spec_input=spec_input
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
    deadline = time.monotonic() + BUILD_TIMEOUT
    while build.active and time.monotonic() < deadline:
        time.sleep(0.3)
        build = find_build(actor, str(build.pk))
    return build.state == BuildState.BUILT
