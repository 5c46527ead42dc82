"""The kinds of dependency files: how each is recognised, by its name or its content, and the reader of each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from assay.core.errors import InvalidInputError
from assay.core.intake.document import Document
from assay.sources.intake.conda_environment import read_environment
from assay.sources.intake.conda_lists import read_conda_list, read_explicit, refuse_recipe
from assay.sources.intake.dockerfile import read_dockerfile, read_shell
from assay.sources.intake.encodings import clean, decode
from assay.sources.intake.pylock import read_pylock
from assay.sources.intake.pyproject import read_pipfile, read_pyproject, read_setup_cfg
from assay.sources.intake.requirements import read_requirements

MAX_BYTES = 4_000_000  # of one file; lock files of a thousand libraries with all their hashes stay below


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of file. `filename` matches its name, `content` its text; a kind without `content` has a fixed name.

    `where` says what to do when a file of this kind holds no libraries.
    """

    name: str
    label: str
    filename: re.Pattern[str]
    reader: Callable[[str], Document]
    content: re.Pattern[str] | None = None
    where: str = "Import the file that lists them, for example requirements.txt, or paste one library per line."


def _pattern(filename: str) -> re.Pattern[str]:
    return re.compile(filename, re.IGNORECASE)


def _lines(content: str) -> re.Pattern[str]:
    return re.compile(content, re.MULTILINE)


# The order matters for contents: the first kind that matches counts. Requirements match anything.
KINDS = (
    Kind(
        name="pylock",
        label="lock file (PEP 751)",
        filename=_pattern(r"pylock(\..*)?\.toml"),
        content=_lines(r"^lock-version\s*="),
        reader=read_pylock,
    ),
    Kind(
        name="pipfile",
        label="Pipfile",
        filename=_pattern("Pipfile"),
        content=_lines(r"^\[packages\]"),
        reader=read_pipfile,
    ),
    Kind(
        name="pyproject",
        label="project file",
        filename=_pattern(r"pyproject\.toml"),
        content=_lines(r"^\[(project|build-system|dependency-groups|tool\.)"),
        reader=read_pyproject,
    ),
    Kind(
        name="setup-cfg",
        label="setup.cfg",
        filename=_pattern(r"setup\.cfg"),
        content=_lines(r"^\[options(\.extras_require)?\]"),
        reader=read_setup_cfg,
    ),
    Kind(
        name="conda-recipe",
        label="recipe of a conda package",
        filename=_pattern(r"(meta|recipe)\.ya?ml"),
        content=_lines(r"^\{% set |^(package|requirements):[ \t]*\n[ \t]+(name|build|host|run):"),
        reader=refuse_recipe,
    ),
    Kind(
        name="conda-explicit",
        label="list of conda packages (@EXPLICIT)",
        filename=_pattern(r"conda-(linux|osx|win)-\w+\.lock"),
        content=_lines(r"^@EXPLICIT[ \t]*$"),
        reader=read_explicit,
    ),
    Kind(
        name="conda-list",
        label="list of conda packages",
        filename=_pattern(r"conda-list(\..*)?"),
        content=_lines(
            r"^# packages in environment at|^#? *(Name|Package) +Version +Build|^# \$ conda create --name"
            r"|^[\w.-]+=[^=\s,<>!~|]+=[^=\s,<>!~|]+$"
        ),
        reader=read_conda_list,
    ),
    Kind(
        name="conda-environment",
        label="conda environment",
        filename=_pattern(r".*\.ya?ml"),
        content=_lines(r"^dependencies:\s*(#.*)?$"),
        reader=read_environment,
    ),
    Kind(
        name="dockerfile",
        label="Dockerfile",
        filename=_pattern(r"((.*\.)?(Docker|Container)file([._-].*)?)"),
        content=_lines(r"^FROM\s+\S+(\s+AS\s+\S+)?\s*$"),
        reader=read_dockerfile,
    ),
    Kind(
        name="shell",
        label="shell script",
        filename=_pattern(r".*\.(sh|bash|zsh)"),
        content=re.compile(r"\A#!.*\b(ba|z|da|k)?sh\b"),
        reader=read_shell,
    ),
    Kind(
        name="requirements", label="requirements file", filename=_pattern(r".*\.(txt|in)"), reader=read_requirements
    ),
)


def kind_of(text: str, name: str = "") -> Kind:
    """Return the kind of a file by its name, or by its content where the name says nothing."""
    last = PurePosixPath(name.replace("\\", "/")).name
    for one in KINDS[:-1]:
        if one.filename.fullmatch(last):
            return one
    for one in KINDS:
        if one.content and one.content.search(text):
            return one
    return KINDS[-1]


def read(data: bytes | str, name: str = "") -> Document:
    """Read a file. Raises InvalidInputError when it is too large, no text, malformed, or holds no libraries."""
    if len(data) > MAX_BYTES:
        raise InvalidInputError(
            f"The file is too large: at most {MAX_BYTES / 1e6:.0f} MB.",
            hint="Paste the list of libraries alone.",
            path="libraries",
        )
    text = decode(data) if isinstance(data, bytes) else clean(data)
    kind = kind_of(text, name)
    document = kind.reader(text)
    if not document.entries:
        what = f"The {kind.label} holds no libraries." if text.strip() else "The file is empty."
        raise InvalidInputError(what, hint=kind.where, path="libraries")
    return document
