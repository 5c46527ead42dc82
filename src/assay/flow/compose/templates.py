"""Templates: published environments that an administrator marked to start new ones from."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from assay.core.errors import ConflictError
from assay.core.events import EventName
from assay.core.roles import Actor, Right, check_right
from assay.flow.access import find_environment
from assay.store.audit_log import record_version
from assay.store.models import Environment


def set_template(actor: Actor, slug: str, *, template: bool) -> Environment:
    """Mark an environment as template, or remove it from the templates; without effect where it is so already.

    Raises ConflictError for one without a published version.
    """
    check_right(actor, Right.ADMINISTER)
    environment = find_environment(actor, slug)
    if environment.template == template:
        return environment
    if template and environment.active is None:
        raise ConflictError(f"{slug} has no published version.", hint="Publish a version first.", path="template")
    shown = environment.active or environment.latest
    with transaction.atomic():
        changed = Environment.objects.filter(pk=environment.pk, template=not template)
        if changed.update(template=template, updated_at=timezone.now()) and shown is not None:
            record_version(EventName.ENVIRONMENT_TEMPLATE_SET, shown, actor.name, template=template)
    return find_environment(actor, slug)
