"""What `--help` says: every command and every argument, alike."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import pytest

from assay.cli.main import main, parser
from assay.cli.output import Tone, say_table, tint
from assay.core.formatting import plural


def commands(found: argparse.ArgumentParser) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    """Yield each command with its line in the list of commands and its own parser."""
    for group in (one for one in found._actions if isinstance(one, argparse._SubParsersAction)):
        for line in group._choices_actions:
            command = group.choices[line.dest]
            yield command.prog, line.help or "", command
            yield from commands(command)


def test_every_command_says_what_it_does() -> None:
    """An imperative line without a full stop in the list; the same line begins the command's own help."""
    found = list(commands(parser()))
    assert len(found) > 40
    for name, line, command in found:
        assert line[:1].isupper(), name
        assert not line.endswith("."), name
        assert (command.description or "").startswith(line), name


def test_every_argument_is_described() -> None:
    """No option without a word."""
    for name, _, command in commands(parser()):
        for one in command._actions:
            if not isinstance(one, argparse._SubParsersAction):
                assert one.help, (name, one.dest)


def test_help_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Help formats its text with %, so every text must stand that."""
    for _, _, command in commands(parser()):
        command.format_help()
    with pytest.raises(SystemExit) as ended:
        main(["create", "--help"])
    assert ended.value.code == 0
    assert "Examples:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("terminal", "variables", "text"),
    [
        (True, {}, "\033[1;31mno\033[0m"),
        (False, {}, "no"),
        (True, {"NO_COLOR": "1"}, "no"),
        (False, {"FORCE_COLOR": "1"}, "\033[1;31mno\033[0m"),
    ],
)
def test_colours_are_for_terminals(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], text: str, *, terminal: bool
) -> None:
    """Unless a variable says otherwise; plain text stays plain."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    assert tint("no", Tone.BAD) == text
    assert tint("yes", Tone.PLAIN) == "yes"
    assert tint("", Tone.BAD) == ""
    assert tint("a\033]0;title\007b\x9b2J") == "a]0;titleb2J"


def test_tables_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns are as wide as their widest cell; numbers stand to the right; no line ends with blanks."""
    say_table(("Name", "Size"), [("numpy", "9 MB"), ("six", "12 kB")], right=("Size",))
    assert capsys.readouterr().out == "Name    Size\nnumpy   9 MB\nsix    12 kB\n"


@pytest.mark.parametrize(("amount", "text"), [(1, "1 library"), (1200, "1,200 libraries")])
def test_plural(amount: int, text: str) -> None:
    """Amounts agree with their noun."""
    assert plural(amount, "library") == text
