"""What is said of a library without a wheel: each reason with its way out."""

from __future__ import annotations

import pytest

from assay.core.no_wheel import Wheels, listed, source_only, wheels_of, wrong_python


def test_tags_become_pythons_and_platforms() -> None:
    """In the order of versions; PyPy and pure tags name no platform, `abi3` is for newer ones too."""
    tags = [
        ("cp310", "cp310", "manylinux_2_17_x86_64"),
        ("cp39", "cp39", "musllinux_1_1_aarch64"),
        ("cp38", "abi3", "macosx_11_0_arm64"),
        ("py2", "none", "any"),
        ("pp39", "pypy39_pp73", "win_amd64"),
        ("cp39", "cp39", "linux_x86_64"),
        ("cp39", "cp39", "macosx_10_9_"),
    ]
    found = wheels_of(tags)
    assert found.pythons == ("2", "3.8 and newer", "3.9", "3.10")
    assert found.platforms == ("Linux (musl) aarch64", "Linux x86_64", "Windows", "macOS", "macOS arm64")
    assert Wheels(pythons=("3.9",)).words == "Python 3.9"
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize(
    ("wheels", "offered", "detail", "hint"),
    [
        (
            Wheels(pythons=("3.9",)),
            ("3.9",),
            "It has wheels for Python 3.9.",
            "Choose Python 3.9, or another version",
        ),
        (Wheels(pythons=("3.6",)), (), "It has wheels for Python 3.6.", "add other Pythons under Admin → Pythons"),
        (Wheels(), (), "It has no file that can be installed.", "Choose another version of numpy."),
    ],
)
def test_another_python_is_named_where_it_helps(
    wheels: Wheels, offered: tuple[str, ...], detail: str, hint: str
) -> None:
    """Only one that is offered can be chosen."""
    found = wrong_python("numpy 1.19.5", "3.11", "Linux x86_64", wheels, offered)
    assert found.detail == f"numpy 1.19.5 has no wheel for Python 3.11 on Linux x86_64. {detail}"
    assert hint in found.hint


@pytest.mark.parametrize(
    ("refused_by", "sandboxed", "words"),
    [
        ("draft", True, "this draft takes wheels only"),
        ("workspace", True, "this workspace forbids builds from source"),
        ("", False, "no sandbox is at work"),
    ],
)
def test_a_source_is_refused_with_its_reason(refused_by: str, sandboxed: bool, words: str) -> None:
    """Nobody refuses it and a sandbox is at work: it may be built."""
    found = source_only("pkg 1.0", refused_by, sandboxed=sandboxed)
    assert found is not None
    assert found.detail.startswith("pkg 1.0 has only a source distribution")
    assert words in found.detail
    assert source_only("pkg 1.0", "", sandboxed=True) is None
