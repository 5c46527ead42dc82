"""Access to pages: the visitor is signed in, is a member of a workspace, and has the right that the page declares."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase

from assay.core.errors import NotFoundError
from assay.core.roles import Actor, Right, check_right
from assay.flow.access import actor_by
from assay.store.models import Membership, Person, Workspace

P = ParamSpec("P")


class Visit(HttpRequest):
    """A request from a person who may see the page."""

    user: Person
    membership: Membership | None  # set with `user`
    actor: Actor
    workspace: Workspace
    htmx: Any


View = Callable[Concatenate[Visit, P], HttpResponseBase]


def page(right: Right) -> Callable[[View[P]], View[P]]:
    """Require a right for a page: set `request.actor`, redirect to sign-in, or raise ForbiddenError."""

    def declare(view: View[P]) -> View[P]:
        @login_required
        @wraps(view)
        def checked(request: Visit, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            request.actor = visitor(request)
            check_right(request.actor, right)
            return view(request, *args, **kwargs)

        marked: Any = checked
        marked.right = right
        return cast("View[P]", marked)

    return declare


def visitor(request: Visit) -> Actor:
    """Return the visitor as an actor in their workspace. Raises NotFoundError for a person without a workspace."""
    known = getattr(request, "actor", None)
    if known is not None:
        return known  # type: ignore[no-any-return]  # set by us, above
    membership = request.membership
    if membership is None:
        raise NotFoundError("You are not a member of any workspace.", hint="Ask an administrator to add you.")
    request.workspace = membership.workspace
    return actor_by(request.user, membership)
