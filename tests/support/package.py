"""The files of a release, as `uv build` makes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

UV = [find_uv_bin(), "--no-config"]


@dataclass(frozen=True, kw_only=True)
class Built:
    """The two files of a release."""

    wheel: Path
    source: Path
