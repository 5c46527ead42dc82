"""Which source owns a name, which addresses and patterns are taken, and what is private."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from assay.core.errors import InvalidInputError
from assay.core.package_indexes import (
    MOST_PATTERNS,
    check_address,
    check_index_name,
    check_patterns,
    is_own_machine,
    is_private,
    owning_index,
)


@dataclass(frozen=True)
class Source:
    """Something with patterns."""

    name: str
    patterns: tuple[str, ...]


def test_the_first_source_that_claims_a_name_owns_it() -> None:
    """In the fixed order; names are compared normalised; the rest is the default's."""
    sources = (Source("one", ("acme-*", "exact")), Source("two", ("acme-geo", "geo-?")))
    owners = {name: owning_index(name, sources) for name in ("Acme_Geo", "exact", "exactly", "geo-x", "pandas")}
    assert {name: one.name if one else None for name, one in owners.items()} == {
        "Acme_Geo": "one",
        "exact": "one",
        "exactly": None,
        "geo-x": "two",
        "pandas": None,
    }


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://x/simple", "is not the address"),
        ("https://", "is not the address"),
        ("https://x/simple?a=1", "is not the address"),
        ("https://x/simple#a", "is not the address"),
        ("x", "is not the address"),
        ("", "is not the address"),
        ("https://u:p@x/simple", "contains a user name or a password"),
        ("https://u@x/simple", "contains a user name or a password"),
        ("https://:p@x/simple", "contains a user name or a password"),
    ],
)
def test_what_is_no_address_of_an_index_is_refused(url: str, words: str) -> None:
    """Another scheme, no host, credentials, a query or a fragment in the address."""
    with pytest.raises(InvalidInputError, match=words) as caught:
        check_address(url, allow_private=True)
    assert caught.value.path == "url"


def test_an_address_is_kept_without_blanks_and_last_slashes() -> None:
    """So that equal addresses are equal."""
    assert check_address(" https://x/X//", allow_private=False) == "https://x/X"


def test_plain_http_is_for_machines_of_ones_own() -> None:
    """On the open network it is https."""
    assert check_address("http://10.0.0.5/simple/", allow_private=True) == "http://10.0.0.5/simple"
    with pytest.raises(InvalidInputError, match="needs https") as caught:
        check_address("http://example.com/simple", allow_private=False)
    assert caught.value.path == "url"


@pytest.mark.parametrize("patterns", [[], ["*"], ["?"], ["a b"], ["-*"], [f"name-{one}" for one in range(60)]])
def test_a_pattern_claims_some_names_and_not_all(patterns: list[str]) -> None:
    """Nothing, everything, spaces and too many are refused."""
    with pytest.raises(InvalidInputError, match="pattern") as caught:
        check_patterns(patterns)
    assert caught.value.path == "patterns"


@pytest.mark.parametrize(
    ("address", "private", "own"),
    [
        ("8.8.8.8", False, False),
        ("2606:4700::1111", False, False),
        ("10.1.2.3", True, False),
        ("192.168.0.1", True, False),
        ("fd00::1", True, False),
        ("127.0.0.1", True, True),
        ("::1", True, True),
        ("::ffff:127.0.0.1", True, True),
        ("::ffff:10.0.0.1", True, False),
        ("169.254.169.254", True, True),
        ("fe80::1%eth0", True, True),
        ("0.0.0.0", True, True),  # noqa: S104 - an address to refuse
    ],
)
def test_what_is_private(address: str, *, private: bool, own: bool) -> None:
    """Networks of one's own, loopback, metadata services, also in IPv6's clothes."""
    assert (is_private(address), is_own_machine(address)) == (private, own)


@pytest.mark.parametrize("name", ["", "Acme", "1acme", "-acme", "acme_x", "a" * 33])
def test_what_is_no_name_of_an_index_is_refused(name: str) -> None:
    """A letter, then letters, digits or hyphens, 32 at most."""
    assert check_index_name("a" * 32) == "a" * 32
    assert check_index_name("acme-2") == "acme-2"
    with pytest.raises(InvalidInputError) as caught:
        check_index_name(name)
    assert caught.value.path == "name"


def test_patterns_are_lower_case_and_stand_once() -> None:
    """Blanks go; the order stays; as many as allowed are accepted."""
    assert check_patterns([" Acme-* ", "", "geo?", "acme-*"]) == ("acme-*", "geo?")
    assert len(check_patterns([f"name-{one}" for one in range(MOST_PATTERNS)])) == MOST_PATTERNS
