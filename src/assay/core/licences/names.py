"""Licences as SPDX expressions, from the names that package metadata gives them.

A classifier or a free text becomes an SPDX identifier where it names exactly one licence. PEP 639 lists the
classifiers that do not ("BSD License"); they name a family, written as a LicenseRef so that a policy can name it.
Everything else is unknown: '' never means that no licence is needed.
"""

from __future__ import annotations

import re
from functools import lru_cache

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from assay.core.licences.expressions import licences_in
from assay.core.licences.families import is_member

MAX_TEXT = 300  # characters; longer ones are licence texts, not names
# Names by the licence that they mean: classifiers (without "License :: OSI Approved ::") and common free texts.
# A GNU licence of one version without "or later" is -only, as the classifiers have another one for "or later".
NAMES: dict[str, tuple[str, ...]] = {
    "0BSD": ("Zero-Clause BSD (0BSD)", "Zero-Clause BSD", "BSD Zero Clause License"),
    "AAL": ("Attribution Assurance License",),
    "AGPL-3.0-only": ("GNU Affero General Public License v3", "AGPLv3"),
    "AGPL-3.0-or-later": ("GNU Affero General Public License v3 or later (AGPLv3+)", "AGPLv3+"),
    "Aladdin": ("Aladdin Free Public License (AFPL)",),
    "Apache-2.0": (
        "Apache 2.0",
        "Apache Software 2.0",
        "Apache Software License, version 2.0 (Apache-2.0)",
        "ASL 2.0",
    ),
    "BlueOak-1.0.0": ("Blue Oak Model License (BlueOak-1.0.0)",),
    "BSD-2-Clause": ("2-Clause BSD", "BSD 2-Clause", "BSD-2", "Simplified BSD"),
    "BSD-3-Clause": ("3-Clause BSD", "BSD 3-Clause", "BSD-3", "New BSD", "Modified BSD", "Revised BSD"),
    "BSL-1.0": ("Boost Software License 1.0 (BSL-1.0)", "Boost Software License 1.0"),
    "CC0-1.0": ("CC0 1.0 Universal (CC0 1.0) Public Domain Dedication", "CC0 1.0 Universal", "CC0 1.0", "CC0"),
    "CDDL-1.0": ("Common Development and Distribution License 1.0 (CDDL-1.0)",),
    "CECILL-2.1": ("CEA CNRS Inria Logiciel Libre License, version 2.1 (CeCILL-2.1)",),
    "CECILL-B": ("CeCILL-B Free Software License Agreement (CECILL-B)",),
    "CECILL-C": ("CeCILL-C Free Software License Agreement (CECILL-C)",),
    "CNRI-Python": ("Python License (CNRI Python License)",),
    "CPL-1.0": ("Common Public License",),
    "ECL-2.0": ("Educational Community License, Version 2.0 (ECL-2.0)",),
    "EPL-1.0": ("Eclipse Public License 1.0 (EPL-1.0)", "Eclipse Public License 1.0"),
    "EPL-2.0": ("Eclipse Public License 2.0 (EPL-2.0)", "Eclipse Public License 2.0"),
    "EUPL-1.0": ("European Union Public Licence 1.0 (EUPL 1.0)", "EUPL 1.0"),
    "EUPL-1.1": ("European Union Public Licence 1.1 (EUPL 1.1)", "EUPL 1.1"),
    "EUPL-1.2": ("European Union Public Licence 1.2 (EUPL 1.2)", "EUPL 1.2"),
    "GPL-2.0-only": ("GNU General Public License v2 (GPLv2)", "GNU General Public License v2", "GPLv2"),
    "GPL-2.0-or-later": ("GNU General Public License v2 or later (GPLv2+)", "GPLv2+"),
    "GPL-3.0-only": ("GNU General Public License v3 (GPLv3)", "GNU General Public License v3", "GPLv3"),
    "GPL-3.0-or-later": ("GNU General Public License v3 or later (GPLv3+)", "GPLv3+"),
    "HPND": ("Historical Permission Notice and Disclaimer (HPND)",),
    "Intel": ("Intel Open Source License",),
    "IPL-1.0": ("IBM Public License",),
    "ISC": ("ISC License (ISCL)", "ISC License"),
    "LGPL-2.1-only": ("LGPLv2.1", "GNU Lesser General Public License v2.1"),
    "LGPL-2.1-or-later": ("LGPLv2.1+",),
    "LGPL-3.0-only": (
        "GNU Lesser General Public License v3 (LGPLv3)",
        "GNU Lesser General Public License v3",
        "LGPLv3",
    ),
    "LGPL-3.0-or-later": ("GNU Lesser General Public License v3 or later (LGPLv3+)", "LGPLv3+"),
    "LicenseRef-AFL": ("Academic Free License (AFL)", "AFL"),
    "LicenseRef-Apache": ("Apache Software License", "Apache"),
    "LicenseRef-APSL": ("Apple Public Source License",),
    "LicenseRef-Artistic": ("Artistic License",),
    "LicenseRef-BSD": ("BSD License", "BSD-like", "BSD style"),
    "LicenseRef-EPL": ("Eclipse Public License", "EPL"),
    "LicenseRef-GFDL": ("GNU Free Documentation License (FDL)",),
    "LicenseRef-GPL": ("GNU General Public License (GPL)", "GNU General Public License", "GPL"),
    "LicenseRef-LGPL": (
        "GNU Library or Lesser General Public License (LGPL)",
        "GNU Lesser General Public License",
        "LGPL",
    ),
    "LicenseRef-LGPL-2": ("GNU Lesser General Public License v2 (LGPLv2)", "LGPLv2"),
    "LicenseRef-LGPL-2-or-later": ("GNU Lesser General Public License v2 or later (LGPLv2+)", "LGPLv2+"),
    "LicenseRef-MPL": ("Mozilla Public License", "MPL"),
    "LicenseRef-Proprietary": (
        "Other/Proprietary License",
        "Proprietary",
        "Commercial",
        "Closed source",
        "All rights reserved",
        "Free For Educational Use",
        "Free For Home Use",
        "Free for non-commercial use",
        "Free To Use But Restricted",
        "Freely Distributable",
        "Freeware",
    ),
    "LicenseRef-Public-Domain": ("Public Domain",),
    "LicenseRef-ZPL": ("Zope Public License", "ZPL"),
    "MirOS": ("MirOS License (MirOS)",),
    "MIT": ("MIT License", "MIT License (MIT)", "MIT/X11", "Expat"),
    "MIT-0": ("MIT No Attribution License (MIT-0)",),
    "MIT-CMU": ("CMU License (MIT-CMU)",),
    "Motosoto": ("Motosoto License",),
    "MPL-1.0": ("Mozilla Public License 1.0 (MPL)",),
    "MPL-1.1": ("Mozilla Public License 1.1 (MPL 1.1)", "MPL 1.1"),
    "MPL-2.0": ("Mozilla Public License 2.0 (MPL 2.0)", "Mozilla Public License 2.0", "MPL 2.0"),
    "MulanPSL-2.0": ("Mulan Permissive Software License v2 (MulanPSL-2.0)",),
    "NASA-1.3": ("NASA Open Source Agreement v1.3 (NASA-1.3)",),
    "NCSA": ("University of Illinois/NCSA Open Source License",),
    "NGPL": ("Nethack General Public License",),
    "Nokia": ("Nokia Open Source License (NOKOS)", "Nokia Open Source License"),
    "OFL-1.1": ("SIL Open Font License 1.1 (OFL-1.1)",),
    "OGTSL": ("Open Group Test Suite License",),
    "OSL-3.0": ("Open Software License 3.0 (OSL-3.0)",),
    "PostgreSQL": ("PostgreSQL License",),
    "PSF-2.0": ("Python Software Foundation License", "PSF", "PSFL"),
    "QPL-1.0": ("Qt Public License (QPL)",),
    "RSCPL": ("Ricoh Source Code Public License",),
    "SISSL": ("Sun Industry Standards Source License (SISSL)",),
    "Sleepycat": ("Sleepycat License",),
    "SPL-1.0": ("Sun Public License",),
    "Unlicense": ("The Unlicense (Unlicense)", "The Unlicense"),
    "UPL-1.0": ("Universal Permissive License (UPL)",),
    "VSL-1.0": ("Vovida Software License 1.0",),
    "W3C": ("W3C License",),
    "Xnet": ("X.Net License",),
    "Zlib": ("zlib/libpng License",),
    "ZPL-2.1": ("ZPL 2.1",),
}
WORD = re.compile(r"[a-z]+|\d[\d.]*\b\+?")
FILLER = frozenset({"the", "gnu", "license", "licence", "version", "v", "osi", "approved"})
JOINED = re.compile(r"\s+(or|and)\s+", re.IGNORECASE)
GNU = re.compile(r"(?<![\w-])((?:[AL]?GPL|GFDL)-[0-9.]+)(\+?)(?=$|[\s()])")


def _key(name: str) -> str:
    """Return a name as it is looked up: lower case, no punctuation, no filler words, `v2.0` as `2`."""
    words = WORD.findall(re.sub(r"(?<=[a-z])v?(?=\d)", " ", name.lower()))
    return " ".join(re.sub(r"\.0(?=\+?$)", "", word) for word in words if word not in FILLER)


KNOWN = {_key(name): licence for licence, names in NAMES.items() for name in names}


@lru_cache(maxsize=4096)
def normalise(text: str) -> str:
    """Return a licence as an SPDX expression, '' when it is unknown.

    `text` is an expression, a name, or names joined by OR and AND.
    """
    text = " ".join(text.split())
    if not text or len(text) > MAX_TEXT:
        return ""
    return _expression(text) or KNOWN.get(_key(text), "") or _expression(_translated(text))


def _translated(text: str) -> str:
    """Return the expression with each known name in it translated."""
    parts = JOINED.split(text)
    return " ".join(KNOWN.get(_key(part), part) for part in parts)


def _expression(text: str) -> str:
    """Return an SPDX expression in its canonical form, GNU licences by their current identifiers; '' for others."""
    try:
        found = str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        return ""
    return GNU.sub(lambda one: one[1] + ("-or-later" if one[2] else "-only"), found)


def is_exact(expression: str) -> bool:
    """Return whether an expression names licences of the SPDX list only, not a family or a LicenseRef."""
    return bool(expression) and "LicenseRef-" not in expression


def refines(licence: str, said: str) -> bool:
    """Return whether an expression says all that another one says, and more: BSD-3-Clause of LicenseRef-BSD."""
    parts = licences_in(licence)
    return licence != said and all(any(_means(part, one) for part in parts) for one in licences_in(said))


def differ(before: str, after: str) -> bool:
    """Return whether two expressions are known and differ, other than a family from its member."""
    return bool(before and after) and before != after and not refines(before, after) and not refines(after, before)


def _means(licence: str, said: str) -> bool:
    """Return whether one licence is another one, a member of that family, or that version of it "or later"."""
    return licence in {said, f"{said.removesuffix('only')}or-later"} or is_member(licence, said)
