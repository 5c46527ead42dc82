"""Secrets of an installation: created at the first start, in files that only their owner can read."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def secret(home: Path, name: str) -> str:
    """Return the secret of that name; create it (256 bits) when there is none."""
    return _read_or_create(home, name, lambda: secrets.token_hex(32))


def private_key(home: Path) -> str:
    """Return the key (RSA 2048, PEM) that signs identities for the Hub; create it when there is none."""
    return _read_or_create(home, "oidc.pem", _new_key)


def _new_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _read_or_create(home: Path, name: str, create: Callable[[], str]) -> str:
    path = home / "secrets" / name
    try:
        return path.read_text()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(create())
    try:
        os.link(temporary, path)  # the first of several processes wins; all read its file
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    return path.read_text()
