"""What goes in and out. Bodies are closed: an unknown field is an error, not a way to set a status."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from assay.core.review.requested_change import RequestedChange, parse_requested_change
from assay.store.reads.catalogue import CatalogueRow


class Body(Schema):
    """A request body; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class SpecIn(Body):
    """A base or a Python version, and libraries as PEP 508 lines."""

    base: str | None = None
    python: str | None = None
    libraries: list[str] = Field(default_factory=list)
    only_binary: bool = True
    keep: str | None = None


class EnvironmentIn(SpecIn):
    """A new environment."""

    slug: str
    title: str
    description: str = ""


class Submit(Body):
    """The author's note to the reviewers."""

    note: str = ""


class Approve(Body):
    """The digest that the reviewer saw."""

    digest: str
    note: str = ""


class EditIn(Body):
    """What the author can apply: raise (`to` a version), drop, swap (`to` a requirement), wait (`to` a date)."""

    kind: str
    to: str = ""


class AskIn(Body):
    """What is asked of one library: in words, as an edit, or both."""

    name: str
    ask: str = ""
    edit: EditIn | None = None

    def read(self) -> RequestedChange:
        """Return it checked. Raises InvalidInputError."""
        kind, to = (self.edit.kind, self.edit.to) if self.edit else ("", "")
        return parse_requested_change(self.name, self.ask, kind, to)


class Reject(Body):
    """What the author should change."""

    feedback: str
    libraries: list[AskIn] = Field(default_factory=list)


class Reason(Body):
    """Why something is done."""

    reason: str
    force: bool = False


class Deprecate(Body):
    """Why, what instead, and until when."""

    reason: str
    successor: str = ""
    ends: datetime | None = None


class MoveIn(Body):
    """Which library of which environments should move to which version; with `create`, as drafts."""

    library: str
    version: str
    environments: list[str]
    create: bool = False


class Waive(Body):
    """Which finding is accepted, why, and until when."""

    finding: str
    reason: str
    until: datetime | None = None


class Remedy(Body):
    """Whether a draft is made, or only told what would move."""

    create: bool = True


class PolicyTry(Body):
    """A policy: rules as values, or a YAML document."""

    rules: list[dict[str, Any]] | None = None
    yaml: str | None = None


class PolicyIn(PolicyTry):
    """A new revision; `revision` is the one that the author saw."""

    revision: int
    note: str = ""


class ServerIn(Body):
    """The version in which a Studio server starts, and as what; '' is the default."""

    environment: str
    application: str = ""
    file: str = ""
    size: str = ""


class KernelIn(Body):
    """The version in which a kernel starts."""

    environment: str


class RestartIn(Body):
    """The version in which a Studio server starts again."""

    environment: str


class InlineSource(Body):
    """Files by name."""

    kind: Literal["inline"] = "inline"
    files: dict[str, str]


class GitSource(Body):
    """A folder of a repository, at the newest commit of a branch or tag."""

    kind: Literal["git"]
    url: str
    branch: str = ""
    folder: str = ""


class RuntimeIn(Body):
    """A project that runs in a published version. `secrets` are names; limits: seconds, memory, processors."""

    slug: str
    title: str = ""
    kind: str = "script"
    environment: str
    source: InlineSource | GitSource
    entry: str = "main.py"
    args: list[str] = Field(default_factory=list)
    parameters: dict[str, Any] = Field(default_factory=dict)
    secrets: list[str] = Field(default_factory=list)
    limits: dict[str, float] = Field(default_factory=dict)
    retries: int = 0
    schedule: str = ""
    timezone: str = "UTC"
    app: str = ""
    shared: bool = False


class RuntimeChange(Body):
    """What to change of a project; what is left out stays."""

    title: str | None = None
    environment: str | None = None
    source: InlineSource | GitSource | None = None
    entry: str | None = None
    args: list[str] | None = None
    parameters: dict[str, Any] | None = None
    secrets: list[str] | None = None
    limits: dict[str, float] | None = None
    retries: int | None = None
    schedule: str | None = None
    timezone: str | None = None
    shared: bool | None = None


class RunIn(Body):
    """Arguments of one run, instead of the project's own; parameters beside them. `trial` names another version."""

    args: list[str] | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    trial: str = ""


class SwitchIn(Body):
    """The version to run in from now on, and the digest whose difference was looked at."""

    environment: str
    digest: str


class ApplicationIn(Body):
    """How an application is started: words with {python}, {entry}, {port}, {host}; the library that it needs."""

    argv: list[str]
    needs: str = ""
    health: str = "/"


class SecretIn(Body):
    """The value of a secret. It never comes out again."""

    value: str


class EnvironmentPage(Schema):
    """A page of rows; `next` is the cursor of the following page."""

    items: list[CatalogueRow]
    next: str | None


class LibraryRowOut(Schema):
    """One installed library."""

    name: str
    version: str
    direct: bool
    via: list[str]
    size: int
    licence: str
    index: str
    hash: str


class LibraryList(Schema):
    """All libraries of a version."""

    items: list[LibraryRowOut]


class Items(Schema):
    """A page of plain rows."""

    items: list[dict[str, Any]]
    next: str | None = None


class Problem(Schema):
    """RFC 9457."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    hint: str
    path: str | None = None
