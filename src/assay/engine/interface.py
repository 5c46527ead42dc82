"""What the engine is asked and what it answers. All values are plain and travel as JSON.

A build is one process, `python -m assay.engine WORKDIR`. It reads `job.json` there, writes its log to
standard output, replaces `progress.json` while it works and leaves `outcome.json` at the end, each
written aside and renamed. Whoever started it may die and come back; the files say where things stand.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

Credentials = dict[str, tuple[str, str]]  # user name and password by the name of a source
STEPS = ("resolving", "installing", "checking")


@dataclass(frozen=True, kw_only=True)
class Index:
    """A package index (PEP 503 or PEP 691 simple API).

    `patterns` are the names that it owns (none for the default one). It may lie in a private network when an
    administrator allowed that; `trusted` is the installation's own, given by who runs the machine.
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
    """What is to be resolved: canonical PEP 508 lines, for the interpreter at `python_path`."""

    python: str
    python_path: str
    libraries: tuple[str, ...]
    pins: tuple[str, ...] = ()  # `name==version` of the base: required and fixed
    preferred: tuple[str, ...] = ()  # `name==version` that stays unless something forces it to move
    holds: tuple[str, ...] = ()  # constraints that ask for nothing themselves
    index: Index
    sources: tuple[Index, ...] = ()  # that own names by pattern, in their order; `index` serves all others
    allow_sources: bool = False  # build a library from its source where there is no wheel
    cool_down_days: int = 0

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> ResolveRequest:
        """Read what `dataclasses.asdict` wrote."""
        return cls(
            **{
                **stored,
                "libraries": tuple(stored["libraries"]),
                "pins": tuple(stored["pins"]),
                "preferred": tuple(stored.get("preferred", ())),
                "holds": tuple(stored.get("holds", ())),
                "index": Index.from_dict(stored["index"]),
                "sources": tuple(Index.from_dict(one) for one in stored.get("sources", ())),
            }
        )


@dataclass(frozen=True, kw_only=True)
class EnginePaths:
    """Directories of the engine, absolute and on one file system.

    `environments` holds one sealed directory per lock digest, `wheels` one unpacked wheel per file and Python,
    `checks` what was seen to import.
    """

    environments: str
    wheels: str
    checks: str
    cache: str
    overlays: str


@dataclass(frozen=True, kw_only=True)
class Job:
    """One build. With `lock` (TOML) given, resolving is skipped and exactly that is installed."""

    request: ResolveRequest
    paths: EnginePaths
    lock: str | None = None
    require_sandbox: bool = False  # fail where package code cannot be kept in
    repair: bool = False  # build the lock though it is there, and put the new directory in its place
    timeout: int = 3600  # seconds, for all of it
    credentials: Credentials = field(default_factory=dict, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, without credentials: these are handed over apart."""
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
        )


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a build stands. `done` and `total` count libraries; seconds by finished step in `steps`.

    `message` says what it does now; `seconds_left` is how long that takes yet, None where nobody can know.
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
    """Why a build failed: what, the likely cause in words, and the next action."""

    step: str
    code: str
    detail: str
    hint: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The end of a build: either `failure`, or the lock (TOML), its digest and the report."""

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
