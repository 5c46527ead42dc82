"""Applications are records that anybody can read: what they need, what is filled in, what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.applications import BUILT_IN, Application, check_application, check_compatible, check_file, fill
from assay.core.errors import ForbiddenError, InvalidInputError
from assay.core.sizes import choose, read_sizes

PLAIN = Application(
    slug="shiny",
    name="Shiny",
    argv=("{prefix}/bin/python", "-m", "shiny", "{file}", "--port={port}"),
    needs=("shiny",),
)


def test_what_comes_with_assay_is_well_formed() -> None:
    """The built-in records pass the check of those that administrators add."""
    for one in BUILT_IN:
        if one.argv:
            assert check_application(one) == one
    assert {one.slug for one in BUILT_IN if one.asks_file} == {"streamlit", "panel", "voila", "dash"}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"slug": "Two Words"}, "slug"),
        ({"name": " "}, "name"),
        ({"argv": ()}, "argv"),
        ({"argv": ("python",)}, "argv"),
        ({"argv": ("{port}", "{home}")}, "argv"),
        ({"argv": ("{port!r}",)}, "argv"),
        ({"argv": ("{port", "x")}, "argv"),
        ({"argv": ("{port}", "a\nb")}, "argv"),
        ({"needs": ("--index",)}, "needs"),
        ({"icon": "skull"}, "icon"),
    ],
)
def test_a_record_that_cannot_work_is_refused(change: dict[str, object], path: str) -> None:
    """The error names the field."""
    with pytest.raises(InvalidInputError) as refused:
        check_application(replace(PLAIN, **change))  # type: ignore[arg-type]  # wrong on purpose
    assert refused.value.path == path


@pytest.mark.parametrize("file", ["", "/etc/passwd", "../app.py", "a/../../b", "a\nb", "x" * 500])
def test_a_file_lies_below_the_home(file: str) -> None:
    """Nothing outside, nothing unreadable."""
    with pytest.raises(InvalidInputError):
        check_file(PLAIN, file)


def test_a_file_is_never_an_option() -> None:
    """A name that begins with a hyphen is a path; applications without a file take none."""
    assert check_file(PLAIN, "--help") == "./--help"
    assert check_file(BUILT_IN[0], "anything") == ""


@given(st.text(alphabet="{}abport/ %", max_size=20), st.text(alphabet="{}xy", max_size=10))
def test_what_is_filled_in_stays_literal(file: str, prefix: str) -> None:
    """Braces in names are doubled once: after the proxy's own filling they are what they were."""
    filled = fill(PLAIN, prefix=prefix, file=file, host="localhost")
    assert [one.format(port=1, base_url="/b") for one in filled] == [
        f"{prefix}/bin/python",
        "-m",
        "shiny",
        file,
        "--port=1",
    ]


def test_an_environment_must_hold_what_an_application_needs() -> None:
    """Names are compared as the index compares them; what is missing is named."""
    check_compatible(replace(PLAIN, needs=("Shiny.Core",)), {"shiny-core"}, "geo@1")
    with pytest.raises(ForbiddenError, match="Shiny needs shiny, which geo@1 does not contain"):
        check_compatible(PLAIN, {"six"}, "geo@1")


def test_sizes_are_read_from_one_line() -> None:
    """The first is the default; units are powers of 1024; words that are no size are named."""
    sizes = read_sizes("small=512M/1, large=1.5G/0.5")
    assert [(one.name, one.memory, one.processors) for one in sizes] == [
        ("small", 512 << 20, 1.0),
        ("large", 1536 << 20, 0.5),
    ]
    assert choose(sizes, "").name == "small"
    assert choose(sizes, "large").name == "large"
    for line in ("", "small", "small=1T/1", "a=1G/0", "a=1G/1 a=2G/1"):
        with pytest.raises(InvalidInputError):
            read_sizes(line)
    with pytest.raises(InvalidInputError, match="no size 'huge'"):
        choose(sizes, "huge")
