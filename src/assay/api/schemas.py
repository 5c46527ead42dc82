"""Request bodies and response rows. An unknown field in a body is an error."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import AwareDatetime, ConfigDict, Field

from assay.core.maintenance.merge_plan import By
from assay.core.maintenance.rollout import RolloutPlan
from assay.core.review.requested_change import RequestedChange, parse_requested_change
from assay.store.reads.catalogue import CatalogueRow, Filters


class Body(Schema):
    """A request body; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


def example(value: dict[str, Any]) -> ConfigDict:
    """Return the settings of a body with an example for OpenAPI."""
    return ConfigDict(json_schema_extra={"examples": [value]})


class SpecIn(Body):
    """A base or a Python version, and libraries as PEP 508 lines.

    `only_binary`: true takes wheels only, false builds a library from source where it has no wheel. Without it, an
    edited draft keeps its own, and a new one follows the workspace (Admin → Workspace).
    """

    model_config = example({"python": "3.12", "libraries": ["pandas>=2", "matplotlib"]})

    base: str | None = None
    python: str | None = None
    libraries: list[str] = Field(default_factory=list)
    only_binary: bool | None = None
    keep: str | None = None
    constraints: list[str] | None = None


class EnvironmentIn(SpecIn):
    """A new environment."""

    model_config = example({"slug": "geo", "title": "Geodata", "python": "3.12", "libraries": ["geopandas>=1"]})

    slug: str
    title: str
    description: str = ""


class RolloutIn(Body):
    """Who gets a version first: people and groups, until so many successful starts or days without failure.

    Nobody named means everyone at once.
    """

    people: list[str] = Field(default_factory=list)
    groups: list[str] = Field(default_factory=list)
    starts: int = 0
    days: int = 0

    def read(self) -> RolloutPlan:
        """Return the plan, not yet checked."""
        return RolloutPlan.from_dict(self.model_dump())


class Submit(Body):
    """A note to the reviewers, and who gets the version first; the workspace's default when it is left out."""

    model_config = example({"note": "Adds rasterio.", "rollout": {"groups": ["geo"], "starts": 20, "days": 7}})

    note: str = ""
    rollout: RolloutIn | None = None


class Approve(Body):
    """The digest that the reviewer saw. Of a merge, also what the users of its sources read, and the end of these.

    `sources` are the merged versions that the reviewer saw; a published one that is not among them stays as it is.
    All of them are deprecated when it is left out.
    """

    model_config = example({"digest": "9f86d081884c7d65…", "note": "Reviewed."})

    digest: str
    note: str = ""
    message: str = ""
    ends: AwareDatetime | None = None
    sources: list[str] | None = None


class EditIn(Body):
    """An edit to apply: raise (`to` a version), drop, swap (`to` a requirement), wait (`to` a date)."""

    kind: str
    to: str = ""


class AskIn(Body):
    """The requested change of one library: in words, as an edit, or both."""

    name: str
    ask: str = ""
    edit: EditIn | None = None

    def read(self) -> RequestedChange:
        """Return the requested change. Raises InvalidInputError."""
        kind, to = (self.edit.kind, self.edit.to) if self.edit else ("", "")
        return parse_requested_change(self.name, self.ask, kind, to)


class Reject(Body):
    """What the author should change."""

    model_config = example(
        {"feedback": "Use the newer release.", "libraries": [{"name": "pillow", "ask": "8.1 fixes it."}]}
    )

    feedback: str
    libraries: list[AskIn] = Field(default_factory=list)


class Reason(Body):
    """Why something is done. `force` retires a version that is in use.

    `impact` is the token of the impact that you saw; 409 when it is another one by now.
    """

    model_config = example({"reason": "Replaced by geo@4."})

    reason: str
    force: bool = False
    impact: str | None = None


class Reinstate(Body):
    """The token of the impact that you saw; 409 when it is another one by now."""

    impact: str | None = None


class Deprecate(Body):
    """Why, what to use instead, and until when.

    `impact` is the token of the impact with this successor that you saw; 409 when it is another one by now.
    """

    model_config = example({"reason": "Python 3.9 ends.", "successor": "geo@4", "ends": "2027-06-30T00:00:00Z"})

    reason: str
    successor: str = ""
    ends: AwareDatetime | None = None
    impact: str | None = None


class MergeIn(Body):
    """Two to five versions, the name of the draft that covers them, and decisions about single libraries.

    `by` is `asked` for all of their direct libraries, `imported` for those imported in 90 days. `leave` are libraries
    to leave out, `take` maps a library to the version whose requirement on it counts alone.
    """

    model_config = example(
        {
            "versions": ["geo@3", "tiles@1"],
            "slug": "maps",
            "title": "Maps",
            "by": "imported",
            "take": {"gdal": "geo@3"},
        }
    )

    versions: list[str]
    slug: str
    title: str = ""
    by: By = By.ASKED
    python: str = ""
    leave: list[str] = Field(default_factory=list)
    take: dict[str, str] = Field(default_factory=dict)


class MoveIn(Body):
    """The version to which a library should move, and the environments. With `create`, drafts are created."""

    model_config = example({"library": "pillow", "version": "11.1", "environments": ["geo@3", "web@1"]})

    library: str
    version: str
    environments: list[str]
    create: bool = False


class Waive(Body):
    """The finding to accept, why, and until when."""

    model_config = example({"finding": "1f0c…", "reason": "We do not read TIFF.", "until": "2027-01-31T00:00:00Z"})

    finding: str
    reason: str
    until: datetime | None = None


class Remedy(Body):
    """Whether a draft is created, or the update only returned."""

    create: bool = True


class SlimIn(Body):
    """The direct libraries to leave out, among those that nobody imports; null for all of them."""

    model_config = example({"drop": ["matplotlib"]})

    drop: list[str] | None = Field(default=None, max_length=1000)


class PolicyTry(Body):
    """A policy: `rules` as values, or a `yaml` document."""

    model_config = example({"yaml": "rules: [{kind: deny, library: six}]"})

    rules: list[dict[str, Any]] | None = None
    yaml: str | None = None


class PolicyIn(PolicyTry):
    """A new revision; `revision` is the current one."""

    model_config = example({"yaml": "rules: [{kind: deny, library: six}]", "revision": 3, "note": "No more six."})

    revision: int
    note: str = ""


class ServerIn(Body):
    """The version in which a Studio server starts, the application, its file and the size; empty for the default."""

    model_config = example({"environment": "geo@3", "size": "large"})

    environment: str
    application: str = ""
    file: str = ""
    size: str = ""


class KernelIn(Body):
    """The version in which a kernel starts."""

    model_config = example({"environment": "geo@3"})

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
    """A runtime. `secrets` are names; `limits` are seconds, memory in bytes and processors."""

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
    """Changes of a runtime; fields that are left out keep their values."""

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
    """Arguments and parameters of one run, instead of those of the runtime. `trial` names another version."""

    model_config = example({"parameters": {"day": "2027-01-31"}})

    args: list[str] | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    trial: str = ""


class SwitchIn(Body):
    """The version to switch to, and its digest as you compared it."""

    model_config = example({"environment": "geo@4", "digest": "9f86d081884c7d65…"})

    environment: str
    digest: str


class ApplicationIn(Body):
    """The command with {python}, {entry}, {port} and {host}, the library that it needs, its health path."""

    model_config = example({"argv": ["{python}", "-m", "streamlit", "run", "{entry}"], "needs": "streamlit"})

    argv: list[str]
    needs: str = ""
    health: str = "/"


class SecretIn(Body):
    """The value of a secret. It is never returned."""

    value: str


class CatalogueQuery(Schema):
    """Filters of the catalogue. An empty value is no filter."""

    q: str = Field(default="", description="Text in the name, title or description.")
    library: str = Field(default="", description="Name of an installed library.")
    python: str = Field(default="", description="Python version, such as 3.11.")
    base: str = Field(default="", description="Name of the base environment.")
    owner: str = Field(default="", description="Name of the owner.")
    status: str = Field(default="", description="Status of the active version, such as published.")
    health: str = Field(default="", description="Health of the active version, such as ok.")
    behind: bool = Field(default=False, description="Only environments behind a newer version of their base.")
    template: bool = Field(default=False, description="Only templates.")

    def read(self) -> Filters:
        """Return the filters of the catalogue."""
        return Filters(text=self.q, **self.model_dump(exclude={"q"}))


class EnvironmentPage(Schema):
    """A page of rows; `next` is the cursor of the following page."""

    items: list[CatalogueRow]
    next: str | None


class Items(Schema):
    """A page of plain rows."""

    items: list[dict[str, Any]]
    next: str | None = None


class Problem(Schema):
    """A problem document (RFC 9457). `hint` is what to do; `path` names the wrong field."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    hint: str
    path: str | None = None
