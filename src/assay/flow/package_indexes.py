"""Package indexes of a workspace: where resolutions and builds get libraries from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from assay.core.errors import ConflictError, NotFoundError
from assay.core.events import EventName
from assay.core.package_indexes import check_address, check_index_name, check_patterns, owning_index
from assay.core.roles import Actor, Right, check_right
from assay.engine.interface import Credentials, Index
from assay.flow.work_slots import waiting
from assay.store.audit_log import record
from assay.store.encryption import decrypt, encrypt
from assay.store.models import PackageIndex, Workspace

if TYPE_CHECKING:
    from assay.engine.fetching.network import Network

PURPOSE = "package source"  # part of every stored password: never change it
ACCEPTED = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"
BUILT_IN = "default"  # the name of the installation's default index


@dataclass(frozen=True, kw_only=True)
class IndexInput:
    """An unchecked package index from a page or the API. An empty `password` keeps the stored one."""

    name: str
    url: str
    patterns: tuple[str, ...] = ()
    is_default: bool = False
    allow_private: bool = False
    username: str = ""
    password: str = ""


@dataclass(frozen=True, kw_only=True)
class PackageIndexes:
    """All package indexes of a workspace, as the engine uses them, and whether it allows builds from source."""

    index: Index
    others: tuple[Index, ...]
    credentials: Credentials
    allow_sdists: bool = True

    @property
    def every(self) -> tuple[Index, ...]:
        """All indexes, the default one first."""
        return (self.index, *self.others)

    def owner_of(self, name: str) -> Index:
        """Return the only index that a library may come from."""
        return owning_index(name, self.others) or self.index

    def network(self) -> Network:
        """Return the network as far as requests to these indexes need it."""
        from assay.engine.fetching.network import Network  # noqa: PLC0415 - slow import, few need it

        return Network(self.every, self.credentials)


def indexes_in(workspace_id: int) -> PackageIndexes:
    """Return a workspace's indexes: its default or the installation's, and the others in their order."""
    rows = list(PackageIndex.objects.filter(workspace_id=workspace_id).order_by("position", "pk"))
    own = next((_index(row) for row in rows if row.is_default), None)
    return PackageIndexes(
        index=own or Index(name=BUILT_IN, url=settings.INDEX_URL, trusted=True),
        others=tuple(_index(row) for row in rows if not row.is_default),
        credentials={row.name: (row.username, decrypt(row.secret, PURPOSE)) for row in rows if row.secret},
        allow_sdists=Workspace.objects.filter(pk=workspace_id, allow_sdists=True).exists(),
    )


def default_address(workspace_id: int) -> str:
    """Return the address of a workspace's default index: its own or the installation's."""
    own = PackageIndex.objects.filter(workspace_id=workspace_id, is_default=True).values_list("url", flat=True)
    return own.first() or str(settings.INDEX_URL)


def _index(row: PackageIndex) -> Index:
    return Index(name=row.name, url=row.url, patterns=tuple(row.patterns), allow_private=row.allow_private)


def list_indexes(actor: Actor) -> list[PackageIndex]:
    """Return the indexes in the order in which they are queried."""
    check_right(actor, Right.ADMINISTER)
    return list(PackageIndex.objects.filter(workspace_id=actor.workspace_id).order_by("is_default", "position", "pk"))


def find_index(actor: Actor, name: str) -> PackageIndex:
    """Return a package index. Raises NotFoundError."""
    check_right(actor, Right.ADMINISTER)
    found = PackageIndex.objects.filter(workspace_id=actor.workspace_id, name=name).first()
    if found is None:
        raise NotFoundError(f"There is no package index {name[:40]!r}.", hint="Check the name.")
    return found


def add_index(actor: Actor, wanted: IndexInput) -> PackageIndex:
    """Add a package index after the others. Raises InvalidInputError or ConflictError."""
    check_right(actor, Right.ADMINISTER)
    columns = _checked(wanted)
    last = PackageIndex.objects.filter(workspace_id=actor.workspace_id).order_by("-position").first()
    try:
        with transaction.atomic():
            made = PackageIndex.objects.create(
                workspace_id=actor.workspace_id,
                position=last.position + 1 if last else 0,
                created_at=timezone.now(),
                **columns,
            )
            _record(actor, EventName.SOURCE_ADDED, made)
    except IntegrityError as error:
        raise ConflictError(
            f"There is already an index {wanted.name!r}, or a default index.", hint="Change that one.", path="name"
        ) from error
    return made


def change_index(actor: Actor, name: str, wanted: IndexInput) -> PackageIndex:
    """Change a package index; its position stays."""
    found = find_index(actor, name)
    columns = _checked(wanted)
    if not wanted.password and columns["username"]:
        columns["secret"] = found.secret
    try:
        with transaction.atomic():
            PackageIndex.objects.filter(pk=found.pk).update(**columns)
            found.refresh_from_db()
            _record(actor, EventName.SOURCE_CHANGED, found)
    except IntegrityError as error:
        raise ConflictError(
            "There is already an index with that name, or a default index.", hint="Change that one.", path="name"
        ) from error
    return found


def remove_index(actor: Actor, name: str) -> None:
    """Remove a package index. Existing builds stay; new ones no longer use it."""
    found = find_index(actor, name)
    with transaction.atomic():
        _record(actor, EventName.SOURCE_REMOVED, found)
        found.delete()


def check_connection(actor: Actor, name: str) -> str:
    """Request a library that does not exist from an index, and return the result as a sentence."""
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - slow import, needed only here

    find_index(actor, name)
    sources = indexes_in(actor.workspace_id)
    source = next(one for one in sources.every if one.name == name)
    try:
        with waiting():
            response = sources.network().open(f"{source.url}/assay-connection-test/", {"Accept": ACCEPTED})
    except HTTPError as error:
        return f"It cannot be reached: {error}."
    response.close()
    if response.status in {200, 404}:
        return "Connected. It responds like a package index."
    if response.status in {401, 403}:
        return f"It refused the sign-in (status {response.status}). Check user name and password."
    return f"It responded with status {response.status}. Check the address; it usually ends in /simple."


def _checked(wanted: IndexInput) -> dict[str, Any]:
    return {
        "name": check_index_name(wanted.name),
        "url": check_address(wanted.url, allow_private=wanted.allow_private),
        "patterns": [] if wanted.is_default else list(check_patterns(wanted.patterns)),
        "is_default": wanted.is_default,
        "allow_private": wanted.allow_private,
        "username": wanted.username.strip(),
        "secret": encrypt(wanted.password, PURPOSE) if wanted.password else "",
    }


def _record(actor: Actor, name: EventName, source: PackageIndex) -> None:
    detail = {"source": source.name, "url": source.url, "patterns": source.patterns, "private": source.allow_private}
    record(name, workspace_id=actor.workspace_id, actor=actor.name, detail=detail)
