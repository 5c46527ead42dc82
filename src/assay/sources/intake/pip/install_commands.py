"""What commands install: those of pip, uv, conda, Poetry, PDM and Pipenv; other files that they name; the Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from packaging.utils import canonicalize_name

from assay.core.intake.document import Entry
from assay.sources.intake.conda.names import conda_entry, python_of
from assay.sources.intake.formats import INSTALLERS, NO_INSTALLER, PROJECT_ITSELF, shown
from assay.sources.intake.pip.lines import entry_of
from assay.sources.intake.pip.options import WITH_VALUE, is_long_or_index, option_reason, split_option
from assay.sources.intake.pip.shell_words import SHELLS, Word, commands, substitute

ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_]\w*)=(?P<value>.*)", re.DOTALL)
# Words in front of a command.
BEFORE = frozenset(
    {"sudo", "exec", "time", "then", "do", "else", "if", "!", "{", "nohup", "RUN", "env", "export", "command", "eval"}
    | {"set", "xargs", "$", ">", "while", "elif"}
)
RUNNERS = frozenset({("uv", "run"), ("poetry", "run"), ("pipenv", "run")})
PYTHON = re.compile(r"(python|pypy|py)[\d.]*")
PIP = re.compile(r"pip[\d.]*")
PIP_VERBS = frozenset({"install", "wheel", "download"})
CONDA = frozenset({"conda", "mamba", "micromamba"})
SYSTEM = frozenset({"apt-get", "apt", "apk", "yum", "dnf", "microdnf", "zypper", "brew", "pacman"})
SYSTEM_WORDS = frozenset({"install", "add", "-S", "-Sy", "-Syu"})
CONDA_VALUES = frozenset(
    {"-n", "--name", "-p", "--prefix", "-c", "--channel", "--solver", "--repodata-fn", "--platform", "--subdir"}
    | {"--experimental-solver", "-r", "--root-prefix", "--revision", "--only-deps-of", "--cuda"}
)
SYSTEM_PYTHON = re.compile(r"python(3\.\d{1,2})(-\w+)?")
PYTHON_VERSION = re.compile(r"(?:python|cpython)?[@=-]*(3\.\d{1,2})(\.\d+)?")
LOCK_OF = {"uv": "uv.lock", "poetry": "poetry.lock", "pdm": "pdm.lock", "pipenv": "Pipfile.lock", "pixi": "pixi.lock"}
ADDING = {"uv": {"add"}, "poetry": {"add"}, "pdm": {"add"}, "pipenv": {"install"}, "rye": {"add"}, "pixi": {"add"}}
SYNCING = {one: {"install", "sync"} for one in LOCK_OF}
MANAGER_VALUES = frozenset(
    {
        "-g",
        "-G",
        "--group",
        "--with",
        "--without",
        "--only",
        "--extras",
        "-E",
        "--python",
        "-p",
        "--source",
        "--index",
    }
    | {
        "--extra",
        "--optional",
        "--package",
        "--no-install-package",
        "--platform",
        "--feature",
        "-f",
        "--extra-index-url",
    }
    | {"-i", "--index-url", "--default-index", "--categories", "--no-group", "--only-group", "--directory", "-C"}
)


@dataclass
class Installs:
    """What the commands read so far install. `variables` are those that have a known value."""

    variables: dict[str, str] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    python: str | None = None

    def read(self, text: str, line: int = 1) -> None:
        """Read shell text; `line` is the number of its first line."""
        for words in commands(text, line):
            self.command(words)

    def command(self, words: list[Word]) -> None:
        """Read one command."""
        words = self._plain(words)
        if not words:
            return
        tool = PurePosixPath(words[0].text.replace("\\", "/")).name.removesuffix(".exe")
        rest = [one.text for one in words[1:]]
        if PIP.fullmatch(tool):
            self._after(words, PIP_VERBS, self._pip)
        elif tool == "uv" and rest[:1] == ["pip"]:
            self._after(words, {"install"}, self._pip)
            self._after(words, {"sync"}, self._files)
        elif tool in {"uv", "pyenv"} and rest[:1] in (["venv"], ["install"]):
            self._venv(words[2:])
        elif tool in CONDA and rest[:1] == ["env"]:
            self._after(words, {"create", "update"}, self._conda_file)
        elif tool in CONDA:
            self._after(words, {"install", "create", "update"}, self._conda)
        elif tool in ADDING:
            self._manager(tool, words)
        elif SHELLS.search(tool) and "-c" in rest[:-1]:
            self.read(rest[rest.index("-c") + 1], words[0].line)
        else:
            self._other(tool, words)

    def _after(self, words: list[Word], verbs: AbstractSet[str], reader: Callable[[list[Word]], None]) -> None:
        """Read what follows the first of the verbs."""
        for number, one in enumerate(words):
            if one.text in verbs:
                reader(words[number + 1 :])
                return

    def _other(self, tool: str, words: list[Word]) -> None:
        rest = {one.text for one in words[1:]}
        if tool in SYSTEM and SYSTEM_WORDS & rest:
            self._system(words)
        elif PYTHON.fullmatch(tool) and words[1:2] and words[1].text == "setup.py" and {"install", "develop"} & rest:
            self._add(words[0], text=shown(_joined(words)), reason=PROJECT_ITSELF)

    def _plain(self, words: list[Word]) -> list[Word]:
        """Return a command with the known variables replaced, without what stands before it."""
        words = [Word(substitute(one.text, self.variables), one.line) for one in words]
        start = 0
        while start < len(words):
            after = self._before(words, start)
            if after == start:
                break
            start = after
        return words[start:]

    def _before(self, words: list[Word], start: int) -> int:
        """Return where a command goes on after a word that stands before it, else `start`."""
        first = words[start].text
        following = [one.text for one in words[start + 1 : start + 3]]
        assigned = ASSIGNMENT.fullmatch(first)
        python = PYTHON.fullmatch(PurePosixPath(first.replace("\\", "/")).name.removesuffix(".exe"))
        if assigned:
            if len(words) == start + 1 and "$" not in assigned["value"]:
                self.variables[assigned["name"]] = assigned["value"]
            return start + 1
        if first in BEFORE:
            start += 1
            while start < len(words) and words[start].text.startswith("-"):
                start += 1
            return start
        if (python or first.endswith("executable}")) and "-m" in following:
            return start + 2 + following.index("-m")
        if len(following) > 1 and (first, following[0]) in RUNNERS:
            return start + 2
        if first in CONDA and following[:1] == ["run"]:
            return len(words) - len(_after_options(words[start + 2 :], CONDA_VALUES))
        return start

    def _add(self, word: Word, **fields: str | bool) -> None:
        given = {"text": shown(word.text), **fields}
        self.entries.append(Entry(line=word.line, **given))  # type: ignore[arg-type]  # names of fields

    def _pip(self, words: list[Word]) -> None:
        position = 0
        while position < len(words):
            word = words[position]
            position += 1
            if not word.text.startswith("-") or word.text == "-":
                self._requirement(word)
                continue
            name, value = split_option(word.text)
            takes = name in WITH_VALUE or name in {"-r", "--requirement", "--requirements", "-c", "--constraint"}
            takes = takes or name in {"--constraints", "-e", "--editable", "--group", "--override", "--overrides"}
            if takes and value is None and position < len(words):
                value = words[position].text
                position += 1
            self._pip_option(word, name, value or "")

    def _pip_option(self, word: Word, name: str, value: str) -> None:
        text = f"{name} {value}".strip()
        if name in {"-r", "--requirement", "--requirements"}:
            self._include(word, text, value)
        elif name in {"-c", "--constraint", "--constraints", "--override", "--overrides"}:
            self._include(word, text, value, limits=True)
        elif name == "--group":
            file, _, _ = value.rpartition(":")
            self._include(word, text, file or "pyproject.toml")
        elif name in {"-e", "--editable"}:
            self.entries.append(entry_of(f"-e {value}", word.line))
        elif is_long_or_index(name):
            self._add(word, text=shown(text), reason=option_reason(name))

    def _include(self, word: Word, text: str, file: str, *, limits: bool = False) -> None:
        if "$" in file or not file:
            self._add(word, text=shown(text), reason="names a file by a variable: import that file too")
        else:
            self._add(word, text=shown(text), include=file, limits=limits)

    def _requirement(self, word: Word) -> None:
        name = re.split(r"[\[=<>!~;@ ]", word.text, maxsplit=1)[0]
        if canonicalize_name(name) in INSTALLERS:
            self._add(word, reason=NO_INSTALLER)
        elif "$" in word.text or "`" in word.text:
            self._add(word, reason="contains a variable without a known value; add the library by name")
        elif word.text.strip():
            self.entries.append(entry_of(word.text.strip(), word.line))

    def _files(self, words: list[Word]) -> None:
        for one in _after_options(words, WITH_VALUE, all_of_them=True):
            self._include(one, one.text, one.text)

    def _conda(self, words: list[Word]) -> None:
        position = 0
        while position < len(words):
            word = words[position]
            position += 1
            name, equals, value = word.text.partition("=")
            if name in {"-f", "--file"} and (equals or position < len(words)):
                file = value if equals else words[position].text
                position += 0 if equals else 1
                self._include(word, f"{name} {file}", file)
            elif word.text.startswith("-") or not word.text:
                position += 1 if word.text in CONDA_VALUES else 0
            elif "$" in word.text:
                self._add(word, reason="contains a variable without a known value; add the library by name")
            else:
                self._conda_entry(word)

    def _conda_entry(self, word: Word) -> None:
        self.python = self.python or python_of(word.text)
        self.entries.append(conda_entry(word.text, line=word.line))

    def _conda_file(self, words: list[Word]) -> None:
        file = "environment.yml"
        place = words[0] if words else Word(file, 0)
        for number, one in enumerate(words):
            name, equals, value = one.text.partition("=")
            if name in {"-f", "--file"}:
                file = value if equals else words[number + 1].text if number + 1 < len(words) else file
                place = one
        self._include(place, f"--file {file}", file)

    def _manager(self, tool: str, words: list[Word]) -> None:
        """Read `uv add`, `poetry install` and the like."""
        if len(words) == 1:
            return
        verb, rest = words[1], _after_options(words[2:], MANAGER_VALUES, all_of_them=True)
        if rest and verb.text in ADDING[tool]:
            for one in rest:
                name, at, version = one.text.partition("@")
                poetry = at and re.fullmatch(r"(latest|[\^~]?\d[\w.]*)", version)
                self._requirement(Word(name if poetry else one.text, one.line))
        elif verb.text in SYNCING.get(tool, set()):
            self._include(verb, f"{tool} {verb.text}", LOCK_OF[tool])

    def _system(self, words: list[Word]) -> None:
        for one in words[1:]:
            python = SYSTEM_PYTHON.fullmatch(one.text)
            if python:
                self.python = self.python or python[1]
        self._add(
            words[0],
            text=shown(_joined(words)),
            reason="installs system packages, which are not part of an environment",
        )

    def _venv(self, words: list[Word]) -> None:
        for one in words:
            found = PYTHON_VERSION.fullmatch(one.text)
            self.python = self.python or (found[1] if found else None)


def _after_options(words: list[Word], with_value: frozenset[str], *, all_of_them: bool = False) -> list[Word]:
    """Return the words from the first that is no option on, or all that are none."""
    kept: list[Word] = []
    position = 0
    while position < len(words):
        word = words[position]
        if not word.text.startswith("-"):
            if not all_of_them:
                return words[position:]
            kept.append(word)
        position += 2 if word.text in with_value else 1
    return kept


def _joined(words: list[Word]) -> str:
    return " ".join(one.text for one in words)
