"""The OpenAPI document: what Django Ninja makes, with summaries, tags and the errors of each operation."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from assay.api.access import errors_of
from assay.api.schemas import Problem
from assay.core.errors import AssayError

TAGS = {
    "Environments": "The catalogue, new environments, and resolving a spec without storing it.",
    "Libraries": "Search for libraries by name.",
    "Versions": "One version of an environment: its spec, its libraries, its lock, and its lifecycle.",
    "Roll-outs": "The version that a name stands for, and pilot groups that get a new one first.",
    "Waves": "What is behind a newer version of its base, and the new versions that follow it.",
    "Builds": "Builds of drafts: their progress and logs.",
    "Reviews": "Submissions that wait for a decision.",
    "Findings": "Findings of the policy and the advisories in a built version; waivers and suggested updates.",
    "Policy": "The rules of the workspace and their revisions.",
    "Comparison": "Versions side by side.",
    "Merge": "One draft that covers several environments, and what it changes for the people of each.",
    "Review list": "Published versions to review, kept versions, renewed approvals, and owners of environments.",
    "Consistency": "Which versions of a library are live, and which environments are nearly the same.",
    "Integrity": "Whether the files of a version are still the ones that were built.",
    "Usage": "Who uses which versions, for how long, and what it costs.",
    "Studio servers": "JupyterLab and other applications in a version.",
    "Kernels": "Environments as kernels of your own Jupyter.",
    "Runtimes": "Scripts, notebooks and apps that run in a published version; their runs and secrets.",
    "Package indexes": "Where libraries come from.",
    "Pythons": "The Python versions of the installation, and which are offered.",
    "Notifications": "Events that concern you.",
    "Audit log": "Events of the workspace.",
}
PROBLEM = "application/problem+json"
NOT_MODIFIED = "Your copy is the same."


def returns_file(media_type: str) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that returns a file instead of JSON."""
    return {"responses": {200: {"content": {media_type: {"schema": {"type": "string"}}}}}}


def returns_ready_file(media_type: str) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that returns a file with an ETag."""
    return {"responses": {**returns_file(media_type)["responses"], 304: {"description": NOT_MODIFIED}}}


class DocumentedAPI(NinjaAPI):
    """The API with errors and summaries in its OpenAPI document."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """Return the document."""
        document = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        document["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
        operations = {self.get_openapi_operation_id(one): one for one in self._operations()}
        for methods in document["paths"].values():
            for described in methods.values():
                _describe(described, operations[described["operationId"]])
        return document

    def _operations(self) -> list[Operation]:
        return [
            operation
            for _, router in self._routers
            for view in router.path_operations.values()
            for operation in view.operations
        ]


def _describe(described: dict[str, Any], operation: Operation) -> None:
    """Complete an operation: the first line of its docstring is the summary, its errors are responses."""
    text = str(described.get("description", ""))
    described["summary"] = text.partition("\n")[0].rstrip(".")
    for error in errors_of(operation.view_func, operation.methods[0], takes_query=_takes_query(described)):
        response = described["responses"].setdefault(error.status, _response())
        response["content"][PROBLEM]["examples"][error.code] = {"value": _example(error)}
    for status, response in described["responses"].items():
        errors = response.get("content", {}).get(PROBLEM, {}).get("examples", {}).values()
        if errors:
            response["description"] = " ".join(f"{one['value']['title']}." for one in errors)
        elif int(status) == HTTPStatus.NOT_MODIFIED:
            response["description"] = NOT_MODIFIED
        elif response["description"] == "OK":
            response["description"] = SUCCESS[int(status)]


SUCCESS = {200: "Success.", 201: "Created.", 202: "Accepted; the work continues.", 204: "Removed or ended."}


def _response() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": "", "content": {PROBLEM: {"schema": schema, "examples": {}}}}


def _example(error: type[AssayError]) -> dict[str, object]:
    return error(hint="What to do about it.").problem()


def _takes_query(described: dict[str, Any]) -> bool:
    return any(one["in"] == "query" for one in described.get("parameters", ()))
