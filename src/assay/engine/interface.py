"""The job of a build, its outcome, and the protocols of an engine.

A build is one process (`process.py`). It reads `job.json` there, writes its log to
standard output, replaces `progress.json` while it runs and writes `outcome.json` at the end. Each file is
written under a temporary name and renamed, so the process that started a build may restart and read on.
All values are plain JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any, Protocol

from assay.core.lock import Lock
from assay.engine.wheel_store.store import StoredWheel

Credentials = dict[str, tuple[str, str]]  # user name and password by the name of a package index
LogLine = Callable[[str], None]  # writes one line to the log
# Former names of fields in stored requests, and their present names.
EARLIER_NAMES = {"holds": "constraints", "sources": "other_indexes", "allow_sources": "allow_sdists"}


@dataclass(frozen=True, kw_only=True)
class Index:
    """A package index (PEP 503 or PEP 691 simple API).

    `patterns` are the names that it owns (none for the default index). `allow_private` permits addresses in
    private networks; an administrator sets it. `trusted` marks the installation's own index, which the
    operator of the machine sets.
    """

    url: str
    name: str = "default"
    patterns: tuple[str, ...] = ()
    allow_private: bool = False
    trusted: bool = False

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Index:
        """Read what `dataclasses.asdict` wrote."""
        return cls(**{**stored, "patterns": tuple(stored.get("patterns", ()))})


@dataclass(frozen=True, kw_only=True)
class ResolveRequest:
    """What to resolve: canonical PEP 508 lines, for the interpreter at `python_path`, by `engine`."""

    python: str
    python_path: str
    libraries: tuple[str, ...]
    pins: tuple[str, ...] = ()  # `name==version` of the base: required and fixed
    preferred: tuple[str, ...] = ()  # `name==version` to keep unless another requirement excludes it
    constraints: tuple[str, ...] = ()  # limit versions and require nothing
    index: Index
    other_indexes: tuple[Index, ...] = ()  # own names by pattern, first match wins; `index` serves all others
    allow_sdists: bool = False  # build a library from its source distribution if it has no wheel
    sdists_refused_by: str = ""  # who does not allow it, for the error: `workspace` or `draft`
    offered: tuple[str, ...] = ()  # the Pythons that the installation offers, for the error
    cool_down_days: int = 0
    engine: str = "uv"  # a name in `engines.ENGINES`

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> ResolveRequest:
        """Read what `dataclasses.asdict` wrote, also with the field names of earlier versions."""
        known = {EARLIER_NAMES.get(name, name): value for name, value in stored.items()}
        return cls(
            **{
                **known,
                "libraries": tuple(known["libraries"]),
                "pins": tuple(known["pins"]),
                "preferred": tuple(known.get("preferred", ())),
                "constraints": tuple(known.get("constraints", ())),
                "offered": tuple(known.get("offered", ())),
                "index": Index.from_dict(known["index"]),
                "other_indexes": tuple(Index.from_dict(one) for one in known.get("other_indexes", ())),
            }
        )


@dataclass(frozen=True, kw_only=True)
class EnginePaths:
    """Directories of the engine, absolute and on one file system.

    `environments` holds one sealed directory per lock digest, `wheels` (the wheel store) one unpacked wheel per
    file and Python, `checks` the cache of successful imports, `cache` uv's cache, `overlays` one kernel per Python.
    """

    environments: str
    wheels: str
    checks: str
    cache: str
    overlays: str


@dataclass(frozen=True, kw_only=True)
class Job:
    """One build. With a `lock` (TOML) the build skips resolving and installs exactly that lock."""

    request: ResolveRequest
    paths: EnginePaths
    lock: str | None = None
    require_sandbox: bool = False  # fail if no sandbox confines package code
    repair: bool = False  # build the lock again and replace the existing directory
    timeout: int = 3600  # seconds, for the whole build
    sdist_seconds: float = 1800.0  # for each call of the build backend of a source distribution
    sdist_memory: int = 12 << 30  # bytes that a build backend may use
    credentials: Credentials = field(default_factory=dict, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values without the credentials, which are passed in a separate file."""
        return {name: value for name, value in asdict(self).items() if name != "credentials"}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Job:
        """Read what `to_dict` wrote."""
        return cls(
            request=ResolveRequest.from_dict(stored["request"]),
            paths=EnginePaths(**stored["paths"]),
            lock=stored["lock"],
            require_sandbox=stored.get("require_sandbox", False),
            repair=stored.get("repair", False),
            timeout=stored["timeout"],
            sdist_seconds=stored.get("sdist_seconds", 1800.0),
            sdist_memory=stored.get("sdist_memory", 12 << 30),
        )


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The progress of a build. `done` and `total` count libraries; `steps` maps finished steps to their seconds.

    `message` names the current action; `seconds_left` estimates its remaining time, None when unknown.
    """

    step: str
    done: int = 0
    total: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    message: str = ""
    seconds_left: float | None = None
    steps: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a build failed: the step, an error code, the cause, and what to do next."""

    step: str
    code: str
    detail: str
    hint: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of a build: either `failure`, or the lock (TOML), its digest and the report."""

    lock: str | None = None
    digest: str | None = None
    report: dict[str, Any] | None = None
    failure: Failure | None = None
    steps: dict[str, float] = field(default_factory=dict)
    reused: bool = False

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Outcome:
        """Read what `dataclasses.asdict` wrote."""
        failure = stored.get("failure")
        return cls(**{**stored, "failure": Failure(**failure) if failure else None})


@dataclass(frozen=True, kw_only=True)
class Installed:
    """What was installed. Sizes are bytes; `new_size` counts only wheels that this build added to the store.

    `tree` is the SHA-256 over all files of the wheels.
    """

    wheels: tuple[StoredWheel, ...]
    size: int
    files: int
    new_size: int
    tree: str


class OnProgress(Protocol):
    """A callback for the progress of a step."""

    def __call__(self, **changes: Any) -> None:  # noqa: ANN401 - fields of `Progress`
        """Change fields of `Progress` by name."""
        ...


class Installer(Protocol):
    """The installation of one lock into one directory."""

    def fetch(self) -> tuple[StoredWheel, ...]:
        """Store the lock's packages and return them in the lock's order. Raises BuildError."""
        ...

    def link(self, wheels: tuple[StoredWheel, ...]) -> Installed:
        """Make the environment and link the packages into it. Raises BuildError."""
        ...


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """The result of a preview. `pending` are libraries whose dependencies are certain only once they are built."""

    lock: Lock
    pending: tuple[str, ...] = ()


class Engine(Protocol):
    """An engine resolves and installs. Everything else of a build is shared by all engines (decision 0014)."""

    def version(self) -> str:
        """Return the version of the tool that resolves and installs."""
        ...

    def prepare(self) -> None:
        """Import what a build needs after resolving, and keep the facts of the tool that every build needs."""
        ...

    def preview(
        self,
        request: ResolveRequest,
        *,
        paths: EnginePaths,
        workdir: str,
        credentials: Credentials | None = None,
        started: Callable[[Popen[str]], None] | None = None,
    ) -> Resolved:
        """Resolve a request without running package code, for pages that show what would be installed.

        `started` receives the tool's process, which the caller may kill. Raises ResolutionError.
        """
        ...

    def requires(
        self, request: ResolveRequest, *, paths: EnginePaths, workdir: str, credentials: Credentials | None = None
    ) -> dict[str, tuple[str, ...]]:
        """Resolve a request and map each library to those that it requires, without running package code.

        A library without a wheel requires nothing known. Raises ResolutionError.
        """
        ...

    def begin(self, job: Job, prefix: Path) -> None:
        """Make what an environment of any lock begins with, while the request is resolved; nothing on a failure."""
        ...

    def resolve(self, job: Job, workdir: Path, log_line: LogLine) -> Lock:
        """Resolve the request of a build. Raises ResolutionError or BuildError."""
        ...

    def installer(
        self, lock: Lock, prefix: Path, job: Job, *, workdir: Path, log_line: LogLine, on_progress: OnProgress
    ) -> Installer:
        """Return the installer of a lock; `workdir.name` is part of the names of unfinished files in the store."""
        ...
