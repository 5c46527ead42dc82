"""Families of licences, as metadata often names them: "BSD License" is one of several."""

from __future__ import annotations

import re

# The LicenseRef of each family, and the SPDX identifiers of its members.
FAMILIES = {
    "LicenseRef-AFL": r"AFL-.+",
    "LicenseRef-Apache": r"Apache-.+",
    "LicenseRef-APSL": r"APSL-.+",
    "LicenseRef-Artistic": r"Artistic-.+|ClArtistic",
    "LicenseRef-BSD": r"0BSD|BSD-.+",
    "LicenseRef-EPL": r"EPL-.+",
    "LicenseRef-GFDL": r"GFDL-.+",
    "LicenseRef-GPL": r"GPL-.+",
    "LicenseRef-LGPL": r"LGPL-.+",
    "LicenseRef-LGPL-2": r"LGPL-2\.[01]-.+",
    "LicenseRef-LGPL-2-or-later": r"LGPL-2\.[01]-or-later",
    "LicenseRef-MPL": r"MPL-.+",
    "LicenseRef-Public-Domain": r"Unlicense|CC0-1\.0|CC-PDDC",
    "LicenseRef-ZPL": r"ZPL-.+",
}
MEMBERS = {family.lower(): re.compile(members, re.IGNORECASE) for family, members in FAMILIES.items()}


def is_member(licence: str, family: str) -> bool:
    """Return whether a licence belongs to a family (case does not matter)."""
    members = MEMBERS.get(family.lower())
    return members is not None and members.fullmatch(licence) is not None
