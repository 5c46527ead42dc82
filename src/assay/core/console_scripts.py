"""Commands of libraries that hide those of the system, of Python, of its installers, or of another library."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assay.core.report import LibraryFacts

# Utilities of POSIX and common systems that people call without a path.
SYSTEM = frozenset(
    """
    awk bash cat chmod chown cp curl cut date dd df du echo env find git grep gzip head kill less ln ls make mkdir mv
    nice nohup ps pwd rm rmdir scp sed sh sleep sort ssh su sudo tail tar tee test touch tr true wget xargs
    """.split()  # noqa: SIM905 - read as a line of words
)
# Interpreters and installers, each with the one library that owns it, '' for none.
INTERPRETERS = {
    **dict.fromkeys(("python", "python3", "pydoc", "pydoc3"), ""),
    **dict.fromkeys(("pip", "pip3"), "pip"),
    **dict.fromkeys(("uv", "uvx"), "uv"),
    "conda": "conda",
}
OWNERS = {**INTERPRETERS, "jupyter": "jupyter-core", "ipython": "ipython"}


@dataclass(frozen=True, kw_only=True)
class ShadowedCommand:
    """A command of a library that hides another one. `other` is the other library, '' for the system's command."""

    command: str
    library: str
    other: str = ""

    @property
    def installs_or_runs(self) -> bool:
        """Whether it hides an interpreter or an installer."""
        return self.command in INTERPRETERS


def shadowed_commands(libraries: Iterable[LibraryFacts]) -> tuple[ShadowedCommand, ...]:
    """Return the commands of libraries that hide a trusted command or each other's, by command."""
    by_command: dict[str, list[str]] = {}
    for library in libraries:
        for command in library.scripts:
            by_command.setdefault(command, []).append(library.name)
    return tuple(
        shadowed for command in sorted(by_command) for shadowed in _of_command(command, sorted(by_command[command]))
    )


def _of_command(command: str, libraries: list[str]) -> list[ShadowedCommand]:
    owner = OWNERS.get(command)
    if owner is not None or command in SYSTEM:
        intruders = [one for one in libraries if one != owner]
        other = owner if owner in libraries else ""
        return [ShadowedCommand(command=command, library=one, other=other or "") for one in intruders]
    *hidden, winner = libraries  # the last one by name is linked last
    return [ShadowedCommand(command=command, library=winner, other=one) for one in hidden]
