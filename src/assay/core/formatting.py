"""Formatting of amounts and sizes, the same in pages, logs, messages and commands."""

from __future__ import annotations

DISK = ("B", "kB", "MB", "GB")
MEMORY = ("B", "KiB", "MiB", "GiB")


def plural(amount: int, noun: str) -> str:
    """Return an amount with its noun, e.g. `1 library`, `1,200 libraries` and `2 days`."""
    many = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"
    return f"{amount:,} {noun if amount == 1 else many}"


def format_bytes(count: float) -> str:
    """Return a number of bytes with three digits, e.g. `1.84 GB` (powers of 1000, as pip and uv print them)."""
    return _scaled(count, 1000, DISK)


def format_memory(count: float) -> str:
    """Return an amount of memory with three digits at most, e.g. `4 GiB` (powers of 1024, as limits are set)."""
    number, _, unit = _scaled(count, 1024, MEMORY).partition(" ")
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number} {unit}"


def _scaled(count: float, base: int, units: tuple[str, ...]) -> str:
    number, unit = float(count), units[0]
    for larger in units[1:]:
        if abs(number) < base - 0.5:  # rounds to the next unit
            break
        number, unit = number / base, larger
    digits = 0 if unit == units[0] or abs(number) >= 100 else 1 if abs(number) >= 10 else 2  # noqa: PLR2004 - three digits
    return f"{number:,.{digits}f} {unit}".replace("-", "\N{MINUS SIGN}")


def format_money(amount: float, currency: str) -> str:
    """Return an amount of money with its currency, e.g. `1,234.50 EUR`; without cents from 10,000 on."""
    digits = 0 if abs(amount) >= 10_000 else 2  # noqa: PLR2004 - as the docstring says
    return f"{amount:,.{digits}f} {currency}".replace("-", "\N{MINUS SIGN}")
