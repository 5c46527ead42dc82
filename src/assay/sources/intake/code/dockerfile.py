"""Dockerfiles and shell scripts: the libraries that their commands install, and the Python of the base image."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from assay.core.intake.document import Document
from assay.sources.intake.pip.install_commands import ASSIGNMENT, Installs
from assay.sources.intake.pip.shell_words import HEREDOC, Word, commands, substitute, without_heredocs

INSTRUCTION = re.compile(r"\s*(?:ONBUILD\s+)?(?P<name>[A-Za-z]+)\s+(?P<rest>.*)", re.DOTALL | re.IGNORECASE)
IMAGE = re.compile(
    r"(?:.*/)?(?:python|pypy):(?P<version>3\.\d{1,2})|.*[:/-]python-?(?P<other>3\.\d{1,2})", re.IGNORECASE
)
SLIM_UV = re.compile(r".*:(?:.*-)?python(?P<version>3\.\d{1,2})")
RUN_OPTION = re.compile(r"--(mount|network|security|device)=\S+\s*(\\[ \t]*\n\s*)?")
COMMENT_LINE = re.compile(r"^[ \t]*#.*$", re.MULTILINE)


def read_dockerfile(text: str) -> Document:
    """Read the `RUN` lines of a Dockerfile or Containerfile."""
    installs = Installs()
    python: str | None = None
    for line, name, rest in _instructions(text):
        if name == "FROM":
            image = substitute(rest, installs.variables)
            found = IMAGE.match(image) or SLIM_UV.match(image)
            python = next((one for one in found.groups() if one), python) if found else python
        elif name in {"ARG", "ENV"}:
            _assign(rest, installs)
        elif name == "RUN":
            _run(rest, line, installs)
    return Document(kind="dockerfile", entries=tuple(installs.entries), python=python or installs.python)


def read_shell(text: str) -> Document:
    """Read the commands of a shell script."""
    installs = Installs()
    installs.read(without_heredocs(text))
    return Document(kind="shell", entries=tuple(installs.entries), python=installs.python)


def _instructions(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield (number of its first line, name, rest) of each instruction; continued lines and here-documents are in."""
    lines = text.split("\n")
    position = 0
    while position < len(lines):
        start = position
        kept = [lines[position]]
        if not kept[0].strip() or kept[0].lstrip().startswith("#"):
            position += 1
            continue
        while _continues(kept[-1]) and position + 1 < len(lines):
            position += 1
            line = lines[position]
            # A comment or an empty line within an instruction does not end it.
            kept.append("\\" if line.lstrip().startswith("#") or not line.strip() else line)
        heredoc = HEREDOC.search(kept[-1]) if "<<<" not in kept[-1] else None
        while heredoc and position + 1 < len(lines):
            position += 1
            kept.append(lines[position])
            if lines[position].strip() == heredoc["mark"]:
                break
        position += 1
        found = INSTRUCTION.fullmatch("\n".join(kept))
        if found:
            yield start + 1, found["name"].upper(), found["rest"]


def _continues(line: str) -> bool:
    return line.rstrip().endswith("\\")


def _assign(rest: str, installs: Installs) -> None:
    """Keep the values of an `ARG` or `ENV`; what is only known at build time stays unknown."""
    words = next(commands(rest), [])
    if len(words) > 1 and "=" not in words[0].text:  # the old form: ENV NAME value
        words = [Word(f"{words[0].text}={words[1].text}", 0)]
    for one in words:
        found = ASSIGNMENT.fullmatch(one.text)
        value = substitute(found["value"], installs.variables) if found else "$"
        if found and "$" not in value:
            installs.variables[found["name"]] = value


def _run(rest: str, line: int, installs: Installs) -> None:
    option = RUN_OPTION.match(rest)
    while option:
        line += option[0].count("\n")
        rest = rest[option.end() :]
        option = RUN_OPTION.match(rest)
    if rest.startswith("["):
        try:
            words = json.loads(rest.replace("\\\n", " "))
        except (ValueError, RecursionError):
            words = None
        if isinstance(words, list):
            installs.command([Word(str(one), line) for one in words])
            return
    installs.read(without_heredocs(rest), line)
