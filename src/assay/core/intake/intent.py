"""From exact versions to what was probably asked for: the roots of the graph, and constraints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

Requires = Mapping[str, Iterable[str]]  # from a normalised name to the names that it requires


@dataclass(frozen=True, kw_only=True)
class Reduced:
    """A shorter list: `libraries` that were asked for, and `constraints` that keep the versions of all of them.

    Both together resolve to what the exact list installs. `others` are the names that only others require.
    """

    libraries: tuple[str, ...]
    constraints: tuple[str, ...]
    others: tuple[str, ...]


def roots(names: Sequence[str], requires: Requires) -> tuple[str, ...]:
    """Return the names from which all others are reached, as few as possible, in their order.

    Of libraries that require each other and that nothing else requires, the first is a root.
    """
    edges = _edges(names, requires)
    required = {one for found in edges.values() for one in found}
    chosen = [name for name in names if name not in required]
    covered = {one for name in chosen for one in _reached(name, edges)}
    for name in names:
        if name not in covered:
            reached = _reached(name, edges)
            chosen = [one for one in chosen if one not in reached] + [name]
            covered |= reached
    return tuple(name for name in names if name in set(chosen))


def asked_with(asked: Iterable[str], names: Sequence[str], requires: Requires) -> frozenset[str]:
    """Return the names that were asked for, and the roots of those that none of them leads to: nothing is lost."""
    wanted, edges = frozenset(asked), _edges(names, requires)
    reached = {one for name in wanted & edges.keys() for one in _reached(name, edges)}
    return wanted | set(roots([one for one in names if one not in reached], requires))


def _edges(names: Sequence[str], requires: Requires) -> dict[str, set[str]]:
    known = set(names)
    return {name: {one for one in requires.get(name, ()) if one in known and one != name} for name in names}


def _reached(name: str, edges: Mapping[str, set[str]]) -> set[str]:
    found, waiting = {name}, [name]
    while waiting:
        new = edges[waiting.pop()] - found
        found |= new
        waiting.extend(new)
    return found


def reduced(libraries: Sequence[str], asked: Iterable[str]) -> Reduced:
    """Return the list reduced to the names that were asked for; exact versions of all of it become constraints.

    A line that names no exact version stays as it is.
    """
    wanted = {canonicalize_name(name) for name in asked}
    kept: list[str] = []
    constraints: list[str] = []
    others: list[str] = []
    for line in libraries:
        requirement = Requirement(line)
        exact = _exact(requirement)
        if not exact:
            kept.append(line)
            continue
        constraints.append(exact)
        name = canonicalize_name(requirement.name)
        if name in wanted:
            requirement.specifier = SpecifierSet()
            kept.append(str(requirement))
        else:
            others.append(name)
    return Reduced(libraries=tuple(kept), constraints=tuple(constraints), others=tuple(others))


def _exact(requirement: Requirement) -> str:
    """Return the requirement as a constraint if it names one version, else ''."""
    pins = [one for one in requirement.specifier if one.operator in {"==", "==="} and not one.version.endswith(".*")]
    if not pins:
        return ""
    extras, requirement.extras = requirement.extras, set()
    constraint = str(requirement)
    requirement.extras = extras
    return constraint
