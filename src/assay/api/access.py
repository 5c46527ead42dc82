"""Authentication and authorisation: every route declares its right and its errors."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.http import HttpRequest
from ninja import Path
from ninja.security import HttpBearer

from assay.core.errors import (
    AssayError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
)
from assay.core.roles import Actor, Right, check_right
from assay.flow.authentication import TokenHolder, holder_of_token

P = ParamSpec("P")
T = TypeVar("T")


class Caller(HttpRequest):
    """A request with a valid token."""

    auth: TokenHolder
    actor: Actor


class Token(HttpBearer):
    """`Authorization: Bearer TOKEN`. Rights are read at each request."""

    def authenticate(self, request: HttpRequest, token: str) -> TokenHolder:
        """Return the token's holder. Raises NotSignedInError."""
        del request
        return holder_of_token(token)


def needs(
    right: Right,
) -> Callable[[Callable[Concatenate[Caller, str, P], T]], Callable[Concatenate[Caller, str, P], T]]:
    """Declare the right of a route. The route sets `request.actor`, or raises ForbiddenError without the right."""

    def declare(
        view: Callable[Concatenate[Caller, str, P], T],
    ) -> Callable[Concatenate[Caller, str, P], T]:
        @wraps(view)
        def checked(request: Caller, workspace: str, *args: P.args, **kwargs: P.kwargs) -> T:
            request.actor = request.auth.actor_in(workspace)
            check_right(request.actor, right)
            return view(request, workspace, *args, **kwargs)

        marked: Any = checked
        marked.right = right
        marked.__signature__ = _signature(view)
        return cast("Callable[Concatenate[Caller, str, P], T]", marked)

    return declare


def raises(
    *errors: type[AssayError],
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Declare the errors of a route, in addition to those that follow from its right, method and input."""

    def declare(view: Callable[P, T]) -> Callable[P, T]:
        marked: Any = view
        marked.errors = errors
        return view

    return declare


def errors_of(view: Callable[..., Any], method: str, *, takes_query: bool) -> list[type[AssayError]]:
    """Return every error that a route can return, sorted by status."""
    errors = {NotSignedInError, NotFoundError, *getattr(view, "errors", ())}
    if method != "GET" or getattr(view, "right", None) is not Right.SEE:
        errors.add(ForbiddenError)
    if method != "GET" or takes_query:
        errors.add(InvalidInputError)
    return sorted(errors, key=lambda one: (one.status, one.code))


def _signature(view: Callable[..., Any]) -> inspect.Signature:
    """Return a view's signature with its types evaluated, and the workspace as a part of the path."""
    signature = inspect.signature(view, eval_str=True)
    parameters = [
        one.replace(annotation=Path[str]) if one.name == "workspace" else one for one in signature.parameters.values()
    ]
    return signature.replace(parameters=parameters)
