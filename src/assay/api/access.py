"""Who calls, and what each route lets them do: every route declares its right."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.http import HttpRequest
from ninja import Path
from ninja.security import HttpBearer

from assay.core.roles import Actor, Right, check_right
from assay.flow.access import actor_in
from assay.flow.people import person_of_token
from assay.store.models import Person

P = ParamSpec("P")
T = TypeVar("T")


class Caller(HttpRequest):
    """A request whose token was recognised."""

    auth: tuple[Person, Right]
    actor: Actor


class Token(HttpBearer):
    """`Authorization: Bearer TOKEN`. Rights are read anew at each request."""

    def authenticate(self, request: HttpRequest, token: str) -> tuple[Person, Right]:
        """Return the person and the token's scope. Raises NotSignedInError."""
        del request
        return person_of_token(token)


def needs(
    right: Right,
) -> Callable[[Callable[Concatenate[Caller, str, P], T]], Callable[Concatenate[Caller, str, P], T]]:
    """Declare the right of a route: the caller becomes `request.actor`, or is refused."""

    def declare(
        view: Callable[Concatenate[Caller, str, P], T],
    ) -> Callable[Concatenate[Caller, str, P], T]:
        @wraps(view)
        def checked(request: Caller, workspace: str, *args: P.args, **kwargs: P.kwargs) -> T:
            person, scope = request.auth
            request.actor = actor_in(person, workspace, scope)
            check_right(request.actor, right)
            return view(request, workspace, *args, **kwargs)

        marked: Any = checked
        marked.right = right
        marked.__signature__ = _signature(view)
        return cast("Callable[Concatenate[Caller, str, P], T]", marked)

    return declare


def _signature(view: Callable[..., Any]) -> inspect.Signature:
    """Return a view's signature with its types evaluated, and the workspace told to be part of the path."""
    signature = inspect.signature(view, eval_str=True)
    parameters = [
        one.replace(annotation=Path[str]) if one.name == "workspace" else one for one in signature.parameters.values()
    ]
    return signature.replace(parameters=parameters)
