"""The form of a project: what people type, turned into a plan and back."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import Any

from assay.core.errors import InvalidInputError
from assay.runtimes.run_settings import Plan
from assay.store.models import Runtime
from assay.web.access import Visit

MIB = 2**20


def words(text: str) -> tuple[str, ...]:
    """Split a line into arguments as a shell does. Raises InvalidInputError for an open quote."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise InvalidInputError(
            f"The arguments are not valid: {error}.", hint="Close the quote.", path="args"
        ) from error


def parameters(text: str) -> dict[str, Any]:
    """Read lines `name = value`; a value is JSON, or else the words as they stand."""
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


def plan_of_form(request: Visit, plan: Plan) -> Plan:
    """Return the plan with what the form says; the code takes the place of the file that is started."""
    given = request.POST
    return replace(
        plan,
        source=source_of_form(request, plan),
        entry=given.get("entry", "").strip() or plan.entry,
        arguments=words(given.get("args", "")),
        parameters=parameters(given.get("parameters", "")),
        secrets=tuple(given.getlist("secrets")),
        limits=_limits(request),
        retries=int(_number(given.get("retries", "")) or 0),
        schedule=" ".join(given.get("schedule", "").split()),
        timezone=given.get("timezone", "").strip() or "UTC",
        shared="shared" in given,
    )


def source_of_form(request: Visit, plan: Plan) -> dict[str, Any]:
    """Return the repository that was named, else the plan's files with the code that was typed."""
    given = request.POST
    if given.get("url", "").strip():
        parts = {name: given.get(name, "").strip() for name in ("url", "branch", "folder")}
        return {"kind": "git", **parts}
    code = given.get("code", "").replace("\r\n", "\n")
    return {"kind": "inline", "files": {**plan.source.get("files", {}), plan.entry: code}}


def _limits(request: Visit) -> dict[str, float]:
    given = {name: _number(request.POST.get(name, "")) for name in ("seconds", "memory", "processors")}
    given["memory"] = given["memory"] * MIB if given["memory"] else None
    return {name: value for name, value in given.items() if value}


def _number(text: str) -> float | None:
    """Read a number; nothing is none. Raises InvalidInputError."""
    try:
        return float(text) if text.strip() else None
    except ValueError as error:
        raise InvalidInputError(f"{text[:40]!r} is not a number.", hint="Write digits.", path="limits") from error


def shown(runtime: Runtime, request: Visit) -> dict[str, Any]:
    """Return the fields as they are to be shown: as sent, else as kept."""
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
