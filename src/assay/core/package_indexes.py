"""Package indexes: one default index, and others that own names by pattern, in a fixed order.

A name that matches a pattern is fetched from that index alone: nobody can shadow a team's own library by
publishing the same name on a public index (first-index rule).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name

from assay.core.errors import InvalidInputError

NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
PATTERN = re.compile(r"[a-z0-9*?][a-z0-9*?.\-]{0,99}")
MOST_PATTERNS = 50
PRIVATE = tuple(
    ip_network(one)
    for one in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.168.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "::/127", "fc00::/7", "fe80::/10", "ff00::/8"),
    )
)


class OwnsNames(Protocol):
    """An index that owns names by pattern."""

    @property
    def patterns(self) -> tuple[str, ...]:
        """Shell patterns over normalised names."""
        ...


C = TypeVar("C", bound=OwnsNames)


def owning_index(name: str, sources: Sequence[C]) -> C | None:
    """Return the first index that owns a name, None when the default index serves it."""
    normal = canonicalize_name(name)
    return next((one for one in sources if any(fnmatchcase(normal, pattern) for pattern in one.patterns)), None)


def check_index_name(name: str) -> str:
    """Return the name, if valid. Raises InvalidInputError."""
    if not NAME.fullmatch(name):
        raise InvalidInputError(
            f"{name[:40]!r} is not a valid index name.",
            hint="A letter, then letters, digits or hyphens.",
            path="name",
        )
    return name


def check_address(url: str, *, allow_private: bool) -> str:
    """Return the address of a simple index without its last slash. Raises InvalidInputError."""
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise InvalidInputError(
            f"{url[:100]!r} is not the address of a package index.",
            hint="Write it as https://host/simple.",
            path="url",
        )
    if parts.username or parts.password:
        raise InvalidInputError(
            "The address contains a user name or a password.",
            hint="Use the user name and password fields; they are stored encrypted.",
            path="url",
        )
    if parts.scheme == "http" and not allow_private:
        raise InvalidInputError(
            "A public index needs https.",
            hint="Write https, or allow private addresses if the index is on your own network.",
            path="url",
        )
    return url.strip().rstrip("/")


def check_patterns(patterns: Sequence[str]) -> tuple[str, ...]:
    """Return the patterns. Raises InvalidInputError for none, for too many, and for one that matches every name."""
    found = tuple(dict.fromkeys(one.strip().lower() for one in patterns if one.strip()))
    if not found or len(found) > MOST_PATTERNS:
        raise InvalidInputError(
            f"{len(found)} patterns.", hint=f"Name 1 to {MOST_PATTERNS}, for example acme-*.", path="patterns"
        )
    for one in found:
        if not PATTERN.fullmatch(one) or not one.strip("*?.-"):
            raise InvalidInputError(
                f"{one[:40]!r} is not a pattern of library names.",
                hint="Write names with * for the rest: acme-*.",
                path="patterns",
            )
    return found


def is_private(address: str) -> bool:
    """Return whether an IP address is private, of this machine, or otherwise not public (RFC 1918, 6890)."""
    found = _plain(address)
    return any(found.version == net.version and found in net for net in PRIVATE)


def is_own_machine(address: str) -> bool:
    """Return whether an IP address is loopback, unspecified or link-local (as cloud metadata services are)."""
    found = _plain(address)
    return found.is_loopback or found.is_link_local or found.is_unspecified


def _plain(address: str) -> IPv4Address | IPv6Address:
    found = ip_address(address.split("%", maxsplit=1)[0])
    return getattr(found, "ipv4_mapped", None) or found
