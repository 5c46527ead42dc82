"""Applications are records that anybody can read: what they need, what is filled in, what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.applications import (
    BUILT_IN,
    ICONS,
    LONGEST,
    MOST_ARGUMENTS,
    Application,
    check_application,
    check_compatible,
    check_file,
    fill,
    words_of,
)
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
        ({"argv": ("{port}", "a\0b")}, "argv"),
        ({"argv": ("{port}", *["x"] * MOST_ARGUMENTS)}, "argv"),
        ({"argv": ("{port}", "x" * (LONGEST + 1))}, "argv"),
        ({"name": "x" * 61}, "name"),
        ({"name": "a\tb"}, "name"),
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
    with pytest.raises(InvalidInputError, match="Shiny") as caught:
        check_file(PLAIN, file)
    assert caught.value.path == "file"


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
    assert read_sizes("a=1M/1")[0].memory == 1 << 20
    with pytest.raises(InvalidInputError, match="no size 'huge'") as caught:
        choose(sizes, "huge")
    assert (caught.value.path, caught.value.hint) == ("size", "Choose one of small, large.")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "No size is given, or a name occurs twice"),
        ("a=1G/1 a=2G/1", "No size is given, or a name occurs twice"),
        ("small", "'small' is not a size"),
        ("small=1T/1", "'small=1T/1' is not a size"),
        ("a=1G/0", "'a=1G/0' is not a size"),
        ("a=0G/1", "'a=0G/1' is not a size"),
    ],
)
def test_a_size_that_cannot_be_is_refused(line: str, words: str) -> None:
    """Without a name, unit, memory or processors."""
    with pytest.raises(InvalidInputError, match=words):
        read_sizes(line)


def test_a_record_at_its_limits_is_accepted() -> None:
    """The limits themselves are allowed."""
    greatest = replace(PLAIN, name="x" * 60, argv=("{port}", "x" * LONGEST, *["x"] * (MOST_ARGUMENTS - 2)))
    assert check_application(greatest) == greatest
    assert check_file(PLAIN, "x" * LONGEST) == f"./{'x' * LONGEST}"


def test_braces_and_the_host_are_filled_in() -> None:
    """Doubled braces stay so until the proxy has filled in the port."""
    record = replace(PLAIN, argv=("--origin={host}", "{{x}}={port}", "{base_url}"))
    filled = fill(record, prefix="/p", file="", host="studio.example")
    assert filled == ["--origin=studio.example", "{{x}}={port}", "{base_url}"]


def test_a_command_is_split_as_a_shell_would() -> None:
    """Quotes hold words together; one that is not closed is an error."""
    assert words_of("python -m 'my app' --port={port}") == ("python", "-m", "my app", "--port={port}")
    with pytest.raises(InvalidInputError, match="No closing quotation") as caught:
        words_of("python 'x")
    assert (caught.value.path, caught.value.hint) == ("argv", "Close each quote.")


@pytest.mark.parametrize(
    ("change", "words", "hint"),
    [
        ({"slug": "Two Words"}, "'Two Words' is not", "2 to 32"),
        ({"name": ""}, "at most 60 characters", "people know"),
        ({"argv": ()}, f"1 to {MOST_ARGUMENTS}", f"{LONGEST} characters"),
        ({"argv": ("python",)}, "{port}", "listen"),
        ({"argv": ("{port}", "{home}", "{away}")}, "{away, home}", "base_url, file, host, port, prefix"),
        ({"argv": ("{port", "x")}, "cannot be", "Write {{ and }}"),
        ({"argv": ("{port}", "a\nb")}, "control character", "it"),
        ({"needs": ("--index",)}, "'--index' is not", "no versions"),
        ({"icon": "skull"}, "'skull'", ", ".join(ICONS)),
    ],
)
def test_a_refusal_says_what_is_wrong_and_what_to_do(change: dict[str, object], words: str, hint: str) -> None:
    """Both are shown beside the field."""
    with pytest.raises(InvalidInputError) as refused:
        check_application(replace(PLAIN, **change))  # type: ignore[arg-type]  # wrong on purpose
    assert words in refused.value.detail
    assert hint in refused.value.hint
