"""The applications of a Studio server: a notebook server, or any web application installed in an environment.

An application is a record, so that an administrator can add one. Its command is a template with only these
placeholders:

| Name | Meaning |
|---|---|
| `{prefix}` | the environment's directory |
| `{file}` | the file that the user chose, below their home; the page has a field for it |
| `{host}` | the host name and port at which browsers reach Studio |
| `{port}` | the loopback port on which the application must listen |
| `{base_url}` | the path under which browsers reach it, without a slash at its end |
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from string import Formatter

from packaging.utils import canonicalize_name

from assay.core.errors import ForbiddenError, InvalidInputError

APP_NOT_RESPONDING = "The app did not respond in time."  # the message of an app that was ended for that
NAMES = {"prefix", "file", "host", "port", "base_url"}
SLUG = re.compile(r"[a-z][a-z0-9-]{1,31}")
LIBRARY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
MOST_ARGUMENTS, LONGEST = 40, 400
ICONS = ("notebook", "app", "chart", "code")


@dataclass(frozen=True, kw_only=True)
class Application:
    """One application. Without `argv` it is the notebook server itself, opened at `path`.

    `needs` are libraries that the environment must contain. With `strips` the proxy removes the prefix from
    request paths; otherwise the application receives full paths and must use `{base_url}`.
    """

    slug: str
    name: str
    argv: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    strips: bool = False
    icon: str = "app"
    path: str = ""

    @property
    def asks_file(self) -> bool:
        """Return whether the application is started with a file that the user chooses."""
        return any("file" in _fields(one) for one in self.argv)

    def missing(self, libraries: Iterable[str]) -> tuple[str, ...]:
        """Return the needs that are not among these normalised library names."""
        present = set(libraries)
        return tuple(one for one in self.needs if canonicalize_name(one) not in present)


BUILT_IN: tuple[Application, ...] = (
    Application(slug="lab", name="JupyterLab", icon="notebook", path="lab"),
    Application(slug="notebook", name="Jupyter Notebook", icon="notebook", path="tree"),
    Application(
        slug="marimo",
        name="marimo",
        icon="notebook",
        needs=("marimo",),
        argv=(
            *("{prefix}/bin/python", "-m", "marimo", "--quiet", "edit", "--headless", "--no-token"),
            *("--skip-update-check", "--host", "127.0.0.1", "--port", "{port}", "--base-url", "{base_url}"),
        ),
    ),
    Application(
        slug="streamlit",
        name="Streamlit",
        needs=("streamlit",),
        argv=(
            *("{prefix}/bin/python", "-m", "streamlit", "run", "{file}", "--server.address", "127.0.0.1"),
            *("--server.port", "{port}", "--server.baseUrlPath", "{base_url}", "--server.headless", "true"),
            *("--browser.gatherUsageStats", "false", "--server.fileWatcherType", "poll"),
        ),
    ),
    Application(
        slug="panel",
        name="Panel",
        icon="chart",
        needs=("panel",),
        argv=(
            *("{prefix}/bin/python", "-m", "panel", "serve", "{file}", "--address", "127.0.0.1"),
            *("--port", "{port}", "--prefix", "{base_url}", "--allow-websocket-origin", "{host}"),
        ),
    ),
    Application(
        slug="voila",
        name="Voilà",
        icon="chart",
        needs=("voila",),
        argv=(
            *("{prefix}/bin/python", "-m", "voila", "{file}", "--no-browser", "--Voila.ip=127.0.0.1"),
            *("--port={port}", "--base_url={base_url}/"),
        ),
    ),
    Application(
        slug="dash",
        name="Dash",
        icon="chart",
        needs=("dash",),
        argv=(
            *("/usr/bin/env", "HOST=127.0.0.1", "PORT={port}", "DASH_URL_BASE_PATHNAME={base_url}/"),
            *("{prefix}/bin/python", "{file}"),
        ),
    ),
)
DEFAULT = BUILT_IN[0]


def check_application(wanted: Application) -> Application:
    """Return the application, validated. Raises InvalidInputError."""
    if not SLUG.fullmatch(wanted.slug):
        raise _wrong("slug", f"{wanted.slug[:40]!r} is not a short name.", "2 to 32 letters, digits, hyphens.")
    if not wanted.name.strip() or len(wanted.name) > 60 or not wanted.name.isprintable():  # noqa: PLR2004 - a line of a menu
        raise _wrong(
            "name", "An application needs a name of at most 60 characters.", "Use the name that people know."
        )
    check_argv(wanted.argv)
    _check_names(wanted.argv)
    for need in wanted.needs:
        check_need(need)
    if wanted.icon not in ICONS:
        raise _wrong("icon", f"There is no icon {wanted.icon[:40]!r}.", f"Choose one of {', '.join(ICONS)}.")
    return wanted


def _check_names(argv: tuple[str, ...]) -> None:
    try:
        used = {name for one in argv for name in _fields(one)}
    except ValueError as error:
        raise _wrong("argv", f"The command cannot be read: {error}.", "Write {{ and }} for braces.") from error
    if used - NAMES:
        unknown = ", ".join(sorted(used - NAMES))
        raise _wrong("argv", f"Unknown placeholder {{{unknown}}}.", f"Known ones: {', '.join(sorted(NAMES))}.")
    if "port" not in used:
        raise _wrong("argv", "The command does not contain {port}.", "The application must listen on that port.")


def check_argv(argv: tuple[str, ...]) -> None:
    """Raise InvalidInputError unless these are valid arguments of a command."""
    if not argv or len(argv) > MOST_ARGUMENTS or max(map(len, argv)) > LONGEST:
        hint = f"Each of at most {LONGEST} characters, for example {{prefix}}/bin/python -m …"
        raise _wrong("argv", f"A command has 1 to {MOST_ARGUMENTS} arguments.", hint)
    if any("\0" in one or "\n" in one for one in argv):
        raise _wrong("argv", "An argument of the command contains a control character.", "Leave it out.")


def check_need(name: str) -> None:
    """Raise InvalidInputError unless this is a valid library name."""
    if not LIBRARY.fullmatch(name):
        raise _wrong("needs", f"{name[:40]!r} is not a library name.", "Names only, no versions.")


def words_of(command: str) -> tuple[str, ...]:
    """Split a command by the quoting rules of a shell, without running one. Raises InvalidInputError."""
    try:
        return tuple(shlex.split(command))
    except ValueError as error:
        raise _wrong("argv", f"The command cannot be read: {error}.", "Close each quote.") from error


def check_file(application: Application, given: str) -> str:
    """Return the file to start an application with, '' when it takes none. Raises InvalidInputError."""
    if not application.asks_file:
        return ""
    path = PurePosixPath(given.strip())
    parts = path.parts
    if not parts or path.is_absolute() or ".." in parts or not given.isprintable() or len(given) > LONGEST:
        raise _wrong("file", f"{application.name} needs a file.", "Enter its path below your home, e.g. app.py.")
    return f"./{path}"  # the prefix keeps a leading hyphen from being read as an option


def check_compatible(application: Application, libraries: Iterable[str], reference: str) -> None:
    """Raise ForbiddenError unless an environment with these libraries can run the application."""
    missing = application.missing(libraries)
    if missing:
        raise ForbiddenError(
            f"{application.name} needs {', '.join(missing)}, which {reference} does not contain.",
            hint="Choose another environment, or a new version with it.",
        )


def fill(application: Application, *, prefix: str, file: str, host: str) -> list[str]:
    """Return the command with these values filled in; `{port}` and `{base_url}` stay for the proxy."""
    known = {"prefix": prefix, "file": file, "host": host}
    doubled = {name: value.replace("{", "{{").replace("}", "}}") for name, value in known.items()}
    return [_filled(one, doubled) for one in application.argv]


def _filled(template: str, known: dict[str, str]) -> str:
    parts = []
    for text, name, _, _ in Formatter().parse(template):
        parts.append(text.replace("{", "{{").replace("}", "}}"))
        if name is not None:
            parts.append(known.get(name, f"{{{name}}}"))
    return "".join(parts)


def _fields(template: str) -> set[str]:
    """Return the placeholders of a template. Raises ValueError when it is malformed."""
    found = set()
    for _, name, form, conversion in Formatter().parse(template):
        if name is not None:
            found.add(name if not form and not conversion else f"{name}:{form}")
    return found


def _wrong(path: str, detail: str, hint: str) -> InvalidInputError:
    return InvalidInputError(detail, hint=hint, path=path)
