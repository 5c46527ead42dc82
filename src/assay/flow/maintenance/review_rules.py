"""The rules of the review list of a workspace: read and change them."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from assay.core.errors import ConflictError
from assay.core.events import EventName
from assay.core.maintenance.review_rules import ReviewRules, read_rules
from assay.core.roles import Actor, Right, check_right
from assay.flow.access import workspace_of
from assay.flow.maintenance.review_list import refresh
from assay.store.audit_log import record
from assay.store.models import Workspace


def rules_in(actor: Actor) -> ReviewRules:
    """Return the rules of the actor's workspace."""
    return read_rules(workspace_of(actor).review_rules)


def set_rules(actor: Actor, rules: ReviewRules, *, seen: Mapping[str, object] | None = None) -> ReviewRules:
    """Store the rules and compute the list by them.

    `seen` is the document of the rules that the caller changed: ConflictError when they are others by now.
    """
    check_right(actor, Right.ADMINISTER)
    with transaction.atomic():
        workspace = Workspace.objects.select_for_update().get(pk=actor.workspace_id)
        before = read_rules(workspace.review_rules).to_dict()
        if seen is not None and dict(seen) != before:
            raise ConflictError("The rules were changed meanwhile.", hint="Load the page again.", path="rules")
        after = rules.to_dict()
        if after != before:
            Workspace.objects.filter(pk=workspace.pk).update(review_rules=after)
            changed = {kind: one for kind, one in after.items() if one != before[kind]}
            detail = {"review_rules": changed}
            record(EventName.WORKSPACE_SET, workspace_id=workspace.pk, actor=actor.name, detail=detail)
    refresh(actor.workspace_id)
    return rules
