"""The hierarchy of errors that the CLI, the API and the pages show.

The class docstring is the title; an instance adds what is wrong (`detail`), what to do (`hint`) and the
`path` of the field at fault, if any.
"""

from __future__ import annotations

from typing import ClassVar


class AssayError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    exit_code: ClassVar[int] = 1

    def __init__(self, detail: str = "", *, hint: str = "", path: str | None = None) -> None:
        self.detail = detail or self.title
        self.hint = hint
        self.path = path
        super().__init__(self.detail)

    @property
    def title(self) -> str:
        """The first line of the class docstring."""
        return (type(self).__doc__ or "Error").splitlines()[0].rstrip(".")

    def problem(self) -> dict[str, object]:
        """Return the error as an RFC 9457 problem document."""
        found: dict[str, object] = {
            "type": f"urn:assay:{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "hint": self.hint,
        }
        if self.path is not None:
            found["path"] = self.path
        return found


class InvalidInputError(AssayError):
    """The input is not valid."""

    code = "invalid"
    status = 422


class SettingsError(AssayError):
    """A setting of the server is wrong."""

    code = "settings"
    status = 500
    exit_code = 2


class NotFoundError(AssayError):
    """There is nothing here, or you may not see it."""

    code = "not-found"
    status = 404


class NotSignedInError(AssayError):
    """Sign in first."""

    code = "not-signed-in"
    status = 401


class ForbiddenError(AssayError):
    """You are not allowed to do this."""

    code = "forbidden"
    status = 403


class ConflictError(AssayError):
    """The state is not what you saw."""

    code = "conflict"
    status = 409


class TooLargeError(AssayError):
    """The request is too large."""

    code = "too-large"
    status = 413


class ResolutionError(AssayError):
    """The libraries do not fit together."""

    code = "resolution-failed"
    status = 422


class NoWheelError(ResolutionError):
    """A library has no wheel that can be installed."""


class BuildError(AssayError):
    """The environment could not be built."""

    code = "build-failed"
    status = 500


class DriftError(AssayError):
    """The files are not the ones that were approved."""

    code = "drift"
    status = 409


RETRY_AFTER = "10"  # seconds: the header of answers to whom a service did not respond


class UnavailableError(AssayError):
    """A service that this needs does not respond."""

    code = "unavailable"
    status = 503
