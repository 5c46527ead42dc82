"""Which libraries of a lock file are needed, and when: markers are combined along the paths of the graph.

A condition is a set of alternatives, each a set of markers that hold together: `ALWAYS` has an empty alternative.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

MOST = 6  # alternatives; beyond, only what they have in common is kept, which is a weaker condition
Condition = frozenset[frozenset[str]]
ALWAYS: Condition = frozenset({frozenset()})


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A requirement: the key of what is required, and the marker under which it is, '' for always."""

    target: str
    marker: str = ""


Edges = Mapping[str, Sequence[Edge]]
Reduce = Callable[[str], str | bool]  # a marker's text, or its truth


def conditions(edges: Edges, roots: Sequence[Edge], reduce: Reduce = str) -> dict[str, Condition]:
    """Return the condition under which each key is required, by key; what is not required is missing.

    `reduce` replaces each marker: by True to ignore it, by False to ignore the requirement.
    """
    found: dict[str, Condition] = {}
    queue = deque[str]()

    def follow(new: Sequence[Edge], under: Condition) -> None:
        for edge in new:
            marker = reduce(edge.marker) if edge.marker else True
            if marker is False:
                continue
            reached = under if marker is True else frozenset(one | {str(marker)} for one in under)
            old = found.get(edge.target, frozenset())
            weakest = either(old, reached)
            if weakest != old:
                found[edge.target] = weakest
                queue.append(edge.target)

    follow(roots, ALWAYS)
    while queue:
        key = queue.popleft()
        follow(edges.get(key, ()), found[key])
    return found


def either(one: Condition, two: Condition) -> Condition:
    """Return the condition that one or the other holds; an alternative that implies another is dropped."""
    kept: list[frozenset[str]] = []
    for alternative in sorted(one | two, key=lambda markers: (len(markers), sorted(markers))):
        if not any(other <= alternative for other in kept):
            kept.append(alternative)
    return frozenset({frozenset.intersection(*kept)}) if len(kept) > MOST else frozenset(kept)


def marker_of(condition: Condition) -> str:
    """Return a condition as a marker, '' for always."""
    alternatives = sorted(sorted(one) for one in condition)
    texts = [
        " and ".join(f"({one})" if " or " in one and len(markers) > 1 else one for one in markers)
        for markers in alternatives
    ]
    return "" if "" in texts else " or ".join(texts)


def by_choice(
    edges: Edges, roots: Mapping[str, Sequence[Edge]], reduces: Mapping[str, Reduce]
) -> dict[str, dict[str, Condition]]:
    """Return what each choice requires: the condition by key, by choice; first '', what is always required.

    What is always required on the same or a weaker condition is not repeated for a choice.
    """
    found = {"": conditions(edges, roots.get("", ()), reduces.get("", str))}
    base = found[""]
    for choice in (one for one in roots if one):
        required = conditions(edges, roots[choice], reduces.get(choice, str))
        found[choice] = {
            key: condition
            for key, condition in required.items()
            if key not in base or either(base[key], condition) != base[key]
        }
    return found


def unasked(edges: Edges, keys: Sequence[str]) -> list[Edge]:
    """Return the roots of a graph that does not name them: what nothing requires, then a key of each other cycle."""
    required = {edge.target for key in keys for edge in edges.get(key, ()) if edge.target != key}
    roots = [Edge(target=key) for key in keys if key not in required]
    reached = set(conditions(edges, roots))
    for key in keys:
        if key not in reached:
            roots.append(Edge(target=key))
            reached |= set(conditions(edges, roots[-1:]))
    return roots
