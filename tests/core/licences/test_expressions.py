"""What an expression allows, where a policy names families."""

from __future__ import annotations

from assay.core.licences.expressions import avoids, licences_in, satisfied_by


def test_a_family_in_a_policy_means_all_its_members() -> None:
    """Allowed or denied; a member in a policy does not mean the family, which may be another member."""
    assert satisfied_by("BSD-3-Clause", frozenset({"LicenseRef-BSD"}))
    assert satisfied_by("bsd-2-clause OR Own", frozenset({"licenseref-bsd"}))
    assert not satisfied_by("LicenseRef-BSD", frozenset({"BSD-3-Clause"}))
    assert not satisfied_by("MIT", frozenset({"LicenseRef-BSD"}))
    assert not avoids("GPL-3.0-only WITH GCC-exception-3.1", frozenset({"LicenseRef-GPL"}))
    assert avoids("LGPL-3.0-only", frozenset({"LicenseRef-GPL"}))


def test_an_expression_names_licences_and_exceptions() -> None:
    """Without operators and parentheses."""
    assert licences_in("(MIT OR GPL-3.0-only WITH GCC-exception-3.1) AND MIT") == {
        "MIT",
        "GPL-3.0-only",
        "GCC-exception-3.1",
    }
