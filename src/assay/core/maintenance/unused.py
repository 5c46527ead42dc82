"""Unused libraries of a version: never imported, and not needed by what is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from assay.core.spec import name_of

Dependencies = Mapping[str, tuple[str, ...]]  # of each locked library: what it needs
# Kernels and Jupyter's own programs: they run from other processes than a session's, or before it is recorded.
JUPYTER = frozenset({"ipykernel", "ipython", "ipywidgets", "jupyter", "nbconvert", "notebook", "papermill"})
JUPYTER_PREFIXES = ("jupyter-", "jupyterlab")


@dataclass(frozen=True, kw_only=True)
class Unused:
    """What a version can do without: `direct` ones of its own spec, and all `libraries`.

    `lines` is what remains of the spec. `added` are imported libraries that only a left out one brings; `lines` has
    them by name.
    """

    direct: tuple[str, ...]
    lines: tuple[str, ...]
    libraries: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def dependencies(self) -> tuple[str, ...]:
        """The unused libraries that are not direct ones of the spec."""
        return tuple(one for one in self.libraries if one not in self.direct)


def closure(names: Iterable[str], dependencies: Dependencies) -> set[str]:
    """Return libraries with all that they need, directly or not."""
    found = set(names)
    frontier = list(found)
    while frontier:
        for needed in dependencies.get(frontier.pop(), ()):
            if needed not in found:
                found.add(needed)
                frontier.append(needed)
    return found


def needed_by_kernels(name: str) -> bool:
    """Return whether kernels or Jupyter need a library, so that it is used without being imported."""
    return name in JUPYTER or name.startswith(JUPYTER_PREFIXES)


def find_unused(
    lines: tuple[str, ...],
    dependencies: Dependencies,
    *,
    imported: Collection[str],
    unknown: Collection[str] = (),
    keep: Collection[str] = (),
) -> Unused:
    """Find what is never imported and not needed by what is, by the graph of a lock.

    `dependencies` has every locked library. Direct ones that are `unknown`, or needed by kernels, are taken as used,
    and so is `keep`, such as a base's libraries. Lines of libraries that are not locked (markers of other systems)
    remain.
    """
    direct = {name_of(line) for line in lines}
    taken = {one for one in direct if one in unknown or needed_by_kernels(one)}
    used = dependencies.keys() & {*imported, *taken, *keep}
    unused = dependencies.keys() - closure(used, dependencies)
    remaining = tuple(line for line in lines if name_of(line) not in unused)
    lost = used - closure([*(name_of(line) for line in remaining), *keep], dependencies)
    added = _fewest(lost, dependencies)
    return Unused(
        direct=tuple(dict.fromkeys(name_of(line) for line in lines if name_of(line) in unused)),
        lines=(*remaining, *added),
        libraries=tuple(sorted(unused)),
        added=added,
    )


def _fewest(names: Collection[str], dependencies: Dependencies) -> tuple[str, ...]:
    """Return the fewest of some libraries that bring all of them, by name."""
    found = set(names)
    for name in sorted(names):
        if name in closure(found - {name}, dependencies):
            found.remove(name)
    return tuple(sorted(found))
