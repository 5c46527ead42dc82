"""The end of security support of each Python version, and the modules that its newer versions removed.

The release schedules give the month (PEPs 596, 619, 664, 693, 719, 745 and 790, and "Status of Python versions"
in the developer's guide, as of 2026-11). The last day of that month counts.
"""

from __future__ import annotations

from datetime import date

SUPPORT_ENDS = {
    "3.9": date(2025, 10, 31),
    "3.10": date(2026, 10, 31),
    "3.11": date(2027, 10, 31),
    "3.12": date(2028, 10, 31),
    "3.13": date(2029, 10, 31),
    "3.14": date(2030, 10, 31),
    "3.15": date(2031, 10, 31),
}

# Modules of the standard library by the version that removed them ("What's New in Python", 3.10 to 3.13; PEPs 594
# and 632). A library that still needs one does not work. Modules of other platforms, like `winreg`, are not here.
REMOVED = {
    "3.10": ("formatter", "parser", "symbol"),
    "3.11": ("binhex",),
    "3.12": ("asynchat", "asyncore", "distutils", "imp", "smtpd"),
    "3.13": (
        *("aifc", "audioop", "cgi", "cgitb", "chunk", "crypt", "imghdr", "lib2to3", "mailcap", "nis", "nntplib"),
        *("ossaudiodev", "pipes", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib"),
    ),
}
REMOVED_IN = {module: version for version, modules in REMOVED.items() for module in modules}


def support_ends(python: str) -> date | None:
    """Return the last day of security fixes of `3.11` or `3.11.9`, None for a version that is not listed."""
    return SUPPORT_ENDS.get(".".join(python.split(".")[:2]))


def support_days(python: str, today: date) -> int | None:
    """Return the remaining days of security fixes of a Python version, negative when they ended, None if unknown."""
    end = support_ends(python)
    return None if end is None else (end - today).days


def removed_in(module: str) -> str:
    """Return the Python version that removed a module or its package from the standard library, '' if none did."""
    return REMOVED_IN.get(module.partition(".")[0], "")
