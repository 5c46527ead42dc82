"""Kernels in a version, for the Hub and for a local Jupyter."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from assay.core.errors import AssayError, NotFoundError
from assay.core.events import EventName
from assay.core.lifecycle import Status
from assay.core.maintenance.notices import deprecation_notice
from assay.core.roles import Actor
from assay.engine import uv
from assay.engine.kernels.overlay import ensure_shims, kernel_argv
from assay.flow.launch.launch import LaunchPermission, authorize_launch, end_launch, record_launch
from assay.flow.maintenance.redirects import redirects_of
from assay.flow.package_indexes import indexes_in
from assay.flow.paths import engine_paths
from assay.flow.usage.recording import recording_variables
from assay.store.audit_log import record
from assay.store.models import Launch
from assay.store.reads.launchable import Choice, launch_choices


def kernel_document(permission: LaunchPermission, host: str) -> dict[str, Any]:
    """Return the sealed directory of a version, and its kernel in the format of Jupyter's kernel specs.

    `host` is the one (with port) at which the start was requested: the kernel reports its imports there, too.
    """
    reference, paths = permission.version.reference, engine_paths()
    return {
        "environment": reference,
        "digest": permission.digest,
        "prefix": str(permission.prefix),
        "path": f"{ensure_shims(paths)}:{permission.prefix}/bin",
        "kernel": {
            "argv": kernel_argv(permission.prefix, paths, permission.version.python),
            "env": _variables(permission) | recording_variables(permission.version, address_at(host)),
            "display_name": reference,
        },
        "notice": permission.notice,
    }


def address_at(host: str) -> str:
    """Return the address of Assay at a host by which a request came: the public one, or one inside by HTTP."""
    return str(settings.PUBLIC_URL) if host == urlsplit(settings.PUBLIC_URL).netloc else f"http://{host}"


def _variables(permission: LaunchPermission) -> dict[str, str]:
    """Return the environment variables of a kernel and of the `pip` in it."""
    environment = permission.version.environment
    found = {
        "VIRTUAL_ENV": str(permission.prefix),
        "ASSAY_ENVIRONMENT": permission.version.reference,
        "ASSAY_NEW_VERSION": f"{settings.PUBLIC_URL}/environments/{environment.slug}/",
    }
    if environment.workspace.personal_overlays:
        sources = indexes_in(environment.workspace_id)
        owned = [pattern for one in sources.others for pattern in one.patterns]
        found |= {"ASSAY_PERSONAL": sources.index.url, "ASSAY_OWNED": " ".join(owned), "ASSAY_UV": uv.binary()}
    return found


def list_kernels(actor: Actor) -> list[dict[str, Any]]:
    """Return launchable environments, recently used ones first, at most `launchable.MOST`.

    `name` is stable across versions, `starts` is the reference to start.
    `notice` says why a deprecated one should not be chosen, `successor` is the version to use instead; '' for none.
    """
    choices = launch_choices(actor)
    deprecated = [one.successor for one in choices if one.status == Status.DEPRECATED]
    instead = redirects_of(actor.workspace_id, deprecated) if deprecated else {}
    return [_kernel_item(one, instead.get(one.successor, "")) for one in choices]


def _kernel_item(one: Choice, instead: str) -> dict[str, Any]:
    deprecated = one.status == Status.DEPRECATED
    notice = deprecation_notice(one.reference, one.reason, ends_at=one.ends_at, instead=instead) if deprecated else ""
    return {
        "name": f"{one.slug}-{one.number}" if one.personal else one.slug,
        "starts": one.reference if one.personal else one.slug,
        "environment": one.reference,
        "title": one.title,
        "python": one.python,
        "kind": "personal" if one.personal else "published",
        "status": one.status,
        "notice": notice,
        "successor": instead if deprecated else "",
    }


def start(actor: Actor, reference: str, host: str) -> dict[str, Any]:
    """Authorize the start of a kernel, and record its launch or the refusal. `host` is that of the request."""
    try:
        permission = authorize_launch(actor, reference)
    except AssayError as error:
        detail = {"asked": reference[:64], "reason": error.detail}
        with transaction.atomic():
            record(EventName.KERNEL_REFUSED, workspace_id=actor.workspace_id, actor=actor.name, detail=detail)
        raise
    kernel = f"k{secrets.token_hex(6)}"
    with transaction.atomic():
        record_launch(permission, actor, kind="kernel", target_id=kernel)
        record(
            EventName.KERNEL_LAUNCHED,
            workspace_id=actor.workspace_id,
            actor=actor.name,
            environment=permission.version.environment.slug,
            number=permission.version.number,
            detail={"kernel": kernel, "digest": permission.digest},
        )
    return {"id": kernel, **kernel_document(permission, host)}


def end(actor: Actor, kernel: str) -> None:
    """Record the end of a kernel of the caller. Raises NotFoundError."""
    if not Launch.objects.filter(kind="kernel", target_id=kernel, person_id=actor.id).exists():
        raise NotFoundError("You have no such kernel.", hint="Check its id.")
    end_launch("kernel", kernel)
