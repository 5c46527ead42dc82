"""The form of a project: parse it into settings, and fill it from them."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import Any

from assay.core.errors import InvalidInputError
from assay.runtimes.run_settings import ProjectSpec
from assay.store.models import Runtime
from assay.web.access import Visit

MIB = 2**20


def split_arguments(text: str) -> tuple[str, ...]:
    """Split a command line as a shell does. Raises InvalidInputError for an open quote."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise InvalidInputError(
            f"The arguments are not valid: {error}.", hint="Close the quote.", path="args"
        ) from error


def parameters(text: str) -> dict[str, Any]:
    """Parse lines `name = value`; a value is JSON, else plain text."""
    found: dict[str, Any] = {}
    for line in filter(str.strip, text.splitlines()):
        name, equals, value = line.partition("=")
        if not equals:
            raise InvalidInputError(
                f"{line.strip()[:60]!r} has no value.", hint="Write one name = value per line.", path="parameters"
            )
        found[name.strip()] = _value(value.strip())
    return found


def _value(text: str) -> Any:  # noqa: ANN401 - whatever JSON knows
    try:
        return json.loads(text)
    except ValueError:
        return text


def spec_from_form(request: Visit, spec: ProjectSpec) -> ProjectSpec:
    """Return the settings changed by the form; the code replaces the entry file."""
    data = request.POST
    return replace(
        spec,
        source=source_from_form(request, spec),
        entry=data.get("entry", "").strip() or spec.entry,
        arguments=split_arguments(data.get("args", "")),
        parameters=parameters(data.get("parameters", "")),
        secrets=tuple(data.getlist("secrets")),
        limits=_limits(request),
        retries=int(_number(data.get("retries", "")) or 0),
        schedule=" ".join(data.get("schedule", "").split()),
        timezone=data.get("timezone", "").strip() or "UTC",
        shared="shared" in data,
    )


def source_from_form(request: Visit, spec: ProjectSpec) -> dict[str, Any]:
    """Return the repository of the form, else the project's files with the entered code."""
    data = request.POST
    if data.get("url", "").strip():
        parts = {name: data.get(name, "").strip() for name in ("url", "branch", "folder")}
        return {"kind": "git", **parts}
    code = data.get("code", "").replace("\r\n", "\n")
    return {"kind": "inline", "files": {**spec.source.get("files", {}), spec.entry: code}}


def _limits(request: Visit) -> dict[str, float]:
    data = {name: _number(request.POST.get(name, "")) for name in ("seconds", "memory", "processors")}
    data["memory"] = data["memory"] * MIB if data["memory"] else None
    return {name: value for name, value in data.items() if value}


def _number(text: str) -> float | None:
    """Parse a number, None for an empty field. Raises InvalidInputError."""
    try:
        return float(text) if text.strip() else None
    except ValueError as error:
        raise InvalidInputError(f"{text[:40]!r} is not a number.", hint="Write digits.", path="limits") from error


def form_values(runtime: Runtime, request: Visit) -> dict[str, Any]:
    """Return the values of the form's fields: as submitted, else as saved."""
    if request.method == "POST":
        return {
            **request.POST.dict(),
            "git": bool(request.POST.get("url")),
            "secrets": request.POST.getlist("secrets"),
        }
    limits, source = runtime.limits, runtime.source
    return {
        "args": shlex.join(runtime.arguments),
        "parameters": "\n".join(f"{name} = {json.dumps(value)}" for name, value in runtime.parameters.items()),
        "secrets": runtime.secrets,
        "seconds": f"{limits['seconds']:g}" if "seconds" in limits else "",
        "memory": f"{limits['memory'] / MIB:g}" if "memory" in limits else "",
        "processors": f"{limits['processors']:g}" if "processors" in limits else "",
        "retries": runtime.retries,
        "entry": runtime.entry,
        "git": source["kind"] == "git",
        **{name: source.get(name, "") for name in ("url", "branch", "folder")},
        "schedule": runtime.schedule,
        "timezone": runtime.timezone,
        "shared": runtime.shared,
    }
