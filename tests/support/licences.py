"""Real licence texts, from the libraries that are installed for the tests."""

from __future__ import annotations

from importlib.metadata import files
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
APACHE = (REPOSITORY / "LICENSE").read_text()


def licence_text(distribution: str, name: str = "LICENSE") -> str:
    """Return a licence file of an installed distribution."""
    return next(one for one in files(distribution) or () if one.name == name).read_text()


MIT = licence_text("pytest")
BSD_2 = licence_text("packaging", "LICENSE.BSD")
BSD_3 = licence_text("django")
EITHER = licence_text("packaging")  # one of two licences, whose texts are in other files
