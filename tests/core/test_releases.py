"""Releases that fit: the best file of each, nothing yanked, nothing for another Python or platform."""

from __future__ import annotations

from datetime import date

from packaging.tags import Tag
from packaging.version import Version

from assay.core.releases import ProjectFile, fitting, newest_of_lines, version_of

NATIVE = Tag("cp311", "cp311", "manylinux_2_17_x86_64")
PURE = Tag("py3", "none", "any")
RANKS = {NATIVE: 0, PURE: 5}


def file(name: str, **parts: object) -> ProjectFile:
    """Return a file of an index."""
    return ProjectFile(name=name, url=f"https://index.example/{name}", **parts)  # type: ignore[arg-type]  # passed on


def versions(*files: ProjectFile, sources: bool = False, until: date | None = None) -> list[str]:
    """Return the versions that fit Python 3.11.7."""
    found = fitting(files, python="3.11.7", ranks=RANKS, sources=sources, until=until)
    return [str(one.version) for one in found]


def test_the_newest_first_each_with_its_best_file() -> None:
    """The platform's own wheel before a pure one, in whatever order they are listed."""
    pure, native = file("six-1.9-py3-none-any.whl"), file("six-1.9-cp311-cp311-manylinux_2_17_x86_64.whl")
    for files in ((pure, native), (native, pure)):
        found = fitting(files, python="3.11.7", ranks=RANKS, sources=True)
        assert [one.file for one in found] == [native]
    assert native.is_wheel
    assert versions(pure, file("six-1.10-py3-none-any.whl")) == ["1.10", "1.9"]


def test_what_does_not_fit_is_left_out() -> None:
    """Another platform, another Python, yanked, or no file of a release at all."""
    assert versions(
        file("six-1.0-cp312-cp312-win_amd64.whl"),
        file("six-1.1-py3-none-any.whl", requires_python=">=3.12"),
        file("six-1.2-py3-none-any.whl", yanked=True),
        file("six-1.3.exe"),
        file("six-1.4-py3-none-any.whl", requires_python=">=3.9,<3.12"),
        file("six-1.5-py3-none-any.whl", requires_python="nonsense"),
    ) == ["1.5", "1.4"]


def test_a_source_counts_where_it_may_be_built() -> None:
    """After every wheel of the same release."""
    wheel, source = file("six-1.0-py3-none-any.whl"), file("six-1.0.tar.gz")
    assert versions(source) == []
    assert versions(source, sources=True) == ["1.0"]
    for files in ((wheel, source), (source, wheel)):
        assert fitting(files, python="3.11.7", ranks=RANKS, sources=True)[0].file == wheel


def test_pre_releases_count_only_where_there_is_nothing_else() -> None:
    """As installers do."""
    early = file("six-2.0rc1-py3-none-any.whl")
    assert versions(early) == ["2.0rc1"]
    assert versions(early, file("six-1.0-py3-none-any.whl")) == ["1.0"]


def test_releases_that_are_too_young_are_left_out() -> None:
    """On the day itself it counts; without a date it cannot be judged."""
    old = file("six-1.0-py3-none-any.whl", uploaded=date(2026, 1, 1))
    young = file("six-2.0-py3-none-any.whl", uploaded=date(2026, 2, 1))
    unknown = file("six-0.9-py3-none-any.whl")
    assert versions(old, young, unknown, until=date(2026, 1, 1)) == ["1.0", "0.9"]
    assert versions(old, young, until=date(2026, 2, 1)) == ["2.0", "1.0"]


def test_at_least_offers_the_newest_of_each_release_line() -> None:
    """2.1.3 stands for 2.1; only so many lines."""
    files = [file(f"six-{one}-py3-none-any.whl") for one in ("2.1.3", "2.1.2", "2.0.9", "1.9", "1!0.1")]
    found = fitting(files, python="3.11.7", ranks=RANKS, sources=False)
    assert [str(one.version) for one in newest_of_lines(found, 3)] == ["1!0.1", "2.1.3", "2.0.9"]
    assert len(newest_of_lines(found, 9)) == 4
    assert newest_of_lines([], 3) == []


def test_versions_are_read_from_file_names() -> None:
    """Wheels and source distributions; anything else is of no version."""
    assert version_of("six-1.0-py3-none-any.whl") == version_of("six-1.0.tar.gz") == Version("1.0")
    assert version_of("six.whl") is version_of("six-1.0.exe") is version_of("six-x.tar.gz") is None
