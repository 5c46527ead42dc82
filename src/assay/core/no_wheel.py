"""Why a library without a wheel for a Python cannot be installed, and what to do: one message per reason."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

SYSTEMS = (("manylinux", "Linux"), ("musllinux", "Linux (musl)"), ("linux", "Linux"), ("macosx", "macOS"))
MOST_PLATFORMS = 6  # named in one message


@dataclass(frozen=True, kw_only=True)
class Wheels:
    """The Pythons (`3.9`, `3.7 and newer`) and the platforms (`Linux x86_64`) for which a version has wheels."""

    pythons: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Say which wheels there are, e.g. `Python 3.8 and 3.9 (Linux x86_64)`."""
        platforms = listed(self.platforms[:MOST_PLATFORMS])
        return f"Python {listed(self.pythons)}" + (f" ({platforms})" if platforms else "")


def wheels_of(tags: Collection[tuple[str, str, str]]) -> Wheels:
    """Return what wheel tags (interpreter, ABI, platform; PEP 425) stand for. Any platform is not named."""
    pythons = {word for interpreter, abi, _ in tags if (word := _python(interpreter, abi))}
    platforms = {_platform(platform) for *_, platform in tags} - {""}
    return Wheels(pythons=tuple(sorted(pythons, key=_order)), platforms=tuple(sorted(platforms)))


def _python(interpreter: str, abi: str) -> str:
    found = re.fullmatch(r"(?:cp|py)(\d)(\d*)", interpreter)
    if found is None:
        return ""  # PyPy and its like
    number = f"{found[1]}.{found[2]}" if found[2] else found[1]
    return f"{number} and newer" if abi == "abi3" else number


def _order(word: str) -> tuple[int, ...]:
    return tuple(int(part) for part in word.split(" ", maxsplit=1)[0].split("."))


def _platform(tag: str) -> str:
    if tag.startswith("win"):
        return "Windows"
    for prefix, name in SYSTEMS:
        if tag.startswith(prefix):
            machine = re.search(r"(x86_64|aarch64|arm64|i686|universal2|[a-z0-9]+)$", tag)
            return f"{name} {machine[1]}" if machine else name
    return ""


def listed(words: Sequence[str]) -> str:
    """Join words: `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What is wrong, and what to do."""

    detail: str
    hint: str


def wrong_python(pin: str, python: str, platform: str, wheels: Wheels, offered: Sequence[str]) -> Refusal:
    """Refuse a version (`numpy 1.19.5`) whose wheels are for others; `offered` are the Pythons here that have one."""
    name = pin.split(" ", maxsplit=1)[0]
    there = f"It has wheels for {wheels.words}." if wheels.pythons else "It has no file that can be installed."
    another = f"Choose Python {' or '.join(offered)}, or another version of {name}."
    nobody = (
        f"Choose another version of {name}. An administrator can add other Pythons under Admin → Pythons."
        if wheels.pythons
        else f"Choose another version of {name}."
    )
    return Refusal(
        detail=f"{pin} has no wheel for Python {python} on {platform}. {there}", hint=another if offered else nobody
    )


def source_only(pin: str, refused_by: str, *, sandboxed: bool) -> Refusal | None:
    """Refuse a version that has only a source distribution, None if it may be built.

    `refused_by` is `workspace`, `draft`, or '' for nobody; `sandboxed`: bubblewrap works on this machine.
    """
    only = f"{pin} has only a source distribution"
    name = pin.split(" ", maxsplit=1)[0]
    if refused_by == "draft":
        return Refusal(
            detail=f"{only}, and this draft takes wheels only.",
            hint="Clear “Wheels only” in the editor (only_binary in the API), or choose a version with a wheel.",
        )
    if refused_by:
        return Refusal(
            detail=f"{only}, and this workspace forbids builds from source.",
            hint="An administrator can allow them: Admin → Workspace, or `assay admin workspace --allow-sdists yes`. "
            f"Or choose a version of {name} that has a wheel.",
        )
    if not sandboxed:
        return Refusal(
            detail=f"{only}, and no sandbox is at work on this machine: a build would run its code unconfined.",
            hint="Whoever runs this installation can install bubblewrap on the build machine. "
            f"Or choose a version of {name} that has a wheel.",
        )
    return None
