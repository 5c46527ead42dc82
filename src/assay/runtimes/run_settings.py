"""What a project may ask for: its files, arguments, parameters, secrets, limits and retries."""

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
MAX_WORD = 4000  # characters of one argument
MAX_PARAMETERS = 64 * 1024  # characters of all parameters as JSON
MAX_SECRETS = 50
MAX_RETRIES = 5
MAX_PROCESSORS = 1024
LONGEST = 7 * 24 * 3600  # seconds that a run may be given
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. /-]{0,199}")
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
OURS = ("ASSAY_", "LD_", "PYTHON")  # variables that decide what runs; no secret may take their place
TAKEN = frozenset({"PATH", "HOME", "LANG", "VIRTUAL_ENV"})


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a project runs and with what. Limits: `seconds`, `memory` (bytes), `processors`.

    `schedule` is a line of cron in `timezone`, '' for none; `app` names the application of an app; what is
    `shared` all members of the workspace may run, or open if it is an app.
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


def check_plan(plan: Plan) -> None:
    """Raise InvalidInputError at the first thing that cannot be."""
    if plan.kind not in KINDS:
        raise InvalidInputError(
            f"{plan.kind[:40]!r} cannot be run.", hint=f"A kind is one of {', '.join(KINDS)}.", path="kind"
        )
    if plan.kind == "notebook" and not plan.entry.endswith(".ipynb"):
        raise InvalidInputError(
            f"{plan.entry[:60]!r} is no notebook.", hint="Name a file that ends in .ipynb.", path="entry"
        )
    if (plan.kind == "app") != bool(plan.app) or (plan.kind == "app" and plan.schedule):
        raise InvalidInputError(
            "An app names its application and has no schedule; nothing else does.",
            hint="Choose an application, such as plain or streamlit.",
            path="app",
        )
    check_source(plan.source, plan.entry)
    check_arguments(plan.arguments)
    check_parameters(plan.parameters)
    check_secret_names(plan.secrets)
    check_limits(plan.limits)
    if not 0 <= plan.retries <= MAX_RETRIES:
        raise InvalidInputError(
            f"A run is tried again 0 to {MAX_RETRIES} times.", hint="Choose a number between them.", path="retries"
        )


def check_source(source: dict[str, Any], entry: str) -> None:
    """Raise InvalidInputError unless the source is one that can be had."""
    if source.get("kind") == "git":
        repository_of(source, settings.GIT_ALLOW)
        check_file_name(entry, path="entry")
        return
    if source.get("kind") != "inline":
        raise InvalidInputError(
            f"Files cannot come from {str(source.get('kind'))[:40]!r}.",
            hint="Send them inline, or name a git repository.",
            path="source",
        )
    check_files(source.get("files", {}), entry)


def check_files(files: dict[str, str], entry: str) -> None:
    """Raise InvalidInputError unless the files are few, small, and stay in their folder (case 17)."""
    if entry not in files:
        raise InvalidInputError(
            f"There is no {entry[:60]!r} among the files.", hint="Name the file that is started.", path="entry"
        )
    if len(files) > MAX_FILES or sum(map(len, files.values())) > MAX_SOURCE:
        raise InvalidInputError(
            f"At most {MAX_FILES} files with {MAX_SOURCE} characters.", hint="Send less.", path="source"
        )
    for name in files:
        check_file_name(name, path="source")


def check_file_name(name: str, *, path: str) -> None:
    """Raise InvalidInputError unless the name stays in its folder."""
    if not FILE_NAME.fullmatch(name) or ".." in PurePosixPath(name).parts:
        raise InvalidInputError(
            f"{name[:60]!r} is not a file name.", hint="Use letters, digits, . _ - and /.", path=path
        )


def check_arguments(arguments: tuple[str, ...]) -> None:
    """Raise InvalidInputError unless the arguments are few, short words."""
    if len(arguments) > MAX_ARGUMENTS or any(len(one) > MAX_WORD or "\0" in one for one in arguments):
        raise InvalidInputError(
            f"At most {MAX_ARGUMENTS} arguments of {MAX_WORD} characters.", hint="Put more into a file.", path="args"
        )


def check_parameters(parameters: dict[str, Any]) -> None:
    """Raise InvalidInputError unless the parameters are names of Python with plain values."""
    for name in parameters:
        if not name.isidentifier():
            raise InvalidInputError(
                f"{name[:60]!r} cannot name a parameter.", hint="Use a name as in Python.", path="parameters"
            )
    if len(json.dumps(parameters)) > MAX_PARAMETERS:
        raise InvalidInputError("The parameters are too long.", hint="Put more into a file.", path="parameters")


def check_secret_names(names: tuple[str, ...]) -> None:
    """Raise InvalidInputError unless each name can be a variable that does not decide what runs."""
    if len(names) > MAX_SECRETS:
        raise InvalidInputError(f"At most {MAX_SECRETS} secrets.", hint="Name fewer.", path="secrets")
    for name in names:
        if not VARIABLE.fullmatch(name) or name.startswith(OURS) or name in TAKEN:
            raise InvalidInputError(
                f"{name[:60]!r} cannot name a secret.",
                hint="Use capitals, digits and _, such as DB_PASSWORD; PATH, LD_… and PYTHON… decide what runs.",
                path="secrets",
            )


def check_limits(limits: dict[str, float]) -> None:
    """Raise InvalidInputError unless the limits are `seconds`, `memory` (bytes), `processors`, within reason."""
    unknown = set(limits) - {"seconds", "memory", "processors"}
    within = 0 < limits.get("seconds", 1) <= LONGEST and 1 <= limits.get("processors", 1) <= MAX_PROCESSORS
    if unknown or not within or limits.get("memory", 1) <= 0:
        raise InvalidInputError(
            "Limits are `seconds` (up to a week), `memory` (bytes) and `processors`.",
            hint="Correct them.",
            path="limits",
        )
