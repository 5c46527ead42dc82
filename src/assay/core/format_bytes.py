"""How sizes in bytes are written, the same on pages, in logs and in messages."""

from __future__ import annotations

UNITS = ("B", "kB", "MB", "GB")


def format_bytes(count: float) -> str:
    """Return a number of bytes with three digits, e.g. `1.84 GB` (powers of 1000, as pip and uv print them)."""
    number, unit = float(count), UNITS[0]
    for larger in UNITS[1:]:
        if abs(number) < 999.5:  # noqa: PLR2004 - rounds to the next unit
            break
        number, unit = number / 1000, larger
    digits = 0 if unit == UNITS[0] or abs(number) >= 100 else 1 if abs(number) >= 10 else 2  # noqa: PLR2004 - three digits
    return f"{number:,.{digits}f} {unit}".replace("-", "\N{MINUS SIGN}")
