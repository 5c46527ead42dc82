"""The settings of a project and their validation: files, arguments, parameters, secrets, limits, retries."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings

from assay.core.errors import InvalidInputError
from assay.sources.git_repository import repository_of

KINDS = ("script", "notebook", "app")
MAX_FILES = 100
MAX_SOURCE = 2 * 1024 * 1024  # characters of all files of a source
MAX_ARGUMENTS = 100
MAX_ARGUMENT = 4000  # characters of one argument
MAX_PARAMETERS = 64 * 1024  # characters of all parameters as JSON
MAX_SECRETS = 50
MAX_RETRIES = 5
MAX_PROCESSORS = 1024
MAX_SECONDS = 7 * 24 * 3600  # of the time limit of a run
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. /-]{0,199}")
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
RESERVED_PREFIXES = ("ASSAY_", "LD_", "PYTHON")  # variables that decide which code runs; no secret may set them
RESERVED = frozenset({"PATH", "HOME", "LANG", "VIRTUAL_ENV"})


@dataclass(frozen=True, kw_only=True)
class ProjectSpec:
    """What a project runs, and how. Limits: `seconds`, `memory` (bytes), `processors`.

    `schedule` is a cron expression in `timezone`, '' for none; `app` names the application of an app; all members
    of the workspace may run a `shared` project, or open a shared app.
    """

    environment: str
    title: str = ""
    kind: str = "script"
    source: dict[str, Any] = field(default_factory=dict)
    entry: str = "main.py"
    arguments: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    limits: dict[str, float] = field(default_factory=dict)
    retries: int = 0
    schedule: str = ""
    timezone: str = "UTC"
    app: str = ""
    shared: bool = False


def check_spec(spec: ProjectSpec) -> None:
    """Raise InvalidInputError for the first invalid setting."""
    if spec.kind not in KINDS:
        raise InvalidInputError(
            f"{spec.kind[:40]!r} is not a kind of project.", hint=f"Use one of {', '.join(KINDS)}.", path="kind"
        )
    if spec.kind == "notebook" and not spec.entry.endswith(".ipynb"):
        raise InvalidInputError(
            f"{spec.entry[:60]!r} is not a notebook.", hint="Name a file that ends in .ipynb.", path="entry"
        )
    if (spec.kind == "app") != bool(spec.app) or (spec.kind == "app" and spec.schedule):
        raise InvalidInputError(
            "An app needs an application and has no schedule; other projects have no application.",
            hint="Choose an application, for example plain or streamlit.",
            path="app",
        )
    check_source(spec.source, spec.entry)
    check_arguments(spec.arguments)
    check_parameters(spec.parameters)
    check_secret_names(spec.secrets)
    check_limits(spec.limits)
    if not 0 <= spec.retries <= MAX_RETRIES:
        raise InvalidInputError(
            f"A run can have 0 to {MAX_RETRIES} retries.", hint="Choose a number in this range.", path="retries"
        )


def check_source(source: dict[str, Any], entry: str) -> None:
    """Raise InvalidInputError unless the source is inline files or an allowed repository."""
    if source.get("kind") == "git":
        repository_of(source, settings.GIT_ALLOW)
        check_file_name(entry, path="entry")
        return
    if source.get("kind") != "inline":
        raise InvalidInputError(
            f"{str(source.get('kind'))[:40]!r} is not a kind of source.",
            hint="Send them inline, or name a git repository.",
            path="source",
        )
    check_files(source.get("files", {}), entry)


def check_files(files: dict[str, str], entry: str) -> None:
    """Raise InvalidInputError for too many or too large files, and for names outside their folder."""
    if entry not in files:
        raise InvalidInputError(
            f"{entry[:60]!r} is not among the files.", hint="Name the file to start.", path="entry"
        )
    if len(files) > MAX_FILES or sum(map(len, files.values())) > MAX_SOURCE:
        raise InvalidInputError(
            f"A project may have at most {MAX_FILES} files with {MAX_SOURCE} characters.",
            hint="Send fewer or smaller files.",
            path="source",
        )
    for name in files:
        check_file_name(name, path="source")


def check_file_name(name: str, *, path: str) -> None:
    """Raise InvalidInputError for a name outside its folder."""
    if not FILE_NAME.fullmatch(name) or ".." in PurePosixPath(name).parts:
        raise InvalidInputError(
            f"{name[:60]!r} is not a file name.", hint="Use letters, digits, . _ - and /.", path=path
        )


def check_arguments(arguments: tuple[str, ...]) -> None:
    """Raise InvalidInputError for too many or too long arguments."""
    if len(arguments) > MAX_ARGUMENTS or any(len(one) > MAX_ARGUMENT or "\0" in one for one in arguments):
        raise InvalidInputError(
            f"A run takes at most {MAX_ARGUMENTS} arguments of {MAX_ARGUMENT} characters.",
            hint="Put long input into a file.",
            path="args",
        )


def check_parameters(parameters: dict[str, Any]) -> None:
    """Raise InvalidInputError unless the parameters are Python names and fit the size limit."""
    for name in parameters:
        if not name.isidentifier():
            raise InvalidInputError(
                f"{name[:60]!r} is not a valid parameter name.", hint="Use a Python identifier.", path="parameters"
            )
    if len(json.dumps(parameters)) > MAX_PARAMETERS:
        raise InvalidInputError("The parameters are too long.", hint="Put long input into a file.", path="parameters")


def check_secret_names(names: tuple[str, ...]) -> None:
    """Raise InvalidInputError for names that are not valid variables, or that decide which code runs."""
    if len(names) > MAX_SECRETS:
        raise InvalidInputError(
            f"A project uses at most {MAX_SECRETS} secrets.", hint="Select fewer.", path="secrets"
        )
    for name in names:
        if not VARIABLE.fullmatch(name) or name.startswith(RESERVED_PREFIXES) or name in RESERVED:
            raise InvalidInputError(
                f"{name[:60]!r} is not a valid secret name.",
                hint="Use capitals, digits and _, for example DB_PASSWORD. PATH, LD_… and PYTHON… are reserved.",
                path="secrets",
            )


def check_limits(limits: dict[str, float]) -> None:
    """Raise InvalidInputError unless the limits are `seconds`, `memory` (bytes) or `processors`, within bounds."""
    unknown = set(limits) - {"seconds", "memory", "processors"}
    within = 0 < limits.get("seconds", 1) <= MAX_SECONDS and 1 <= limits.get("processors", 1) <= MAX_PROCESSORS
    if unknown or not within or limits.get("memory", 1) <= 0:
        raise InvalidInputError(
            "Limits are `seconds` (up to a week), `memory` (bytes) and `processors`.",
            hint="Correct the limits.",
            path="limits",
        )
