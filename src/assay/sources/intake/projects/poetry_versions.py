"""Poetry's notation of versions, which is not that of PEP 440: `^3.9`, `~3.11`, `3.10 || 3.11`."""

from __future__ import annotations

from poetry.core.factory import Factory


def python_specifier(requirement: str) -> str:
    """Return Poetry's or the standard's requirement for Python as a specifier of PEP 440."""
    if not requirement:
        return ""
    try:
        found = Factory.create_dependency("python", requirement).to_pep_508()
    except Exception:  # noqa: BLE001 - an unreadable wish is no wish
        return ""
    return found.removeprefix("python").strip().strip("()")
