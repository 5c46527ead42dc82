"""Follow a build: print its log until it ends."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from assay.client import RemoteError

if TYPE_CHECKING:
    from assay.client import Client

POLL_SECONDS = 0.3


def follow_build(client: Client, build_id: str) -> dict[str, Any]:
    """Print the log of a build until it ends, and return the build. Raises RemoteError when it failed."""
    offset = 0
    while True:
        build: dict[str, Any] = client.get(f"/builds/{build_id}")
        log = client.get(f"/builds/{build_id}/log?offset={offset}")
        sys.stdout.write(log["text"])
        sys.stdout.flush()
        offset = log["next"]
        if build["finished"] and log["done"]:
            break
        time.sleep(POLL_SECONDS)
    if build["failure"]:
        raise RemoteError(build["failure"]["detail"], hint=build["failure"]["hint"])
    return build
