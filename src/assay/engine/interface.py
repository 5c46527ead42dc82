"""What the engine is asked and what it answers. All values are plain and travel as JSON.

A build is one process, `python -m assay.engine WORKDIR`. It reads `job.json` there, writes its log to
standard output, replaces `progress.json` while it works and leaves `outcome.json` at the end, each
written aside and renamed. Whoever started it may die and come back; the files say where things stand.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

STEPS = ("resolving", "installing", "checking")


@dataclass(frozen=True, kw_only=True)
class Index:
    """A package index (PEP 503 or PEP 691 simple API)."""

    url: str
    name: str = "default"


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is to be resolved: canonical PEP 508 lines, for the interpreter at `python_path`."""

    python: str
    python_path: str
    libraries: tuple[str, ...]
    pins: tuple[str, ...] = ()  # `name==version` of the base: required and fixed
    holds: tuple[str, ...] = ()  # constraints that ask for nothing themselves
    index: Index
    only_binary: bool = True
    cool_down_days: int = 0

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Question:
        """Read what `dataclasses.asdict` wrote."""
        return cls(
            **{
                **stored,
                "libraries": tuple(stored["libraries"]),
                "pins": tuple(stored["pins"]),
                "holds": tuple(stored.get("holds", ())),
                "index": Index(**stored["index"]),
            }
        )


@dataclass(frozen=True, kw_only=True)
class Places:
    """Directories of the engine, absolute. `environments` holds one sealed directory per lock digest."""

    environments: str
    cache: str
    overlays: str


@dataclass(frozen=True, kw_only=True)
class Job:
    """One build. With `lock` (TOML) given, resolving is skipped and exactly that lock is installed."""

    question: Question
    places: Places
    lock: str | None = None
    timeout: int = 3600  # seconds, for all of it

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Job:
        """Read what `to_dict` wrote."""
        return cls(
            question=Question.from_dict(stored["question"]),
            places=Places(**stored["places"]),
            lock=stored["lock"],
            timeout=stored["timeout"],
        )


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a build stands. `done` and `total` count libraries; seconds by finished step in `steps`."""

    step: str
    done: int = 0
    total: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    message: str = ""
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
