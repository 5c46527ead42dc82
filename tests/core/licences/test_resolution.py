"""Which licence a distribution is under, from what its metadata and its licence texts tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.licences.families import FAMILIES
from assay.core.licences.names import is_exact, normalise, refines
from assay.core.licences.resolution import Declared, LicenceTexts, resolve

APACHE, BSD, MIT, GPL = "Apache Software License", "BSD License", "MIT License", "GNU General Public License (GPL)"
LGPL = "GNU Library or Lesser General Public License (LGPL)"
LGPL_2_PLUS = "GNU Lesser General Public License v2 or later (LGPLv2+)"
GPL_3, GPL_3_PLUS = "GNU General Public License v3 (GPLv3)", "GNU General Public License v3 or later (GPLv3+)"


def resolved(declared: Declared, *texts: str, choice: bool = False) -> str:
    """Resolve with these licence texts."""
    return resolve(declared, lambda: LicenceTexts(licences=frozenset(texts), choice=choice))


def unread() -> LicenceTexts:
    """Fail: no licence text may be read."""
    raise AssertionError


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (Declared(expression="MIT or Apache-2.0", classifiers=(BSD,), field="ISC"), "MIT OR Apache-2.0"),
        (Declared(classifiers=(MIT,)), "MIT"),
        (Declared(classifiers=("OSI Approved", MIT)), "MIT"),
        (Declared(classifiers=(MIT,), field="MIT, see LICENSE"), "MIT"),
        (Declared(classifiers=(BSD,), field="BSD-3-Clause"), "BSD-3-Clause"),
        (Declared(classifiers=(GPL_3,), field="GPL-3.0-or-later"), "GPL-3.0-or-later"),
        (Declared(classifiers=(GPL, GPL_3_PLUS), field="GPLv3"), "GPL-3.0-or-later"),
        (Declared(classifiers=(MIT, APACHE), field="MIT OR Apache-2.0"), "MIT OR Apache-2.0"),
        (Declared(field="Apache License, Version 2.0"), "Apache-2.0"),
        (Declared(expression="no expression", field="MIT"), "MIT"),
        (Declared(classifiers=(MIT,), field="UNKNOWN"), "MIT"),
        (Declared(classifiers=(MIT, "GUST Font License 1.0")), ""),
    ],
)
def test_exact_metadata_needs_no_text(declared: Declared, expected: str) -> None:
    """Expression first, then what classifiers and field name exactly."""
    assert resolve(declared, unread) == expected


@pytest.mark.parametrize(
    ("declared", "text", "expected"),
    [
        (Declared(classifiers=(BSD,)), "BSD-2-Clause", "BSD-2-Clause"),
        (Declared(classifiers=(BSD,), field="BSD"), "BSD-3-Clause", "BSD-3-Clause"),
        (Declared(classifiers=(BSD,), field="https://licences.example/BSD"), "BSD-3-Clause", "BSD-3-Clause"),
        (Declared(classifiers=(BSD,)), "MIT", "LicenseRef-BSD"),
        (Declared(classifiers=(BSD,)), "", "LicenseRef-BSD"),
        (Declared(classifiers=(BSD,), field="ISC"), "ISC", "ISC"),
        (Declared(classifiers=(BSD,), field="ISC"), "MIT", ""),
        (Declared(classifiers=(MIT,), field="Apache 2.0"), "MIT", "MIT"),
        (Declared(classifiers=(MIT,), field="Apache 2.0"), "", ""),
        (Declared(classifiers=(APACHE,)), "Apache-2.0", "Apache-2.0"),
        (Declared(classifiers=(LGPL_2_PLUS,), field="LGPL"), "LGPL-2.1", "LGPL-2.1-or-later"),
        (Declared(classifiers=(LGPL,)), "LGPL-3.0", "LicenseRef-LGPL"),
        (Declared(classifiers=(LGPL,), field="LGPL with exceptions"), "LGPL-3.0-or-later", "LicenseRef-LGPL"),
        (Declared(classifiers=(GPL_3_PLUS,), field="GPLv2"), "GPL-3.0", "GPL-3.0-or-later"),
        (Declared(classifiers=(MIT,), field="MIT with exceptions"), "MIT", ""),
        (Declared(classifiers=("Other/Proprietary License",)), "MIT", "LicenseRef-Proprietary"),
        (Declared(classifiers=("GUST Font License 1.0",)), "MIT", "MIT"),
        (Declared(), "MIT", "MIT"),
        (Declared(), "GPL-3.0", ""),
        (Declared(), "", ""),
    ],
)
def test_a_text_decides_only_within_what_is_declared(declared: Declared, text: str, expected: str) -> None:
    """A family becomes the member that the text is; a text that contradicts decides nothing."""
    assert resolved(declared, *([text] if text else [])) == expected


@pytest.mark.parametrize(
    ("classifiers", "field", "texts", "choice", "expected"),
    [
        ((APACHE, MIT), "MIT License", ("Apache-2.0", "MIT"), True, "Apache-2.0 OR MIT"),
        ((APACHE, BSD), "", ("Apache-2.0", "BSD-2-Clause"), True, "Apache-2.0 OR BSD-2-Clause"),
        ((APACHE, BSD), "Dual License", ("Apache-2.0", "BSD-3-Clause"), False, "Apache-2.0 OR BSD-3-Clause"),
        ((APACHE, BSD), "BSD or Apache 2.0", ("Apache-2.0", "BSD-3-Clause"), False, "Apache-2.0 OR BSD-3-Clause"),
        ((APACHE, BSD), "BSD or Apache 2.0", (), False, "LicenseRef-BSD OR Apache-2.0"),
        ((APACHE, MIT), "", ("Apache-2.0", "MIT"), False, ""),
        ((APACHE, MIT), "", ("MIT",), True, ""),
        ((APACHE, MIT), "", ("MIT", "ISC"), True, ""),
        ((APACHE, MIT, BSD), "", ("Apache-2.0", "MIT", "BSD-3-Clause"), True, ""),
    ],
)
def test_several_classifiers_are_a_choice_only_when_that_is_told(
    classifiers: tuple[str, ...], field: str, texts: tuple[str, ...], choice: bool, expected: str
) -> None:
    """Two licences, each with its text, and words that offer the choice; else nobody knows whether both apply."""
    assert resolved(Declared(classifiers=classifiers, field=field), *texts, choice=choice) == expected


SAID = st.sampled_from(
    ["", APACHE, BSD, MIT, GPL, LGPL, LGPL_2_PLUS, GPL_3, GPL_3_PLUS, "Dual License", "ISC", "odd"]
)
TEXTS = st.sets(st.sampled_from(["Apache-2.0", "BSD-3-Clause", "MIT", "GPL-3.0", "LGPL-2.1", "ISC"]), max_size=2)


@given(st.lists(SAID.filter(bool), max_size=2), SAID, TEXTS, st.booleans())
def test_no_licence_is_made_up(classifiers: list[str], field: str, texts: set[str], choice: bool) -> None:
    """An exact result is declared, or is a text that refines what is declared; every result is an expression."""
    result = resolved(Declared(classifiers=tuple(classifiers), field=field), *texts, choice=choice)
    assert normalise(result) == result
    declared = {normalise(one) for one in (*classifiers, field)} - {""}
    for one in result.split(" OR ") if is_exact(result) else ():
        assert one in declared or not declared or any(refines(one, family) for family in declared)
        assert one in declared or any(one.startswith(text) for text in texts)
    assert is_exact(result) or result in {"", *FAMILIES, *declared}
