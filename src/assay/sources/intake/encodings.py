"""The text of a file from its bytes: UTF-8 and UTF-16 with and without a byte order mark, else Latin-1."""

from __future__ import annotations

import codecs

from assay.core.errors import InvalidInputError

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SAMPLE = 4000  # bytes that decide between UTF-16 and others
SHARE = 0.3  # of zero bytes at even or odd places in UTF-16 text of ASCII characters


def decode(data: bytes) -> str:
    """Return the text with line feeds as line ends. Raises InvalidInputError for a file that is no text."""
    try:
        text = data.decode(_encoding(data))
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if "\0" in text:
        raise InvalidInputError(
            "The file is not a text.", hint="Choose a requirements, project or lock file.", path="libraries"
        )
    return clean(text)


def clean(text: str) -> str:
    """Return text without a byte order mark, with line feeds as line ends."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _encoding(data: bytes) -> str:
    for mark, name in MARKS:
        if data.startswith(mark):
            return name
    sample = data[:SAMPLE]
    for start, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if sample and sample[start::2].count(0) > SHARE * len(sample):
            return name
    return "utf-8"
