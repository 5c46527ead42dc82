"""The commands of shell text as words with their line numbers: quotes, continued lines, comments, operators."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

TOKEN = re.compile(
    r"""(?P<joined>\\[ \t]*\n)
    |(?P<end>\n|&&|\|\||[;|&()])
    |(?P<space>[ \t]+)
    |(?P<redirect>\d?>>?(?:&\d)?|<<?-?)
    |'(?P<single>[^']*)'
    |"(?P<double>(?:[^"\\]|\\.)*)"
    |(?P<nested>\$\([^()\n]*\)|`[^`\n]*`)
    |\\(?P<escaped>.)
    |(?P<plain>[^\s\\'"#;&|()<>`$]+|.)""",
    re.VERBOSE | re.DOTALL,
)
COMMENT = re.compile(r"#[^\n]*")
VARIABLE = re.compile(r"\$(?:(?P<plain>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?::?-(?P<default>[^{}]*))?\})")
HEREDOC = re.compile(r"<<-?\s*([\"']?)(?P<mark>[A-Za-z_]\w*)\1")
SHELLS = re.compile(r"(^|/)(ba|da|z|k)?sh$")


@dataclass(frozen=True)
class Word:
    """A word of a command, and the number of the line that it begins in."""

    text: str
    line: int


def commands(text: str, line: int = 1) -> Iterator[list[Word]]:
    """Yield the words of each command; `line` is the number of the first line."""
    scanner = _Scanner(line)
    position = 0
    while found := (scanner.current is None and COMMENT.match(text, position)) or TOKEN.match(text, position):
        taken = 0 if found.re is COMMENT else scanner.take(found)
        position += taken or len(found[0])
        if found.lastgroup == "end" and scanner.words:
            yield scanner.words
            scanner.words = []
    scanner.end_word()
    if scanner.words:
        yield scanner.words


class _Scanner:
    """The words read so far of a command. `skip`: the next word is the file of a redirection."""

    def __init__(self, line: int) -> None:
        self.line = self._start = line
        self.words: list[Word] = []
        self.current: list[str] | None = None
        self._skip = False

    def take(self, found: re.Match[str]) -> int:
        """Take a token, and return how many of its characters were taken: 0 for all."""
        kind, token = found.lastgroup or "", found[0]
        taken = 0
        if kind == "redirect" and self.current is not None:  # part of a version: numpy>=1.2
            kind, token, taken = "plain", token[0], 1
        if kind in {"end", "space"}:
            self.end_word()
        elif kind == "redirect":
            self._skip = "&" not in token
        elif kind != "joined":
            if self.current is None:
                self.current, self._start = [], self.line
            self.current.append(token if kind in {"nested", "plain"} else found[kind])
        self.line += token.count("\n")
        return taken

    def end_word(self) -> None:
        """End the word."""
        if self.current is not None:
            if not self._skip:
                self.words.append(Word("".join(self.current), self._start))
            self.current, self._skip = None, False


def substitute(text: str, variables: Mapping[str, str]) -> str:
    """Replace the variables that are known, or have a default; others stay as they are."""
    return VARIABLE.sub(lambda one: _value(one, variables), text) if "$" in text else text


def _value(found: re.Match[str], variables: Mapping[str, str]) -> str:
    value = variables.get(found["plain"] or found["name"], found["default"])
    return found[0] if value is None else value


def without_heredocs(text: str) -> str:
    """Return shell text in which the bodies of here-documents are blank, unless a shell reads them."""
    kept: list[str] = []
    mark, run = "", False
    for line in text.split("\n"):
        if mark:
            ended = line.strip() == mark
            mark = "" if ended else mark
            kept.append(line if run and not ended else "")
            continue
        found = HEREDOC.search(line)
        if found and "<<<" not in line:
            mark = found["mark"]
            before = line[: found.start()].split()
            run = not before or any(SHELLS.search(word) for word in before)
            line = line[: found.start()] + line[found.end() :]  # noqa: PLW2901 - the line without the mark
        kept.append(line)
    return "\n".join(kept)
