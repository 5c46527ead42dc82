"""A git repository as the source of a project, and the addresses that are allowed."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from assay.core.errors import InvalidInputError

BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]{0,199}")
ADDRESS = re.compile(r"[a-z]+://[A-Za-z0-9._~:/%@+-]{1,500}")
MAX_FOLDER = 200


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A git repository and a folder in it. `branch` is '' for the default branch, `folder` '' for the root.

    `trusted`: an administrator allowed the address, so it may be in a private network or on this machine.
    """

    url: str
    branch: str = ""
    folder: str = ""
    trusted: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the repository as plain values."""
        return asdict(self)


def repository_of(source: dict[str, Any], allowed: tuple[str, ...]) -> Repository:
    """Return the repository of a source of kind git. `allowed` are URL prefixes that an administrator trusts.

    Raises InvalidInputError for anything but https without a password, unless it is trusted.
    """
    repository = Repository(
        url=source.get("url", ""),
        branch=source.get("branch", ""),
        folder=source.get("folder", "").strip("/"),
        trusted=_trusted(source.get("url", ""), allowed),
    )
    _check_address(repository)
    if repository.branch and (not BRANCH.fullmatch(repository.branch) or ".." in repository.branch):
        raise InvalidInputError(
            f"{repository.branch[:60]!r} is not a branch or tag.", hint="Write its name, such as main.", path="source"
        )
    folder = PurePosixPath(repository.folder)
    if len(repository.folder) > MAX_FOLDER or ".." in folder.parts or ".git" in folder.parts:
        raise InvalidInputError(
            f"{repository.folder[:60]!r} is not a folder of a repository.",
            hint="Name a folder below the root.",
            path="source",
        )
    return repository


def _trusted(url: str, allowed: tuple[str, ...]) -> bool:
    """Return whether an address is an allowed one or below it."""
    return ".." not in url and any(url == one or url.startswith(one.rstrip("/") + "/") for one in allowed)


def _check_address(repository: Repository) -> None:
    if not ADDRESS.fullmatch(repository.url):
        raise InvalidInputError(
            f"{repository.url[:60]!r} is not an address of a repository.",
            hint="Write it as https://host/name.git.",
            path="source",
        )
    parts = urlsplit(repository.url)
    if parts.username is not None or parts.password is not None:
        raise InvalidInputError(
            "The address contains a name or password.", hint="Use an address that needs none.", path="source"
        )
    if parts.scheme != "https" and not repository.trusted:
        raise InvalidInputError(
            f"Repositories are fetched by https, not by {parts.scheme}.",
            hint="Use https, or let an administrator allow the address in ASSAY_GIT_ALLOW.",
            path="source",
        )
