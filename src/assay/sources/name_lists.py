"""Lists of names: the most used libraries, and those with a long history. One name a line, the most used first.

`docs/name_lists.py` makes the two files that are shipped; their first lines name source and date. Another file
of the same format can replace either.
"""

from __future__ import annotations

from pathlib import Path

from packaging.utils import InvalidName, canonicalize_name

from assay.core.errors import InvalidInputError

MOST_USED = Path(__file__).with_name("most_used_names.txt")
LONG_HISTORY = Path(__file__).with_name("long_history_names.txt")


def read_names(path: Path) -> tuple[str, ...]:
    """Read normalised names in the order of a file. Raises InvalidInputError when it is not a list of names."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"The list of names {path} cannot be read.", hint="Use UTF-8 text.") from error
    numbered = ((number, line.partition("#")[0].strip()) for number, line in enumerate(lines, 1))
    return tuple(dict.fromkeys(_name(text, path, number) for number, text in numbered if text))


def _name(text: str, path: Path, number: int) -> str:
    try:
        return canonicalize_name(text, validate=True)
    except InvalidName as error:
        raise InvalidInputError(
            f"Line {number} of {path} is not a package name.", hint="Write one name per line."
        ) from error
