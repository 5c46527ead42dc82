"""Messages with an *Undo* button for the last action."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest

UNDO = "undo:"


def success_with_undo(request: HttpRequest, text: str, url: str) -> None:
    """Add a message with an *Undo* button that posts to `url`."""
    messages.success(request, text, extra_tags=f"{UNDO}{url}")


def undo_url(message: Message) -> str:
    """Return the URL that a message's *Undo* posts to; '' for a message without one."""
    tags = message.extra_tags or ""
    return tags.removeprefix(UNDO) if tags.startswith(UNDO) else ""
