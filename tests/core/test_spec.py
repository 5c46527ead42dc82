"""Specs: what is accepted and refused, and documents that earlier versions stored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import InvalidInputError
from assay.core.spec import (
    MAX_LIBRARIES,
    MAX_LINE,
    Spec,
    check_slug,
    parse_constraints,
    parse_libraries,
    parse_library,
    parse_pin,
    parse_spec,
    pinned,
)


@given(st.text(max_size=MAX_LINE + 20))
def test_any_text_is_taken_or_refused_with_its_place(line: str) -> None:
    """Whatever somebody types: a canonical requirement, nothing, or an error with path and hint."""
    try:
        taken, _ = parse_libraries([line])
    except InvalidInputError as error:
        place, hint = error.path, error.hint
    else:
        place, hint = "libraries[0]", "none needed"
        assert parse_libraries(taken)[0] == taken
        assert not any("://" in one or one.startswith("-") for one in taken)
    assert place == "libraries[0]"
    assert hint


@pytest.mark.parametrize(
    ("written", "understood"),
    [("pandas=1.2", "pandas==1.2"), ("Pandas = 1.2", "Pandas==1.2"), ("x[extra]=2.*", "x[extra]==2.*")],
)
def test_single_equals_is_understood_and_told(written: str, understood: str) -> None:
    """Another platform's spelling is corrected visibly."""
    taken, corrections = parse_libraries([written])
    assert taken == (understood,)
    assert [(one.written, one.understood) for one in corrections] == [(written, understood)]


@pytest.mark.parametrize("lines", [["six", "Six>=1"], ["a_b", "a-b"], ["a.b", "A-B"]])
def test_a_library_stands_once(lines: list[str]) -> None:
    """Names are compared as the index compares them (PEP 503)."""
    with pytest.raises(InvalidInputError, match="already") as caught:
        parse_libraries(lines)
    assert caught.value.path == "libraries[1]"


@pytest.mark.parametrize(
    ("given", "path", "words"),
    [
        ({"base": None, "python": None}, "python", "Neither a base nor a Python version"),
        ({"base": "x@1", "python": "3.11"}, "python", "A base"),
        ({"base": "X@1", "python": None}, "base", "'X@1'"),
        ({"base": "x@0", "python": None}, "base", "'x@0'"),
        ({"base": None, "python": "2.7"}, "python", "'2.7' is not a Python version"),
        ({"base": None, "python": "3.11; rm"}, "python", "'3.11; rm' is not a Python version"),
    ],
)
def test_a_foundation_is_a_base_or_a_python(given: dict[str, str | None], path: str, words: str) -> None:
    """Exactly one of the two, each in its form."""
    with pytest.raises(InvalidInputError, match=words) as caught:
        parse_spec(libraries=["six"], **given)
    assert caught.value.path == path


@given(st.text(max_size=40))
def test_slugs_keep_to_their_pattern(text: str) -> None:
    """A short name is safe in paths, addresses and commands."""
    try:
        slug = check_slug(text)
    except InvalidInputError:
        return
    assert slug.isascii()
    assert slug == slug.lower()
    assert "/" not in slug
    assert "." not in slug


def test_a_stored_spec_with_the_old_name_of_its_constraints_is_read() -> None:
    """Specs stored their constraints as `hold`; they are read with the same values and written with the new name."""
    stored = {"base": None, "python": "3.11", "libraries": ["six"], "hold": ["six==1.16.0"]}
    spec = Spec.from_dict(stored)
    assert spec.constraints == ("six==1.16.0",)
    assert "hold" not in spec.to_dict()
    assert Spec.from_dict(spec.to_dict()) == spec


def test_a_stored_spec_without_constraints_has_none() -> None:
    """The oldest specs have no such key."""
    assert Spec.from_dict({"python": "3.11", "libraries": ["six"]}).constraints == ()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("x" * (MAX_LINE + 1), f"{MAX_LINE + 1} characters; a line has at most {MAX_LINE}."),
        ("six\x07", "'six\\x07' contains a control character."),
        ("-e six", "'-e six' is an option."),
        ("six==$VERSION", "'six==$VERSION' contains an environment variable."),
        ("./six", "'./six' is a path or a file."),
        ("C:\\six", "'C:\\\\six' is a path or a file."),
        ("c:\\six", "'c:\\\\six' is a path or a file."),
        ("six-1.0.tar.gz", "'six-1.0.tar.gz' is a path or a file."),
        ("git+ssh://example.com/six", "'git+ssh://example.com/six' points to a URL."),
        ("git+git@example.com:six", "'git+git@example.com:six' points to a URL."),
        ("six # " + "x" * MAX_LINE, f"{MAX_LINE + 6} characters; a line has at most {MAX_LINE}."),
        ("y" * 55 + " >> 1", f"'{'y' * 55} >> 1' is not a library requirement: "),
        ("six @ file:six", "'six @ file:six' points to a URL."),
        ("six >> 1", "'six >> 1' is not a library requirement: "),
        ("y" * 61 + " >> 1", f"'{'y' * 57}…' is not a library requirement: "),
    ],
)
def test_a_line_that_is_no_library_is_refused_with_its_reason(line: str, words: str) -> None:
    """Each kind has its own sentence, which counts lines from 1; the path counts from 0."""
    with pytest.raises(InvalidInputError) as caught:
        parse_libraries(["six", line])
    assert str(caught.value).startswith(f"Line 2: {words}")
    assert caught.value.path == "libraries[1]"


def test_a_line_of_the_greatest_length_is_accepted() -> None:
    """The limit itself is allowed."""
    line = "six[" + "a" * (MAX_LINE - 5) + "]"
    assert len(line) == MAX_LINE
    assert parse_libraries([line])[0] == (line,)


def test_blank_lines_and_comments_are_skipped() -> None:
    """They count as lines, so that a correction names the line that the author sees."""
    lines, corrections = parse_libraries(["", "# note", "six  # because # of it", "idna=2.8"])
    assert lines == ("six", "idna==2.8")
    greatest = "rich #" + "x" * (MAX_LINE - 6)
    assert parse_libraries([greatest])[0] == ("rich",)
    assert [one.line for one in corrections] == [4]


def test_too_many_lines_are_refused() -> None:
    """The limit itself is allowed."""
    lines = [f"a{number}" for number in range(MAX_LIBRARIES + 1)]
    assert len(parse_libraries(lines[:-1])[0]) == MAX_LIBRARIES
    with pytest.raises(InvalidInputError, match="at most 1000") as caught:
        parse_libraries(lines)
    assert caught.value.path == "libraries"


def test_a_library_may_stand_once_for_each_marker() -> None:
    """The same name with another marker is another request; the repeated one is named by its line."""
    first, second = "six<1; python_version<'3.9'", "six>=1; python_version>='3.9'"
    assert len(parse_libraries([first, second])[0]) == 2
    with pytest.raises(InvalidInputError, match=r"Line 3: Six is already in line 2\."):
        parse_libraries(["idna", "six", "Six"])


def test_only_a_base_makes_a_spec_without_libraries() -> None:
    """A base brings its own; a Python version alone is no environment."""
    assert parse_spec(base="geo@1", python="", libraries=[])[0] == Spec(base="geo@1")
    with pytest.raises(InvalidInputError, match="No libraries") as caught:
        parse_spec(base=None, python="3.11", libraries=["# nothing"])
    assert caught.value.path == "libraries"


def test_what_is_set_beside_the_libraries_is_kept() -> None:
    """Nothing of a request is lost on the way into the spec or its stored form."""
    spec, _ = parse_spec(
        base=None,
        python="3.12",
        libraries=["Six>=1"],
        only_binary=False,
        cool_down_days=7,
        variant="gpu",
        keep="geo@1",
    )
    assert spec == Spec(
        python="3.12", libraries=("Six>=1",), only_binary=False, cool_down_days=7, variant="gpu", keep="geo@1"
    )
    assert Spec.from_dict(spec.to_dict()) == spec
    assert spec.names == ("six",)
    assert parse_spec(base=None, python="3.12", libraries=["six"])[0] == Spec(python="3.12", libraries=("six",))


@pytest.mark.parametrize(
    ("version", "specifier", "accepted", "refused"),
    [
        ("2.2", "==2.2.*", "2.2.3", "2.3"),
        ("2", "==2.*", "2.9", "3.0"),
        ("2.2.3", "==2.2.3", "2.2.3", "2.2.4"),
        ("2.2rc1", "==2.2rc1", "2.2rc1", "2.2"),
        ("2.2", "==2.2.*", "2.2.1rc1", "2.1rc1"),
    ],
)
def test_a_pin_is_exact_or_a_line_of_versions(version: str, specifier: str, accepted: str, refused: str) -> None:
    """Fewer than three numbers pin a line; a pre-release is exact."""
    pin = parse_pin("Pandas", version)
    assert (pin.name, pin.specifier) == ("pandas", specifier)
    assert (pin.takes(accepted), pin.takes(refused)) == (True, False)


@pytest.mark.parametrize(("library", "version", "path"), [("six", "new", "version"), ("-e", "1", "library")])
def test_a_pin_needs_a_library_and_a_version(library: str, version: str, path: str) -> None:
    """Each error names its field."""
    with pytest.raises(InvalidInputError) as caught:
        parse_pin(library, version)
    assert caught.value.path == path


def test_pinning_changes_the_library_alone() -> None:
    """Extras and markers stay; a library that is not listed gets a line of its own."""
    lines = ("idna", 'Pandas[excel]<2; python_version >= "3.9"')
    pin = parse_pin("pandas", "2.2")
    assert pinned(lines, pin) == ("idna", 'Pandas[excel]==2.2.*; python_version >= "3.9"')
    assert pinned(("idna",), pin) == ("idna", "pandas==2.2.*")


def test_a_single_line_is_the_first() -> None:
    """Messages and paths count it so when no number is given."""
    with pytest.raises(InvalidInputError, match="Line 1: ") as caught:
        parse_library("-e six")
    assert caught.value.path == "libraries[0]"


def test_what_is_no_slug_is_refused() -> None:
    """The message quotes it; the path names the field."""
    with pytest.raises(InvalidInputError, match="'Two Words' is not") as caught:
        check_slug("Two Words")
    assert caught.value.path == "slug"


@pytest.mark.parametrize(
    ("line", "words"),
    [("-e .", "is an option"), ("pandas[x]==2", "names extras"), ("pandas", "limits no version")],
)
def test_what_is_no_constraint_is_refused(line: str, words: str) -> None:
    """A constraint names a library and versions; the path names its line."""
    with pytest.raises(InvalidInputError, match=words) as caught:
        parse_constraints(["numpy<3", line])
    assert caught.value.path == "constraints[1]"


def test_constraints() -> None:
    """They are canonical lines."""
    assert parse_constraints(["Numpy < 3", "# a comment"]) == ("Numpy<3",)
