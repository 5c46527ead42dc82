"""Look-alike names: real typosquats are found, real names are left alone."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from assay.core.similar_names import Difference, NameIndex, Resemblance, difference_of, find_resemblance
from assay.sources.name_lists import LONG_HISTORY, MOST_USED, read_names

NAMES = read_names(MOST_USED)
INDEX = NameIndex(NAMES)
KNOWN = frozenset(read_names(LONG_HISTORY))
NONE = NameIndex(())
LONG_NAMES = [name for name in NAMES if len(name) > 8 and "-" not in name]
SHORT_TEXT = st.text("ab1-", min_size=1, max_size=7).map(lambda text: text.strip("-") or "a")
NEAR_NAMES = st.builds("".join, st.tuples(st.sampled_from(["", "py-", "python-"]), SHORT_TEXT))


def look_up(name: str, in_use: NameIndex = NONE) -> Resemblance | None:
    """Look for what a name resembles among the shipped lists and those in use."""
    return find_resemblance(name, in_use=in_use, most_used=INDEX, long_history=KNOWN)


@pytest.mark.parametrize(
    ("name", "meant", "difference"),
    [
        ("reqeusts", "requests", Difference.SWAPPED),
        ("python3-dateutil", "python-dateutil", Difference.AFFIX),
        ("dateutil", "python-dateutil", Difference.AFFIX),
        ("jeilyfish", "jellyfish", Difference.CHARACTER),
        ("colourama", "colorama", Difference.ADDED),
        ("urlib3", "urllib3", Difference.REPEATED),
        ("djanga", "django", Difference.REPLACED),
        ("beautifulsup4", "beautifulsoup4", Difference.MISSING),
        ("openvc", "opencv-python", Difference.AFFIX_AND_LETTER),
        ("tensorfow", "tensorflow", Difference.MISSING),
        ("numpyy", "numpy", Difference.REPEATED),
        ("nmpy", "numpy", Difference.MISSING),
        ("crypt0graphy", "cryptography", Difference.CHARACTER),
        ("rnatplotlib", "matplotlib", Difference.CHARACTER),
        ("scikitlearn", "scikit-learn", Difference.SEPARATOR),
        ("requests-python", "requests", Difference.AFFIX),
        ("learn-scikit", "scikit-learn", Difference.WORD_ORDER),
        ("aiohttp2", "aiohttp", Difference.ADDED),
        ("psycopg3", "psycopg", Difference.ADDED),
    ],
)
def test_a_typosquat_is_found_with_the_name_it_imitates(name: str, meant: str, difference: Difference) -> None:
    """Names that were used in attacks, or that differ as those do; a number at the end claims to be a successor."""
    assert look_up(name) == Resemblance(name=meant, difference=difference)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("attr", "long history: attrs' first name"),
        ("h5pyd", "long history: by the HDF Group"),
        ("beautifulsoup", "long history: the releases before 4"),
        ("fastai", "long history, one letter from fastapi"),
        ("jwt", "most used itself"),
        ("boto", "most used itself"),
        ("dotenv", "most used itself"),
        ("msgspec", "most used itself, two letters from msgpack"),
        ("yaml", "`py` without a hyphen is no affix: many bindings are called so"),
        ("pil", "three letters, and far from pillow"),
        ("sixx", "one letter from a name of three letters"),
        ("types-boto3-sqz", "the word that differs is short, as in families of names"),
    ],
)
def test_a_real_name_is_left_alone(name: str, reason: str) -> None:
    """Each near name that is no look-alike has its reason."""
    assert look_up(name) is None, reason


def test_another_number_is_another_release() -> None:
    """Numbers differ on purpose; a letter in the same place does not."""
    assert difference_of("elasticsearch8", "elasticsearch7") is None
    assert difference_of("elasticsearchs", "elasticsearch7") is Difference.REPLACED


def test_the_most_used_names_do_not_accuse_each_other() -> None:
    """No name of the shipped lists is a look-alike of another."""
    assert len(NAMES) == 5000
    assert [name for name in (*NAMES, *KNOWN) if look_up(name)] == []


def test_long_history_matters() -> None:
    """Each name of long history would resemble a most used one: the list holds nothing needless."""
    assert [name for name in KNOWN if INDEX.find(name) is None] == []


def test_names_of_the_workspace_are_imitated_too() -> None:
    """A new name is compared with those in use; those in use accuse each other only of imitating most used ones."""
    in_use = NameIndex(["acme-widgets", "acme-widgetz", "reqeusts"])
    assert look_up("acme-widgest", in_use) == Resemblance(name="acme-widgets", difference=Difference.SWAPPED)
    assert look_up("acme-widgetz", in_use) is None
    assert look_up("reqeusts", in_use) == Resemblance(name="requests", difference=Difference.SWAPPED)


@given(st.sampled_from(LONG_NAMES), st.data())
def test_one_slip_in_a_long_name_is_found(name: str, data: st.DataObject) -> None:
    """Whichever letter is added, left out or swapped with the next: the result resembles something."""
    at = data.draw(st.integers(0, len(name) - 2))
    slipped = data.draw(
        st.sampled_from(
            [
                name[:at] + "q" + name[at:],
                name[:at] + name[at + 1 :],
                name[:at] + name[at + 1] + name[at] + name[at + 2 :],
            ]
        )
    )
    assume(slipped not in NAMES and slipped not in KNOWN)
    assert look_up(slipped) is not None


@given(NEAR_NAMES, st.lists(NEAR_NAMES, max_size=12, unique=True))
def test_the_index_finds_what_comparing_with_each_name_finds(name: str, others: list[str]) -> None:
    """The first name that resembles, in the order given."""
    expected = next(
        (Resemblance(name=one, difference=how) for one in others if (how := difference_of(name, one))), None
    )
    assert NameIndex(others).find(name) == expected


@given(NEAR_NAMES, NEAR_NAMES)
def test_resemblance_is_mutual(name: str, other: str) -> None:
    """Where one name resembles another, that one resembles it; no name resembles itself."""
    assert (difference_of(name, other) is None) == (difference_of(other, name) is None)
    assert difference_of(name, name) is None


def test_every_difference_has_words() -> None:
    """Each can be told; six kinds and separators are one slip, affixes and orders are not."""
    assert len({one.words for one in Difference}) == len(Difference)
    assert {one for one in Difference if not one.one_edit} == {
        Difference.AFFIX,
        Difference.AFFIX_AND_LETTER,
        Difference.WORD_ORDER,
    }


@pytest.mark.parametrize(
    ("name", "other", "well_known", "little_known"),
    [
        ("jwot", "jwto", Difference.SWAPPED, None),
        ("widegts", "widgets", Difference.SWAPPED, Difference.SWAPPED),
    ],
)
def test_a_short_name_is_mistaken_when_it_is_well_known(
    name: str, other: str, well_known: Difference | None, little_known: Difference | None
) -> None:
    """Longer ones are mistaken in any case."""
    assert difference_of(name, other) is well_known
    assert difference_of(name, other, well_known=False) is little_known
