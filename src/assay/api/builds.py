"""`/builds`: start, follow and cancel builds; read their logs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.http import StreamingHttpResponse
from ninja import Router, Status

from assay.api.access import Caller, needs, raises
from assay.api.documents import build_document
from assay.api.openapi import returns_file
from assay.core.errors import ConflictError, UnavailableError
from assay.core.roles import Actor, Right
from assay.flow.access import find_build
from assay.flow.build.build import cancel_build, read_log, request_build

router = Router(tags=["Builds"])
STREAM_SECONDS = 50  # a stream occupies a thread; it ends after this time and the client connects again
_streams = threading.BoundedSemaphore(4)  # threads that streams may occupy; the others serve requests


@router.post("/environments/{slug}/versions/{int:number}/build", response={202: dict[str, Any]})
@needs(Right.COMPOSE)
@raises(ConflictError)
def start(request: Caller, workspace: str, slug: str, number: int) -> Status[dict[str, Any]]:
    """Start a build of a draft.

    While a build of the draft is queued or running, that build is returned.
    """
    return Status(202, {"build": str(request_build(request.actor, slug, number).pk)})


@router.get("/builds/{uuid:build}", response=dict[str, Any])
@needs(Right.SEE)
def show(request: Caller, workspace: str, build: UUID) -> dict[str, Any]:
    """Show the state, step, progress and timings of a build."""
    return build_document(find_build(request.actor, str(build)))


@router.get("/builds/{uuid:build}/log", response=dict[str, Any])
@needs(Right.SEE)
def log(request: Caller, workspace: str, build: UUID, offset: int = 0) -> dict[str, Any]:
    """Read the log of a build from a byte offset.

    `next` is the offset to continue from. `done` is true when nothing more will come.
    """
    return read_log(find_build(request.actor, str(build)), offset)


@router.post("/builds/{uuid:build}/cancel", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(ConflictError)
def cancel(request: Caller, workspace: str, build: UUID) -> dict[str, Any]:
    """Cancel a build.

    The build ends soon after; poll its state.
    """
    return build_document(cancel_build(request.actor, str(build)))


@router.get("/builds/{uuid:build}/events", openapi_extra=returns_file("text/event-stream"))
@needs(Right.SEE)
@raises(UnavailableError)
def events(request: Caller, workspace: str, build: UUID) -> StreamingHttpResponse:
    """Stream the progress of a build as server-sent events.

    The stream sends `progress` after each change and `end` at the end.
    """
    find_build(request.actor, str(build))
    if not _streams.acquire(blocking=False):
        raise UnavailableError("Too many streams are open.", hint="Poll the build instead.")
    response = StreamingHttpResponse(_stream(request.actor, str(build)), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    return response


def _stream(actor: Actor, build_id: str) -> Iterator[str]:
    try:
        deadline, shown = time.monotonic() + STREAM_SECONDS, ""
        yield "retry: 500\n\n"
        while time.monotonic() < deadline:
            build = find_build(actor, build_id)
            text = json.dumps(build_document(build), cls=DjangoJSONEncoder)
            if text != shown:
                shown = text
                yield f"event: {'progress' if build.active else 'end'}\ndata: {text}\n\n"
            if not build.active:
                return
            time.sleep(0.2)
    finally:
        _streams.release()
