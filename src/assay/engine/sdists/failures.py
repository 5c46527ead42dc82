"""What the log of a failed build from source says is missing: a program, a header, a module or the network."""

from __future__ import annotations

import re
from collections.abc import Callable

MOST_LOG_LINES = 5000  # of one call of a build backend, in the log of the build
LAST_LINES = 15  # of the log, in the error
MACHINE = "Whoever runs this installation can install it on the build machine; then build again."
# Each pattern finds the name of what is missing in what setuptools, distutils, meson, CMake and shells write.
PROGRAMS = (
    r"(?:command|unable to execute) '([^']+)'(?: failed)?: No such file",
    r"No such file or directory: '([\w.+/-]+)'\s*$",
    r"(?:sh|bash): (?:line )?\d*:? ?([\w.+-]+): (?:command )?not found",
    r"Unknown compiler\(s\): \[\['([\w.+-]+)'",
    r"Program '?([\w.+-]+)'? (?:not found|found: NO)",
    r"[Cc]an't find (Rust) compiler",
    r"(CMake) must be installed",
    r"has (Fortran) sources but no Fortran compiler found",
    r"[Nn]o (Fortran|C\+\+|C) compiler (?:was )?found",
)
NAMES = {"Rust": "a Rust compiler", "Fortran": "a Fortran compiler", "C++": "a C++ compiler", "C": "a C compiler"}
HEADER = r"fatal error: ([\w./+-]+\.h\w*): No such file"
MODULE = r"(?:ModuleNotFoundError|ImportError): No module named '?([\w.]+)'?"
NETWORK = (
    r"Temporary failure in name resolution|Name or service not known|Network is unreachable|urlopen error"
    r"|Failed to establish a new connection|Could not resolve host|\[Errno -[23]\]|\[Errno 101\]"
)


class LogTail:
    """Passes the lines of a build backend on to the log of the build, up to a limit, and keeps the last ones."""

    def __init__(self, log_line: Callable[[str], None]) -> None:
        self._log_line = log_line
        self._kept: list[str] = []
        self._count = 0

    def add(self, line: str) -> None:
        """Take a line."""
        self._count += 1
        self._kept = [*self._kept[-199:], line[:2000]]
        if self._count <= MOST_LOG_LINES:
            self._log_line(f"  {line[:2000]}")
        elif self._count == MOST_LOG_LINES + 1:
            self._log_line(f"  … more than {MOST_LOG_LINES:,} lines; the rest is not logged.")

    @property
    def text(self) -> str:
        """The last lines."""
        return "\n".join(self._kept)


def explain_failure(file: str, log: str) -> tuple[str, str]:
    """Return why a build from source failed, with the last lines of its log, and what to do."""
    what, hint = _cause(log)
    lines = [line for line in log.splitlines() if line.strip()][-LAST_LINES:]
    last = "\n".join(lines)[-3000:] or "It gave no reason."
    return f"{file} could not be built. {what}\n{last}", hint


def _cause(log: str) -> tuple[str, str]:
    for pattern in PROGRAMS:
        found = re.search(pattern, log, re.MULTILINE)
        if found:
            name = NAMES.get(found[1], found[1].rpartition("/")[2])
            return f"{name} is missing on the build machine.", MACHINE
    header = re.search(HEADER, log)
    if header:
        return f"The header {header[1]} is missing on the build machine.", MACHINE
    if re.search(NETWORK, log):
        return (
            "It tried to use the network, which builds from source do not have.",
            "Choose a version that has a wheel. Its authors can declare what it needs as build requirements.",
        )
    module = re.search(MODULE, log)
    if module:
        return (
            f"Its build imports {module[1]}, which its build requirements do not bring.",
            "Choose a version that has a wheel, or an older Python. Its authors can declare the requirement.",
        )
    return "The last lines of its log:", "Choose a version that has a wheel, or read the whole log of the build."
