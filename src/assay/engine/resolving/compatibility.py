"""The wheel tags and environment markers of a Python on this machine (PEP 425, PEP 508)."""

from __future__ import annotations

import sys
from functools import lru_cache

from packaging.markers import default_environment
from packaging.tags import Tag, compatible_tags, cpython_tags, platform_tags


def this_platform() -> str:
    """Return this machine's platform in the form that locks use, e.g. `linux-x86_64`."""
    import platform  # noqa: PLC0415 - only needed when a lock is made

    return f"{sys.platform}-{platform.machine()}"


@lru_cache(maxsize=1)
def compiled_platforms() -> frozenset[str]:
    """Return the platform tags of compiled wheels that this machine supports."""
    return frozenset(platform_tags())


def tag_ranks(python: str) -> dict[Tag, int]:
    """Return the wheel tags that a CPython of this machine supports, with their ranks: 0 is best (PEP 425)."""
    version = tuple(int(part) for part in python.split("."))
    platforms = list(platform_tags())
    interpreter = f"cp{version[0]}{version[1]}"
    tags = [
        *cpython_tags(version, platforms=platforms),
        *compatible_tags(version, interpreter=interpreter, platforms=platforms),
    ]
    return {tag: rank for rank, tag in reversed(list(enumerate(tags)))}


def marker_variables(python: str) -> dict[str, str]:
    """Return PEP 508 marker variables for a Python of this machine."""
    return {
        **{name: str(value) for name, value in default_environment().items()},
        "python_version": python,
        "python_full_version": f"{python}.99",
        "implementation_version": f"{python}.99",
        "extra": "",
    }
