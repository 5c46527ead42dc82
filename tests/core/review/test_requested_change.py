"""Proposed edits: what each does to a spec, and the laws of all."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.version import Version

from assay.core.errors import ConflictError, InvalidInputError
from assay.core.review.requested_change import (
    Edit,
    EditKind,
    RequestedChange,
    apply_edit,
    is_done,
    parse_requested_change,
)
from assay.core.spec import Spec, parse_spec

VERSIONS = ("1.0", "1.5", "2.0rc1", "2.0", "2.1.3", "3.0", "1!0.1")
clauses = st.builds("{}{}".format, st.sampled_from(["==", ">=", ">", "<", "<=", "!="]), st.sampled_from(VERSIONS)) | (
    st.sampled_from(["~=1.5", "~=2.1.3", "==2.*", "!=2.*"])
)
lines = st.builds(
    lambda name, parts, tail: f"{name}{','.join(sorted(set(parts)))}{tail}",
    st.sampled_from(["pandas", "six", "rich[jupyter]"]),
    st.lists(clauses, max_size=3),
    st.sampled_from(["", "; python_version >= '3.9'"]),
)
specs = st.lists(lines, min_size=1, max_size=3, unique_by=lambda line: Requirement(line).name).map(
    lambda found: spec_of(*found)
)
edits = st.one_of(
    st.builds(Edit, kind=st.just(EditKind.RAISE), to=st.sampled_from(VERSIONS)),
    st.just(Edit(kind=EditKind.DROP)),
    st.builds(Edit, kind=st.just(EditKind.SWAP), to=st.sampled_from(["polars>=1", "six", "idna==3.7"])),
    st.just(Edit(kind=EditKind.WAIT, to="2030-01-31")),
)


def spec_of(*libraries: str) -> Spec:
    """Return a checked spec on Python 3.11."""
    return parse_spec(base=None, python="3.11", libraries=libraries)[0]


@pytest.mark.parametrize(
    ("line", "least", "raised"),
    [
        ("humanize==4.9.0", "4.12", "humanize>=4.12"),
        ("pandas>=2,<3", "2.2", "pandas>=2.2,<3"),
        ("pandas<2", "2.2", "pandas>=2.2"),
        ("pandas>=2.5", "2.2", "pandas>=2.5"),
        ("pandas==2.2", "2.2", "pandas==2.2"),
        ("pandas===2.2", "2.2", "pandas===2.2"),
        ("pandas>1", "2.2", "pandas>=2.2"),
        ("pandas>3", "2.2", "pandas>3"),
        ("pandas>2.2", "2.2", "pandas>2.2"),
        ("pandas==2.*", "2.2", "pandas==2.*,>=2.2"),
        ("pandas<3", "2.2rc1", "pandas>=2.2rc1,<3"),
        ("pandas==2.2rc1", "2.2rc1", "pandas==2.2rc1"),
        ("pandas~=2.1", "2.2", "pandas>=2.2,~=2.1"),
        ("pandas", "2.2", "pandas>=2.2"),
        ("rich[jupyter]>=13; python_version > '3.8'", "14", 'rich[jupyter]>=14; python_version > "3.8"'),
        ("six", "2.2", "six"),
    ],
)
def test_raise(line: str, least: str, raised: str) -> None:
    """The least version goes up; what forbids it goes, what is stricter or an upper bound stays."""
    name = Requirement(line).name if not line.startswith("six") else "certifi"
    found = apply_edit(spec_of(line), name, Edit(kind=EditKind.RAISE, to=least)).libraries
    wanted = spec_of(raised).libraries
    if name == "certifi":
        assert found == ("six", "certifi>=2.2")
        return
    assert Requirement(found[0]).specifier == Requirement(wanted[0]).specifier
    assert (Requirement(found[0]).extras, Requirement(found[0]).marker) == (
        Requirement(wanted[0]).extras,
        Requirement(wanted[0]).marker,
    )


def test_drop_and_swap_keep_the_order() -> None:
    """The new line stands where the old one stood; one that is asked for already is not asked for twice."""
    spec = spec_of("six", "pandas>=2", "rich")
    assert apply_edit(spec, "pandas", Edit(kind=EditKind.DROP)).libraries == ("six", "rich")
    assert apply_edit(spec, "pandas", Edit(kind=EditKind.SWAP, to="polars")).libraries == ("six", "polars", "rich")
    assert apply_edit(spec, "pandas", Edit(kind=EditKind.SWAP, to="rich>=13")).libraries == ("six", "rich")


def test_what_a_spec_cannot_say_is_refused_in_words() -> None:
    """What came along cannot be dropped, and a spec never asks for nothing."""
    with pytest.raises(ConflictError, match="not a direct library") as caught:
        apply_edit(spec_of("six"), "certifi", Edit(kind=EditKind.DROP))
    assert caught.value.path == "libraries"
    with pytest.raises(ConflictError, match="the spec has no libraries"):
        apply_edit(spec_of("six"), "six", Edit(kind=EditKind.DROP))


@given(specs, st.sampled_from(["pandas", "six", "rich", "certifi"]), edits)
def test_laws(spec: Spec, name: str, edit: Edit) -> None:
    """Twice is once; other lines stay; what comes out is a spec that the editor takes; it does what it says."""
    assume(not edit.to.startswith(name))  # a library never takes its own place
    try:
        after = apply_edit(spec, name, edit)
    except ConflictError:
        assume(edit.kind in {EditKind.DROP, EditKind.SWAP})
        return
    assert parse_spec(base=None, python="3.11", libraries=after.libraries)[0] == after
    others = [line for line in spec.libraries if Requirement(line).name != name]
    assert [line for line in after.libraries if line in others] == others
    ask = RequestedChange(name=name, edit=edit)
    if edit.kind is EditKind.RAISE:
        assert apply_edit(after, name, edit) == after
        specifier = Requirement(after.libraries[after.names.index(name)]).specifier
        below = [one for one in VERSIONS if Version(one) < Version(edit.to)]
        assert not list(specifier.filter(below, prereleases=True))
    if edit.kind in {EditKind.DROP, EditKind.SWAP}:
        assert name not in after.names
    assert is_done(after, ask) or not edit.changes_spec


@given(
    st.sampled_from(["pandas", "Pandas", "a|b", "", "-e"]),
    st.sampled_from(["", *EditKind, "burn"]),
    st.text(max_size=12),
)
def test_an_ask_is_checked_or_kept(name: str, kind: str, to: str) -> None:
    """Whatever comes in is refused with a path, or written and read back as it is."""
    found = asked(name, kind, to)
    if isinstance(found, InvalidInputError):
        assert found.path
    else:
        assert RequestedChange.from_dict(found.to_dict()) == found
        assert found.words


def asked(name: str, kind: str, to: str) -> RequestedChange | InvalidInputError:
    """Return the ask, or why it is none."""
    try:
        return parse_requested_change(name, "please", kind, to)
    except InvalidInputError as error:
        return error


def test_old_asks_are_read() -> None:
    """Before there were edits, an ask was words."""
    assert RequestedChange.from_dict({"name": "six", "ask": "raise to 2"}).words == "raise to 2"
    assert parse_requested_change("Six", kind="wait", to="2030-01-31").words == "wait until 2030-01-31"
    drop = {"name": "six", "edit": {"kind": "drop", "to": ""}}
    assert RequestedChange.from_dict(drop) == RequestedChange(name="six", edit=Edit(kind=EditKind.DROP))


@pytest.mark.parametrize(
    ("kind", "to", "words"),
    [
        ("raise", "newest", "'newest' is not a version"),
        ("wait", "soon", "'soon' is not a date"),
        ("swap", "Six>=2", "cannot replace itself"),
        ("swap", "git+https://example.com/x", "points to a URL"),
    ],
)
def test_an_edit_that_cannot_be_applied_is_refused(kind: str, to: str, words: str) -> None:
    """The path names the list, or the line in it."""
    with pytest.raises(InvalidInputError, match=words) as caught:
        parse_requested_change("six", kind=kind, to=to)
    assert caught.value.path in {"libraries", "libraries[0]"}


@pytest.mark.parametrize(
    ("kind", "to", "edit"),
    [
        ("raise", " v2.0 ", Edit(kind=EditKind.RAISE, to="2.0")),
        ("wait", "2030-01-31", Edit(kind=EditKind.WAIT, to="2030-01-31")),
        ("swap", " Polars >= 1", Edit(kind=EditKind.SWAP, to="Polars>=1")),
        ("drop", "whatever", Edit(kind=EditKind.DROP)),
    ],
)
def test_an_edit_is_kept_in_its_canonical_form(kind: str, to: str, edit: Edit) -> None:
    """Versions, dates and lines as they are written into a spec."""
    assert parse_requested_change("Six", kind=kind, to=to) == RequestedChange(name="six", edit=edit)


def test_what_asks_for_nothing_is_refused() -> None:
    """Words, an edit, or both."""
    with pytest.raises(InvalidInputError, match="No change is requested for six") as caught:
        parse_requested_change("six")
    assert caught.value.path == "libraries"
    for kind in ("swap", "raise", "wait"):
        with pytest.raises(InvalidInputError):
            parse_requested_change("six", kind=kind)
    assert parse_requested_change("Six", "please", "drop").words == "drop: please"
    assert parse_requested_change("six", "please").words == "please"


@pytest.mark.parametrize(
    ("name", "kind", "to", "words"),
    [("-e", "drop", "", "is not a library"), ("six", "burn", "", "'burn' is not an edit")],
)
def test_what_names_no_library_or_edit_is_refused(name: str, kind: str, to: str, words: str) -> None:
    """The hint lists the edits."""
    with pytest.raises(InvalidInputError, match=words) as caught:
        parse_requested_change(name, "please", kind, to)
    assert caught.value.path == "libraries"


def test_waiting_and_words_change_nothing_and_are_never_done() -> None:
    """A spec cannot show whether somebody waited."""
    spec = spec_of("six")
    wait = parse_requested_change("six", kind="wait", to="2030-01-31")
    assert wait.edit is not None
    assert apply_edit(spec, "six", wait.edit) is spec
    assert not is_done(spec, wait)
    assert not is_done(spec, parse_requested_change("six", "why?"))
    drop = parse_requested_change("six", kind="drop")
    assert (is_done(spec, drop), is_done(spec_of("idna"), drop)) == (False, True)
