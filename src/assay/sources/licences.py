"""Licences as SPDX expressions, from a package's metadata: expression, classifiers or free text.

An expression (PEP 639) is used as it is. Classifiers and free texts are translated where they name exactly one
licence. Everything else is unknown: '' never means that no licence is needed.
"""

from __future__ import annotations

import re
from functools import lru_cache

from license_expression import ExpressionError, Licensing, get_spdx_licensing

# Trove classifiers and common free texts that name exactly one licence. "BSD" without a number of
# clauses is a family, kept as a LicenseRef so that a policy can name it.
NAMED = {
    "academic free license (afl)": "LicenseRef-AFL",
    "apache": "Apache-2.0",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "boost software license 1.0 (bsl-1.0)": "BSL-1.0",
    "bsd": "LicenseRef-BSD",
    "bsd license": "LicenseRef-BSD",
    "bsd 2-clause": "BSD-2-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "new bsd license": "BSD-3-Clause",
    "modified bsd license": "BSD-3-Clause",
    "simplified bsd": "BSD-2-Clause",
    "cc0 1.0 universal (cc0 1.0) public domain dedication": "CC0-1.0",
    "eclipse public license 2.0 (epl-2.0)": "EPL-2.0",
    "european union public licence 1.2 (eupl 1.2)": "EUPL-1.2",
    "gnu affero general public license v3": "AGPL-3.0-only",
    "gnu affero general public license v3 or later (agplv3+)": "AGPL-3.0-or-later",
    "gnu general public license (gpl)": "LicenseRef-GPL",
    "gnu general public license v2 (gplv2)": "GPL-2.0-only",
    "gnu general public license v2 or later (gplv2+)": "GPL-2.0-or-later",
    "gnu general public license v3 (gplv3)": "GPL-3.0-only",
    "gnu general public license v3 or later (gplv3+)": "GPL-3.0-or-later",
    "gnu lesser general public license v2 (lgplv2)": "LGPL-2.0-only",
    "gnu lesser general public license v2 or later (lgplv2+)": "LGPL-2.0-or-later",
    "gnu lesser general public license v3 (lgplv3)": "LGPL-3.0-only",
    "gnu lesser general public license v3 or later (lgplv3+)": "LGPL-3.0-or-later",
    "gnu library or lesser general public license (lgpl)": "LicenseRef-LGPL",
    "historical permission notice and disclaimer (hpnd)": "HPND",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "the mit license": "MIT",
    "the mit license (mit)": "MIT",
    "expat license": "MIT",
    "mit no attribution license (mit-0)": "MIT-0",
    "mozilla public license 1.1 (mpl 1.1)": "MPL-1.1",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "mpl 2.0": "MPL-2.0",
    "public domain": "LicenseRef-Public-Domain",
    "psf": "PSF-2.0",
    "psf license": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
    "universal permissive license (upl)": "UPL-1.0",
    "zlib/libpng license": "Zlib",
    "zope public license": "LicenseRef-ZPL",
}
MAX_TEXT = 300  # characters; longer ones are licence texts, not names
JOINED = re.compile(r"\s+(OR|AND)\s+")


@lru_cache(maxsize=1)
def _licensing() -> Licensing:
    found: Licensing = get_spdx_licensing()
    return found


@lru_cache(maxsize=4096)
def normalise(text: str) -> str:
    """Return a licence as an SPDX expression, '' when it is unknown.

    `text` is an expression, or names joined by OR (several classifiers).
    """
    text = " ".join(text.split())
    if not text or len(text) > MAX_TEXT:
        return ""
    named = _named(text)
    return named or _expression(_translated(text))


def _named(text: str) -> str:
    return NAMED.get(text.lower().removeprefix("osi approved :: ").strip(), "")


def _translated(text: str) -> str:
    """Return the expression with each known name in it translated."""
    parts = JOINED.split(text)
    return " ".join(part if part in {"OR", "AND"} else _named(part) or part for part in parts)


def _expression(text: str) -> str:
    references = re.findall(r"LicenseRef-[A-Za-z0-9.-]+", text)
    try:
        parsed = _licensing().parse(text)
        unknown = {str(one) for one in _licensing().unknown_license_keys(parsed)} - set(references)
    except (ExpressionError, ValueError, AttributeError, TypeError):
        return ""
    return "" if unknown or parsed is None else str(parsed)
