"""Keeping secrets of others: encrypted with keys that are derived from one of the installation's own."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from assay.core.errors import UnavailableError


def _fernet(purpose: str) -> Fernet:
    key = hashlib.sha256(f"{purpose}\n{settings.VAULT_KEY}".encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def encrypt(text: str, purpose: str) -> str:
    """Return a text that only this installation reads again, and only for that purpose."""
    return _fernet(purpose).encrypt(text.encode()).decode()


def decrypt(token: str, purpose: str) -> str:
    """Return what was encrypted. Raises UnavailableError when the installation's key is another one now."""
    try:
        return _fernet(purpose).decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise UnavailableError(
            "A stored secret cannot be read: the installation's key has changed.",
            hint="Enter the secret again, or restore `secrets/vault` from a copy.",
        ) from error
