"""Several files become one list, and each of their entries is accounted for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import InvalidInputError
from assay.core.intake.combine import Combined, GivenFile, combine
from assay.core.intake.document import Choice, Document, Entry
from assay.core.spec import parse_libraries

LINUX_311 = {"sys_platform": "linux", "python_version": "3.11", "python_full_version": "3.11.9", "extra": ""}
LINUX_313 = {**LINUX_311, "python_version": "3.13", "python_full_version": "3.13.1"}


def file(*entries: Entry, name: str = "a.txt", choices: tuple[Choice, ...] = ()) -> GivenFile:
    """Return a file that was read."""
    return GivenFile(name=name, document=Document(kind="requirements", entries=entries, choices=choices))


def lines(*libraries: str, name: str = "a.txt", weak: bool = False) -> GivenFile:
    """Return a file with a library in each line."""
    return file(
        *(Entry(line=number, text=one, library=one, weak=weak) for number, one in enumerate(libraries, 1)), name=name
    )


def combined(*files: GivenFile, selected: list[tuple[str, str]] | None = None) -> Combined:
    """Combine for Python 3.11 and 3.13 on Linux."""
    return combine(files, [LINUX_311, LINUX_313], selected=selected)


def test_the_same_library_twice_becomes_one_line() -> None:
    """Both conditions count where some version can fulfil them."""
    found = combined(lines("pandas>=2", "Pandas[excel]<3", "pandas", "six==1.16"))
    assert found.libraries == ("pandas[excel]<3,>=2", "six==1.16")
    assert [one.reason for one in found.files[0].merged] == ["line 1 names the same library"] * 2


def test_an_exact_version_within_a_range_is_the_one() -> None:
    """What a range allows needs no range beside it."""
    assert combined(lines("six>=1.10", "six==1.16")).libraries == ("six==1.16",)


def test_versions_that_exclude_each_other() -> None:
    """The first counts; the other one is left out, and the reason names both."""
    found = combined(lines("six==1.16"), lines("six==1.17", name="b.txt"), lines("six>=2", name="c.txt"))
    assert found.libraries == ("six==1.16",)
    reason = "asks for another version than line 1 of a.txt, six==1.16, which counts"
    assert [one.reason for read in found.files for one in read.left_out] == [reason] * 2


def test_a_weak_entry_gives_way() -> None:
    """A pip entry counts before and after a conda entry of the same library."""
    weak, strong = lines("numpy==1.21.*", weak=True, name="conda"), lines("numpy==1.22.0", name="pip")
    for found in (combined(weak, strong), combined(strong, weak)):
        assert found.libraries == ("numpy==1.22.0",)
        assert sum(len(read.merged) for read in found.files) == 1


def test_markers() -> None:
    """A marker that always holds is dropped, one that never holds leaves the entry out, another one stays."""
    found = combined(
        lines(
            'a; sys_platform == "linux"',
            'e; sys_platform == "linux"',
            'pywinpty; sys_platform == "win32"',
            'b; python_version < "3.12"',
            'c; extra == "x"',
            'd; python_full_version >= "what"',
        )
    )
    assert found.libraries == ("a", "e", 'b; python_version < "3.12"')
    assert [one.reason for one in found.files[0].left_out] == [
        'is for other systems or Pythons only: sys_platform == "win32"',
        'is for other systems or Pythons only: extra == "x"',
        'is for other systems or Pythons only: python_full_version >= "what"',
    ]


def test_a_file_that_is_named_as_constraints() -> None:
    """It limits the files that are given with it, though none names it; alone it is a list."""
    limits = lines("six<2", "attrs<25", name="in/constraints-3.11.txt")
    found = combined(lines("six", name="requirements.txt"), limits)
    assert (found.libraries, found.constraints) == (("six",), ("six<2", "attrs<25"))
    assert combined(limits).libraries == ("six<2", "attrs<25")


def test_files_that_name_each_other() -> None:
    """Included libraries are taken from the file that was given along; constraints add no library."""
    main = file(
        Entry(line=1, text="-r more.txt", include="more.txt"),
        Entry(line=2, text="-c limits.txt", include="in/limits.txt", limits=True),
        Entry(line=3, text="-r gone.txt", include="gone.txt"),
        Entry(line=4, text="-c away.txt", include="away.txt", limits=True),
        name="main.txt",
    )
    found = combined(main, lines("six", name="more.txt"), lines("six<2", "attrs<25", name="limits.txt"))
    assert (found.libraries, found.constraints) == (("six",), ("six<2", "attrs<25"))
    assert [one.reason for one in found.files[0].merged] == [
        "more.txt is among the files",
        "limits.txt is among the files",
    ]
    assert [one.reason for one in found.files[0].left_out] == [
        "lists more libraries in gone.txt: import that file too",
        "limits versions in away.txt: import that file too",
    ]


def test_choices() -> None:
    """Only what is selected is taken; without a selection, what the file selects."""
    choices = (Choice(name="extra docs", label="docs"), Choice(name="group main", label="main", selected=True))
    entries = (
        Entry(text="sphinx", library="sphinx", choice="extra docs"),
        Entry(text="six", library="six", choice="group main"),
    )
    assert combined(file(*entries, choices=choices)).libraries == ("six",)
    found = combined(file(*entries, choices=choices), selected=[("a.txt", "extra docs")])
    assert found.libraries == ("sphinx",)
    assert found.files[0].left_out[0].reason == "belongs to group main, which is not selected"


def test_entries_that_are_no_libraries() -> None:
    """Each has its reason; conda requirements are kept for those who can install them."""
    unreadable = GivenFile(name="b.txt", error=InvalidInputError("Broken."))
    found = combined(
        file(
            Entry(text="tk", reason="comes with Python", conda="tk"),
            Entry(text="?"),
            Entry(text="./x.whl", library="./x.whl"),
            Entry(text="six=1.16", library="six=1.16"),
        ),
        unreadable,
    )
    assert found.conda == ("tk",)
    assert found.libraries == ("six==1.16",)
    reasons = [one.reason for one in found.files[0].left_out]
    assert reasons[:2] == ["comes with Python", "is not a library"]
    assert "is a path or a file" in reasons[2]
    assert (found.files[1].results, found.files[1].error) == ((), unreadable.error)


LIBRARY = st.one_of(
    st.sampled_from(
        ["six", "six==1.16", "six>=1", "Six<3", "attrs", 'attrs; python_version < "3.12"', "-e .", "x y"]
    ),
    st.text(max_size=12),
)
ENTRY = st.builds(
    Entry,
    line=st.integers(0, 5),
    text=st.text(max_size=10),
    library=LIBRARY,
    reason=st.sampled_from(["", "is no library"]),
    choice=st.sampled_from(["", "group dev"]),
    weak=st.booleans(),
    limits=st.booleans(),
    include=st.sampled_from(["", "", "a.txt", "z.txt"]),
)


@given(st.lists(st.lists(ENTRY, max_size=8), max_size=3))
def test_nothing_is_lost(entries: list[list[Entry]]) -> None:
    """The entries are those taken, merged and left out; each but the taken has a reason; every line is valid."""
    files = [file(*one, name=f"{'abc'[number]}.txt") for number, one in enumerate(entries)]
    found = combined(*files)
    for read, given_entries in zip(found.files, entries, strict=True):
        assert [one.entry for one in read.results] == given_entries
        assert len(read.taken) + len(read.merged) + len(read.left_out) == len(given_entries)
        assert all(one.reason for one in (*read.merged, *read.left_out))
    assert len(found.libraries) + len(found.constraints) == sum(len(one.taken) for one in found.files)
    assert parse_libraries(found.libraries)[0] == found.libraries


def test_a_file_that_includes_its_namesake() -> None:
    """`-r ../requirements.txt` in a requirements.txt is another file, which was not given."""
    found = combined(file(Entry(text="-r ../a.txt", include="../a.txt"), name="a.txt"))
    assert found.files[0].left_out[0].reason == "lists more libraries in a.txt: import that file too"
