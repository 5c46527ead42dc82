"""Requirements files are read as pip reads them."""

from __future__ import annotations

from assay.sources.intake.requirements import read_requirements

TEXT = """\
# tools
pandas==2.1.0 \\
    --hash=sha256:abc
requests[socks]>=2  # proxies
-r other.txt
-c limits.txt
--index-url https://index.example
-e .
"""


def test_requirements() -> None:
    """Comments, hashes and continuations are read over; includes are kept; options say what became of them."""
    found = read_requirements(TEXT)
    assert [(one.line, one.library) for one in found.entries if one.library] == [
        (2, "pandas==2.1.0"),
        (4, "requests[socks]>=2"),
    ]
    assert [(one.include, one.limits) for one in found.entries if one.include] == [
        ("other.txt", False),
        ("limits.txt", True),
    ]
    assert [one.line for one in found.entries if one.reason] == [7, 8]
    assert not found.locked


def test_pins_are_a_lock() -> None:
    """A freeze has exact versions only."""
    assert read_requirements("six==1.16\nattrs==25.1 ; python_version > '3'\n").locked
