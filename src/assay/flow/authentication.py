"""Authentication: who a token or a session stands for, read with one statement at each request."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from assay.core.errors import NotFoundError, NotSignedInError
from assay.core.roles import Actor, Right, Role
from assay.store.models import ApiToken, Membership, Person
from assay.store.statements import Parameter, Statement

USED_EVERY = timedelta(minutes=10)  # a token's last use is written at most this often
OF_TOKEN = Statement(
    lambda: ApiToken.objects.filter(secret_hash=Parameter("secret_hash")).values_list(
        "pk",
        "scope",
        "expires_at",
        "revoked_at",
        "used_at",
        "person_id",
        "person__username",
        "person__is_active",
        "person__memberships__workspace__slug",
        "person__memberships__workspace_id",
        "person__memberships__role",
    )
)
OF_PERSON = Statement(
    lambda: (
        Membership.objects.select_related("person", "workspace").filter(person_id=Parameter("person")).order_by("pk")
    )
)


@dataclass(frozen=True, kw_only=True)
class TokenHolder:
    """The person of a token with its scope, and (workspace id, role) for each workspace that they belong to."""

    id: int
    name: str
    scope: Right
    roles: Mapping[str, tuple[int, Role]]

    def actor_in(self, workspace: str) -> Actor:
        """Return the person with their role in a workspace. Raises NotFoundError for a non-member."""
        if workspace not in self.roles:
            raise no_such_workspace()
        workspace_id, role = self.roles[workspace]
        return Actor(id=self.id, name=self.name, role=role, workspace_id=workspace_id, scope=self.scope)


def no_such_workspace() -> NotFoundError:
    """Return the error for a workspace that does not exist, or that the person does not belong to."""
    return NotFoundError("There is no such workspace.", hint="Ask its administrator to make you a member.")


def hash_of(secret: str) -> str:
    """Return the hash of a token; a token is 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def holder_of_token(secret: str) -> TokenHolder:
    """Return the holder of a token: one statement. Raises NotSignedInError for an unknown, revoked or expired one."""
    rows, now = OF_TOKEN.rows(secret_hash=hash_of(secret)), timezone.now()
    if not rows:
        raise _not_valid()
    pk, scope, expires_at, revoked_at, used_at, person, name, active = rows[0][:8]
    if revoked_at or expires_at <= now or not active:
        raise _not_valid()
    if used_at is None or now - used_at > USED_EVERY:
        ApiToken.objects.filter(pk=pk).update(used_at=now)
    roles = {slug: (workspace, Role(role)) for *_, slug, workspace, role in rows if slug}
    return TokenHolder(id=person, name=name, scope=Right[scope], roles=roles)


def _not_valid() -> NotSignedInError:
    return NotSignedInError(
        "The token is unknown, revoked or expired.", hint="Create a new token on your account page."
    )


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """The person of a session, and their first membership, None without one."""

    person: Person
    membership: Membership | None


def signed_in(session: SessionBase) -> SignedIn | None:
    """Return the person of a session, None when nobody is signed in: one statement.

    As Django's `get_user`: the account is active, and its password is that of the sign-in; else the session ends.
    """
    person, backend = session.get(SESSION_KEY), session.get(BACKEND_SESSION_KEY)
    if person is None or backend not in settings.AUTHENTICATION_BACKENDS:
        return None
    found = _signed_in(int(person))
    if found is None or not found.person.is_active:
        return None
    if not constant_time_compare(session.get(HASH_SESSION_KEY, ""), found.person.get_session_auth_hash()):
        session.flush()
        return None
    return found


def _signed_in(person_id: int) -> SignedIn | None:
    membership = OF_PERSON.first(person=person_id)
    if membership is not None:
        return SignedIn(person=membership.person, membership=membership)
    person = Person.objects.filter(pk=person_id).first()
    return SignedIn(person=person, membership=None) if person else None
