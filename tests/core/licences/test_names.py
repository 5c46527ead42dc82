"""Licences as package metadata names them, as SPDX expressions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.licenses import canonicalize_license_expression

from assay.core.licences.families import FAMILIES
from assay.core.licences.names import NAMES, differ, is_exact, normalise, refines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MIT", "MIT"),
        ("mit", "MIT"),
        ("MIT License", "MIT"),
        ("The MIT License (MIT)", "MIT"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("Apache Software License v2.0", "Apache-2.0"),
        ("BSD 3-Clause License", "BSD-3-Clause"),
        ("New BSD", "BSD-3-Clause"),
        ("GNU LGPLv3+", "LGPL-3.0-or-later"),
        ("GPL-3.0", "GPL-3.0-only"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("LGPL-2.1 OR GPL-3.0+", "LGPL-2.1-only OR GPL-3.0-or-later"),
        ("GPL-3.0-with-GCC-exception", "GPL-3.0-with-GCC-exception"),
        ("BSD-3-Clause AND (MIT OR 0BSD)", "BSD-3-Clause AND (MIT OR 0BSD)"),
        ("BSD or Apache License, Version 2.0", "LicenseRef-BSD OR Apache-2.0"),
        ("GPL-2.0-or-later WITH Classpath-exception-2.0", "GPL-2.0-or-later WITH Classpath-exception-2.0"),
        ("LicenseRef-Own", "LicenseRef-Own"),
        ("LicenseRef-GPL-3.0", "LicenseRef-GPL-3.0"),
    ],
)
def test_a_name_of_one_licence_becomes_its_expression(text: str, expected: str) -> None:
    """Expressions stay, in their canonical form; names are translated, also when they are joined."""
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BSD License", "LicenseRef-BSD"),
        ("Apache Software License", "LicenseRef-Apache"),
        ("GPL", "LicenseRef-GPL"),
        ("GNU Lesser General Public License v2 or later (LGPLv2+)", "LicenseRef-LGPL-2-or-later"),
        ("Zope Public License", "LicenseRef-ZPL"),
        ("Other/Proprietary License", "LicenseRef-Proprietary"),
    ],
)
def test_a_name_of_several_licences_becomes_a_family(text: str, expected: str) -> None:
    """What PEP 639 calls ambiguous is never made one licence."""
    assert normalise(text) == expected
    assert not is_exact(expected)


@pytest.mark.parametrize(
    "text",
    ["", "Dual License", "see file", "Apache-2.0 AND", "(((", "LGPL with exceptions", "Copyright (c) 2020 " * 40],
)
def test_other_texts_are_unknown(text: str) -> None:
    """Nothing is guessed."""
    assert normalise(text) == ""
    assert not is_exact("")


def test_all_names_lead_to_expressions() -> None:
    """Each licence of the table is an SPDX identifier or a LicenseRef, and no name stands for two."""
    for licence, names in NAMES.items():
        assert canonicalize_license_expression(licence) == licence
        assert {normalise(name) for name in names} == {licence}
    assert FAMILIES.keys() <= NAMES.keys()


@given(st.sampled_from([*NAMES, "MIT OR Apache-2.0", "GPL-3.0+", "nonsense"]))
def test_normalising_twice_is_normalising_once(text: str) -> None:
    """An expression is left alone: reports hold expressions, those of earlier versions names."""
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    ("licence", "said"),
    [
        ("BSD-3-Clause", "LicenseRef-BSD"),
        ("LGPL-2.1-or-later", "LicenseRef-LGPL-2-or-later"),
        ("GPL-3.0-or-later", "GPL-3.0-only"),
        ("MIT OR Apache-2.0", "LicenseRef-Apache"),
        ("MIT AND 0BSD", "MIT"),
    ],
)
def test_a_licence_refines_what_says_less(licence: str, said: str) -> None:
    """A member refines its family, "or later" its version, and an expression each of its parts; never the reverse."""
    assert refines(licence, said)
    assert not refines(said, licence)
    assert not differ(licence, said)
    assert not differ(said, licence)


def test_licences_differ_when_neither_says_more() -> None:
    """Unknown differs from nothing, and nothing refines itself."""
    assert differ("MIT", "ISC")
    assert differ("LicenseRef-BSD", "MIT")
    assert not differ("", "MIT")
    assert not differ("MIT", "")
    assert not differ("MIT", "MIT")
    assert not refines("MIT", "MIT")
    assert not refines("MIT", "LicenseRef-BSD")
