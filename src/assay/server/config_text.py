"""Values of settings as text."""

from __future__ import annotations

from typing import Any

from assay.core.prices import HourPrice
from assay.core.sizes import Size


def as_text(value: Any) -> str:  # noqa: ANN401 - any setting
    """Return a value as text, in the form of its environment variable."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Size):
        gigabytes, rest = divmod(value.memory, 1 << 30)
        return (
            f"{value.name}={value.memory >> 20}M/{value.processors:g}"
            if rest
            else (f"{value.name}={gigabytes}G/{value.processors:g}")
        )
    if isinstance(value, HourPrice):
        return f"{value.name}={value.price:g}"
    if isinstance(value, (tuple, list)):
        return " ".join(map(as_text, value))
    return "" if value is None else str(value)
