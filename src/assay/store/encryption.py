"""Encryption of stored secrets, with keys derived from the installation's own key (one per purpose)."""

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
    """Encrypt a text so that only this installation can decrypt it, and only with the same purpose."""
    return _fernet(purpose).encrypt(text.encode()).decode()


def decrypt(token: str, purpose: str) -> str:
    """Return the plain text. Raises UnavailableError when the installation's key has changed."""
    try:
        return _fernet(purpose).decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise UnavailableError(
            "A stored secret cannot be read: the installation's key has changed.",
            hint="Enter the secret again, or restore `secrets/vault` from a backup.",
        ) from error
