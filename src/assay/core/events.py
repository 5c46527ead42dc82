"""The names of events, and the hash chain that reveals whether one was changed or removed."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Any

FIRST = "0" * 64
AUTOMATIC = "assay"  # the actor in the events of automatic steps


class EventName(StrEnum):
    """The names of all recorded events; the part before the dot is the object of the event."""

    VERSION_CREATED = "version.created"
    VERSION_EDITED = "version.edited"
    VERSION_DELETED = "version.deleted"
    VERSION_SUBMITTED = "version.submitted"
    VERSION_WITHDRAWN = "version.withdrawn"
    VERSION_APPROVED = "version.approved"
    VERSION_PUBLISHED = "version.published"
    VERSION_REJECTED = "version.rejected"
    VERSION_DEPRECATED = "version.deprecated"
    VERSION_DEPRECATION_CHANGED = "version.deprecation-changed"
    VERSION_RESTORED = "version.restored"
    VERSION_RETIRED = "version.retired"
    VERSION_REINSTATED = "version.reinstated"
    VERSION_ENDS_SOON = "version.ends-soon"
    VERSION_KEPT = "version.kept"
    KEEP_ENDED = "version.keep-ended"
    VERSION_RENEWED = "version.renewed"
    APPROVAL_EXPIRES = "version.approval-expires"
    VERSION_QUARANTINED = "version.quarantined"
    VERSION_RELEASED = "version.released"
    VERSION_ATTENTION = "version.attention"
    VERSION_CLEARED = "version.cleared"
    FACTS_GONE = "version.facts-gone"
    FINDING_WAIVED = "version.waived"
    WAIVER_ENDED = "version.waiver-ended"
    WAIVER_EXPIRES = "version.waiver-expires"
    WEBHOOK_SET = "webhook.set"
    WEBHOOK_REMOVED = "webhook.removed"
    POLICY_REVISED = "policy.revised"
    ENVIRONMENT_CREATED = "environment.created"
    ENVIRONMENT_EDITED = "environment.edited"
    ENVIRONMENT_ACTIVE_SET = "environment.active-set"
    ENVIRONMENT_TEMPLATE_SET = "environment.template-set"
    ENVIRONMENT_OWNER_SET = "environment.owner-set"
    ROLLOUT_STARTED = "rollout.started"
    ROLLOUT_COMPLETED = "rollout.completed"
    ROLLOUT_HALTED = "rollout.halted"
    ROLLOUT_STOPPED = "rollout.stopped"
    WAVE_STARTED = "wave.started"
    WAVE_ENDED = "wave.ended"
    MERGE_DRAFTED = "merge.drafted"
    VERSION_DRIFTED = "version.drifted"
    VERSION_MENDED = "version.mended"
    BUILD_REQUESTED = "build.requested"
    BUILD_STARTED = "build.started"
    BUILD_FINISHED = "build.built"
    BUILD_FAILED = "build.failed"
    BUILD_CANCELLED = "build.cancelled"
    SERVER_REQUESTED = "server.requested"
    SERVER_LAUNCHED = "server.launched"
    SERVER_STOPPED = "server.stopped"
    SERVER_REFUSED = "server.refused"
    KERNEL_LAUNCHED = "kernel.launched"
    KERNEL_REFUSED = "kernel.refused"
    APPLICATION_ADDED = "application.added"
    APPLICATION_REMOVED = "application.removed"
    RUNTIME_CREATED = "runtime.created"
    RUNTIME_CHANGED = "runtime.changed"
    RUN_REQUESTED = "run.requested"
    RUN_STARTED = "run.started"
    RUN_ENDED = "run.ended"
    VERIFICATION_REQUESTED = "verification.requested"
    SOURCE_ADDED = "source.added"
    SOURCE_CHANGED = "source.changed"
    SOURCE_REMOVED = "source.removed"
    PYTHON_OFFERED = "python.offered"
    PYTHON_NOT_OFFERED = "python.not-offered"
    PYTHON_DEFAULT = "python.default"
    PYTHON_REQUESTED = "python.requested"
    PYTHON_INSTALLED = "python.installed"
    PYTHON_FAILED = "python.failed"
    WORKSPACE_SET = "workspace.set"
    RUN_RETRIED = "run.retried"
    APP_SERVING = "app.serving"
    APPLICATION_SET = "application.set"
    RUN_LEFT_OUT = "run.left_out"
    SECRET_SET = "secret.set"  # noqa: S105 - the name of an event
    SECRET_REMOVED = "secret.removed"  # noqa: S105 - the name of an event
    MEMBER_SET = "member.set"
    TOKEN_CREATED = "token.created"  # noqa: S105 - the name of an event
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 - the name of an event


def link(previous: str, content: dict[str, Any]) -> str:
    """Return the hash (SHA-256, hex) that binds an event's content to the one before it."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{previous}\n{canonical}".encode()).hexdigest()
