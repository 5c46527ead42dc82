"""Set-up: Django, the database, the first workspace and its administrator, the Hub's OpenID client."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path


def prepare() -> None:
    """Set up Django with the settings of Assay, once per process."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assay.server.settings")
    import django  # noqa: PLC0415 - the settings module is named first
    from django.apps import apps  # noqa: PLC0415 - as above

    if not apps.ready:
        django.setup()
        _warn()


def _warn() -> None:
    from assay.server.config_loading import warnings  # noqa: PLC0415 - only the server's commands need pydantic

    if not os.environ.get("ASSAY_WARNED"):  # `assay up` prints them once for all its processes
        sys.stderr.writelines(f"warning: {line}\n" for line in warnings())
    os.environ["ASSAY_WARNED"] = "1"


def install_studio() -> Path:
    """Install Studio unless it is installed, print the progress, and return its prefix."""
    from assay.studio.prefix import ensure_prefix  # noqa: PLC0415 - after prepare()

    return ensure_prefix(lambda line: print(line, flush=True))  # noqa: T201 - progress of a command


def migrate() -> None:
    """Create or upgrade the database, the default workspace and the Hub's client."""
    from django.core.management import call_command  # noqa: PLC0415 - after prepare()

    from assay.flow.people import ensure_workspace  # noqa: PLC0415 - after prepare()

    if pending_migrations():
        call_command("migrate", verbosity=0, interactive=False)
    ensure_workspace()
    ensure_hub_client()


def pending_migrations() -> bool:
    """Return whether migrations have to be applied."""
    from django.db import connection  # noqa: PLC0415 - after prepare()
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415 - after prepare()

    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def ensure_administrator() -> tuple[str, str] | None:
    """Create the first administrator when there is no account; return name and password, else None."""
    from assay.core.roles import Role  # noqa: PLC0415 - after prepare()
    from assay.flow.people import create_person  # noqa: PLC0415 - after prepare()
    from assay.store.models import Person  # noqa: PLC0415 - after prepare()

    if Person.objects.exists():
        return None
    password = secrets.token_urlsafe(12)
    create_person("admin", password, Role.ADMIN)
    return "admin", password


def ensure_hub_client() -> None:
    """Register the Hub as an OpenID client: confidential, without a consent page, since it belongs to Assay."""
    from allauth.idp.oidc.models import Client  # noqa: PLC0415 - after prepare()
    from django.conf import settings  # noqa: PLC0415 - after prepare()
    from django.contrib.auth.hashers import check_password  # noqa: PLC0415 - after prepare()

    client = Client.objects.filter(pk="assay-hub").first() or Client(pk="assay-hub", name="Studio")
    callback = f"{settings.HUB_URL}/hub/oauth_callback"
    known = client.redirect_uris == callback and not client._state.adding  # noqa: SLF001 - Django has no public way
    if known and check_password(settings.OIDC_CLIENT_SECRET, client.secret):
        return
    client.scopes = client.default_scopes = "openid\nprofile"
    client.redirect_uris = callback
    client.grant_types = Client.GrantType.AUTHORIZATION_CODE
    client.response_types = Client.ResponseType.CODE
    client.skip_consent = True
    client.set_secret(settings.OIDC_CLIENT_SECRET)
    client.save()


def first_password_file() -> Path:
    """Return the file with the first administrator's password."""
    from django.conf import settings  # noqa: PLC0415 - after prepare()

    return Path(settings.HOME) / "secrets" / "first-sign-in"
