"""From the modules that a process has loaded to the libraries that they belong to.

Modules are named as reports name them: the top-most regular package, such as `pandas` and `google.protobuf`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Modules = Mapping[str, tuple[str, ...]]  # of each library


def shared_packages(modules: Modules) -> frozenset[str]:
    """Return the packages that more than one library has modules in: only the names below them say which."""
    owners = _owners(modules)
    found = {name for name, libraries in owners.items() if len(libraries) > 1}
    return frozenset(found | {above for name in owners for above in _above(name) if above in owners})


def imported_libraries(names: Iterable[str], modules: Modules) -> frozenset[str]:
    """Return the libraries of loaded modules; modules of none of them are ignored.

    A module that no library is known for counts for those of the nearest package around it. What several libraries
    install counts for each of them, so that none is called unused by mistake.
    """
    owners = _owners(modules)
    found: set[str] = set()
    for name in names:
        nearest = next((one for one in (name, *_above(name)) if one in owners), None)
        if nearest is not None:
            found |= owners[nearest]
    return frozenset(found)


def _owners(modules: Modules) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for library, names in modules.items():
        for name in names:
            found.setdefault(name, set()).add(library)
    return found


def _above(name: str) -> list[str]:
    """Return the packages around a module, the nearest first."""
    parts = name.split(".")
    return [".".join(parts[:depth]) for depth in range(len(parts) - 1, 0, -1)]
