"""`POST /intake`: read dependency files of any kind; nothing is stored."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from ninja import Router
from pydantic import Field

from assay.api.access import Caller, needs, raises
from assay.api.schemas import Body, example
from assay.core.errors import InvalidInputError, ResolutionError, UnavailableError
from assay.core.intake.combine import ReadFile, Result
from assay.core.roles import Right
from assay.flow.compose.intake import MAX_FILES, Intake, read_files, reduce_to_intent
from assay.flow.paths import interpreters

router = Router(tags=["Environments"])


class IntakeFile(Body):
    """A file with its `text`, or with its bytes as `base64` where the encoding is to be found."""

    name: str = Field(default="", max_length=500)
    text: str | None = None
    base64: str | None = None


class IntakeChoice(Body):
    """A choice of a file, such as an extra or a dependency group."""

    file: str
    name: str


class IntakeIn(Body):
    """Files to read together; `choices` are those selected, null for what the files select themselves.

    `python` replaces the Python that the files ask for. With `reduce`, exact versions are also reduced to what was
    probably asked for.
    """

    model_config = example({"files": [{"name": "requirements.txt", "text": "pandas==2.1.0"}], "reduce": True})

    files: list[IntakeFile] = Field(min_length=1, max_length=MAX_FILES)
    choices: list[IntakeChoice] | None = None
    python: str | None = None
    reduce: bool = False


@router.post("/intake", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(ResolutionError, UnavailableError)
def intake(request: Caller, workspace: str, body: IntakeIn) -> dict[str, Any]:
    """Read dependency files.

    Returns one list of libraries, and of each file what was taken, merged and left out, with reasons: `lines` is the
    sum of the three. `intent` is the reduced list, null unless asked for.
    """
    files = [(one.name, _content(number, one)) for number, one in enumerate(body.files)]
    chosen = None if body.choices is None else [(one.file, one.name) for one in body.choices]
    found = read_files(request.actor, files, selected=chosen, python=body.python)
    intent = None
    if body.reduce:
        python = found.python or next(iter(interpreters()))
        reduced = reduce_to_intent(request.actor, found, python)
        intent = {
            "libraries": reduced.libraries,
            "constraints": reduced.constraints,
            "others": reduced.others,
        }
    return {**intake_document(found), "intent": intent}


def intake_document(found: Intake) -> dict[str, Any]:
    """Return what was read, as JSON values."""
    return {
        "files": [_file(one) for one in found.combined.files],
        "libraries": found.combined.libraries,
        "constraints": found.combined.constraints,
        "conda": found.combined.conda,
        "python": found.python,
        "asked_python": found.asked_python or None,
        "offered": list(interpreters()),
        "locked": found.locked,
    }


def _file(one: ReadFile) -> dict[str, Any]:
    document = one.document
    choices = document.choices if document else ()
    return {
        "name": one.name,
        "kind": document.kind if document else None,
        "error": {"detail": one.error.detail, "hint": one.error.hint} if one.error else None,
        "lines": len(one.results),
        "taken": len(one.taken),
        "merged": len(one.merged),
        "merges": [_entry(row) for row in one.merged],
        "changed": [_entry(row) for row in one.taken if row.reason],
        "left_out": [_entry(row) for row in one.left_out],
        "notes": document.notes if document else (),
        "choices": [{"name": choice.name, "label": choice.label, "selected": choice.selected} for choice in choices],
    }


def _entry(row: Result) -> dict[str, Any]:
    return {"line": row.entry.line or None, "text": row.entry.text, "reason": row.reason}


def _content(number: int, file: IntakeFile) -> bytes:
    """Return the bytes of a file. Raises InvalidInputError."""
    path = f"files[{number}]"
    if (file.text is None) == (file.base64 is None):
        raise InvalidInputError("A file has either text or base64.", hint="Send one of the two.", path=path)
    if file.text is not None:
        return file.text.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(file.base64 or "", validate=True)
    except binascii.Error as error:
        raise InvalidInputError(
            "This is not base64.", hint="Encode the bytes anew.", path=f"{path}.base64"
        ) from error
