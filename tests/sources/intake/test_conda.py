"""Conda's files and names become entries of the Python index; what is no Python library says why."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import AssayError, InvalidInputError
from assay.core.intake.document import Document
from assay.core.spec import parse_library
from assay.sources.intake.conda.names import conda_entry, python_of, python_range, spec_entry, translate
from assay.sources.intake.conda.rules import COMPILED, CONDA_ITSELF, HELPER, NATIVE, PROGRAM, VARIANT
from assay.sources.intake.conda.specs import MatchSpec, parse_spec, specifier
from assay.sources.intake.formats import NO_INSTALLER
from assay.sources.intake.kinds import kind_of, read


def libraries(found: Document) -> list[str]:
    """Return the libraries of a document."""
    return [one.library for one in found.entries if one.library]


@pytest.mark.parametrize(
    ("entry", "library"),
    [
        ("h3-py", "h3"),
        ("py-opencv", "opencv-python"),
        ("opencv", "opencv-python"),
        ("pytorch=2.1=py3.11_cuda11.8_cudnn8.7.0_0", "torch==2.1"),
        ("pytorch::torchvision", "torchvision"),
        ("tensorflow-gpu=2.4", "tensorflow==2.4.*"),
        ("msgpack-python", "msgpack"),
        ("dask-core", "dask"),
        ("matplotlib-base", "matplotlib"),
        ("jupyterlab-base", "jupyterlab"),
        ("jupyter_core", "jupyter_core"),
        ("google-api-core", "google-api-core"),
        ("backports.zoneinfo", "backports.zoneinfo"),
        ("python-graphviz", "graphviz"),
        ("pyqt=5.15", "pyqt5==5.15.*"),
        ("libcst", "libcst"),
        ("cuda-python", "cuda-python"),
        ("ruff=0.1.0=h4b1e2c3_0", "ruff==0.1.0"),
        ("bleach-with-css=6.2=h82add2a_4", "bleach[css]==6.2"),
        ("petsc4py=3.18=real_h1_100", "petsc4py==3.18"),
        ("python-gmsh=4.1=h1_3", "gmsh==4.1"),
        ("jupyterhub-base", "jupyterhub"),
        ("sentencepiece-python", "sentencepiece"),
        ("python-docx", "python-docx"),
        ("spatialmath-python", "spatialmath-python"),
        ("in-house-tools", "in-house-tools"),
        ("Conda-Forge/linux-64::NumPy >= 1.2, <2", "numpy>=1.2,<2"),
        ("numpy=1.21", "numpy==1.21.*"),
        ("numpy==1.21", "numpy==1.21"),
        ("numpy 1.21", "numpy==1.21"),
        ("numpy=1.21=py39_0", "numpy==1.21"),
        ("numpy 1.2.* py311*", "numpy==1.2.*"),
        ("numpy=1.2*", "numpy==1.2.*"),
        ("numpy=1.2|=1.3", "numpy==1.3.*"),
        ("numpy>=1.2.*", "numpy>=1.2"),
        ("numpy!=1.2.*", "numpy!=1.2.*"),
        ("numpy=2.0.0rc1", "numpy==2.0.0rc1"),
        ("numpy=*", "numpy"),
        ("numpy *", "numpy"),
        ("numpy[version='>=1,<2', build=py39_0]", "numpy>=1,<2"),
        ('numpy[version="1.5"]', "numpy==1.5"),
    ],
)
def test_entries_that_are_python_libraries(entry: str, library: str) -> None:
    """Names and versions are those of the Python index."""
    assert translate(entry) == (library, "")


@pytest.mark.parametrize(
    ("entry", "reason", "conda"),
    [
        ("bzip2=1.0.8=h7f98852_4", NATIVE, "bzip2==1.0.8"),
        ("_libgcc_mutex", NATIVE, "_libgcc_mutex"),
        ("libgcc-ng>=12", NATIVE, "libgcc-ng>=12"),
        ("xorg-libx11", NATIVE, "xorg-libx11"),
        ("python_abi=3.11=4_cp311", NATIVE, "python_abi==3.11"),
        ("gcc_linux-64", NATIVE, "gcc_linux-64"),
        ("unheard-of=1.0=h7f98852_4", COMPILED, "unheard-of==1.0"),
        ("python-gil=3.12=hd8ed1ab_0", HELPER, ""),
        ("ros-jazzy-rclpy", "is a package of ROS, which Python indexes do not have", "ros-jazzy-rclpy"),
        ("krb5", NATIVE, "krb5"),
        ("boost=1.78.0=py311hd7f0f6b_0", NATIVE, "boost==1.78.0"),
        ("libboost-python=1.82=py311h92ebd52_6", NATIVE, "libboost-python==1.82"),
        ("mkl", NATIVE, "mkl"),
        ("nodejs=18", PROGRAM, "nodejs=18"),
        ("graphviz", PROGRAM, "graphviz"),
        ("r-ggplot2", "is a library of R, not of Python", "r-ggplot2"),
        ("cpuonly", VARIANT, "cpuonly"),
        ("mamba", CONDA_ITSELF, ""),
        ("anaconda=2023.09", "is a collection of libraries; add those that you use", ""),
        ("pip", NO_INSTALLER, ""),
        ("python=3.11", "is the version of Python, which is chosen beside the list", ""),
        ("pandas=1.1.5_1=py38_0", "has a version that no Python library can have: 1.1.5_1", ""),
        ("numpy^1.2", "has a version that no Python library can have: ^1.2", ""),
        ("=1.2", "is not a conda entry", ""),
        ("x" * 600, "is not a conda entry", ""),
    ],
)
def test_entries_that_are_none(entry: str, reason: str, conda: str) -> None:
    """Each says why, and what conda would have to install."""
    found = conda_entry(entry)
    assert (found.library, found.reason, found.conda) == ("", reason, conda)


@pytest.mark.parametrize(
    ("entry", "version", "allowed"),
    [
        ("python=3.11", "3.11", ""),
        ("python==3.11.4", "3.11", ""),
        ("python 3.11.*", "3.11", ""),
        ("python=3.11.4=hab00c5b_0_cpython", "3.11", ""),
        ("python>=3.9,<3.12", None, ">=3.9,<3.12"),
        ("python=3", None, "==3.*"),
        ("python", None, ""),
        ("numpy=3.11", None, ""),
        ("?", None, ""),
    ],
)
def test_the_version_of_python(entry: str, version: str | None, allowed: str) -> None:
    """One version is named, or a range is allowed."""
    assert (python_of(entry), python_range(entry)) == (version, allowed)


ENVIRONMENT = """\
name: work
channels: [conda-forge, nodefaults]
prefix: /opt/conda/envs/work
variables:
  TOKEN: secret
dependencies:
  - python>=3.9,<3.12
  - 'numpy >=1.21'   # fast
  - nvidia::pandas=1.5.3=py311h0_0
  - pywin32  # [win]
  - posix_ipc  # [not win]
  - numpy >=1.21
  - 3.5
  -
  - scipy: 1.10
  - bzip2
  - pip
  - pip:
    - pandas==2.0
    - -r file:requirements.txt
    - colorama  # [win]
"""


def test_an_environment_file() -> None:
    """Entries have their lines, selectors become markers; pip entries are not weak."""
    found = read(ENVIRONMENT, "environment.yml")
    assert [(one.line, one.library, one.weak) for one in found.entries if one.library] == [
        (8, "numpy>=1.21", True),
        (9, "pandas==1.5.3", True),
        (10, 'pywin32 ; sys_platform == "win32"', True),
        (11, 'posix_ipc ; sys_platform != "win32"', True),
        (12, "numpy>=1.21", True),
        (13, "3.5", True),
        (19, "pandas==2.0", False),
        (21, 'colorama ; sys_platform == "win32"', False),
    ]
    assert [(one.line, one.include) for one in found.entries if one.include] == [(20, "requirements.txt")]
    assert [one.text for one in found.entries if one.reason] == ["python>=3.9,<3.12", "scipy: 1.1", "bzip2", "pip"]
    assert (found.python, found.requires_python, found.locked) == (None, ">=3.9,<3.12", False)
    assert found.notes == (
        "Channels and builds of conda have no meaning here: conda-forge, nvidia.",
        "Variables of the environment are not set here: TOKEN.",
    )


@pytest.mark.parametrize(
    ("pip", "expected"),
    [
        ("pip:", []),
        ("pip: null", []),
        ("pip: []", []),
        ("pip: six==1.16  # why", ["six==1.16"]),
        ("pip: |\n      six  # why\n      attrs", ["six", "attrs"]),
        ("pip: [six, attrs]", ["six", "attrs"]),
        ("pip:\n    - six --hash=sha256:abc\n    - null", ["six"]),
    ],
)
def test_all_forms_of_pip_entries(pip: str, expected: list[str]) -> None:
    """A list, a text with lines, or nothing."""
    assert libraries(read(f"dependencies:\n  - python=3.11\n  - {pip}\n")) == expected


def test_an_exported_environment() -> None:
    """With builds, native libraries are told from Python libraries by them."""
    found = read(
        "channels:\n  - defaults\ndependencies:\n  - _openmp_mutex=4.5=2_gnu\n  - python=3.10.6=ha86cf86_0_cpython\n"
        "  - numpy=1.23.1=py310h53a5b5f_0\n  - wheel=0.37=pyhd8ed1ab_0\n  - pip:\n    - six==1.16.0\n"
    )
    assert libraries(found) == ["numpy==1.23.1", "six==1.16.0"]
    assert (found.python, found.locked) == ("3.10", True)


def test_an_environment_exported_without_builds() -> None:
    """Its versions are exact; those of a file by hand are exact if each of them is."""
    found = read("dependencies:\n  - openssl=3.0.8\n  - numpy=1.23.1\n  - scipy>=1\n  - pip:\n    - six==1.16.0\n")
    assert (libraries(found), found.locked) == (["numpy==1.23.1", "scipy>=1", "six==1.16.0"], True)
    by_hand = "dependencies:\n  - numpy=1.23\n  - scipy==1.9.0\n"
    assert not read(by_hand).locked
    assert read(by_hand.replace("=1.23", "==1.23")).locked


def test_what_requires_python_is_a_python_library() -> None:
    """A lock file says what a package requires, whatever its build."""
    spec = MatchSpec(name="slepc", version="==3", build="h1_0")
    assert spec_entry(spec, text="", requires=["libc", "python"]).library == "slepc==3"
    assert spec_entry(spec, text="", requires=["libc"]).reason == COMPILED


def test_a_file_without_entries() -> None:
    """An empty list holds no libraries; a YAML file that has none is no environment."""
    with pytest.raises(InvalidInputError, match="conda environment holds no libraries"):
        read("dependencies:\n")
    assert libraries(read("dependencies: numpy=1.2", "environment.yaml")) == ["numpy==1.2.*"]
    with pytest.raises(InvalidInputError, match="no conda environment"):
        read("services:\n  web: {}\n", "compose.yml")


def test_anchors_are_refused_and_globs_are_not() -> None:
    """What only looks like an anchor is none."""
    assert libraries(read("dependencies:\n  - numpy=1.2.* *_cp311\n")) == ["numpy==1.2.*"]
    for text in (
        "dependencies: &x [six]\nother: *x",
        "dependencies:\n- !!str &x six\n- *x",
        "&x dependencies: [six]",
    ):
        with pytest.raises(InvalidInputError, match="anchors"):
            read(text, "environment.yml")


TABLE = """\
# packages in environment at /opt/conda:
#
# Name                    Version                   Build  Channel
_libgcc_mutex             0.1                 conda_forge    conda-forge
numpy                     1.24.3          py311h64a7726_0    conda-forge
python                    3.11.4          hab00c5b_0_cpython    conda-forge
requests                  2.31.0                   pypi_0    pypi
old                       1.0                       <pip>
"""
MICROMAMBA = """\
List of packages in environment: "/opt/conda"

  Name          Version  Build            Channel
────────────────────────────────────────────────────
  numpy         1.24.3   py311h64a7726_0  conda-forge
  zlib          1.2.13   hd590300_5       conda-forge
"""
EXPORT = """\
# This file may be used to create an environment using:
# $ conda create --name <env> --file <this file>
# platform: linux-64
_libgcc_mutex=0.1=main
numpy=1.24.3=py311h64a7726_0
requests=2.31.0=pypi_0
six==1.16
"
"""


def test_lists_of_packages() -> None:
    """Tables of conda and micromamba, and exports."""
    found = read(TABLE)
    assert libraries(found) == ["numpy==1.24.3", "requests==2.31.0", "old==1.0"]
    assert [one.line for one in found.entries] == [4, 5, 6, 7, 8]
    assert (found.kind, found.python, found.locked) == ("conda-list", "3.11", True)
    assert found.notes == ("Channels and builds of conda have no meaning here: conda-forge.",)
    found = read(MICROMAMBA)
    assert libraries(found) == ["numpy==1.24.3"]
    found = read(EXPORT, "requirements.txt")
    assert libraries(found) == ["numpy==1.24.3", "requests==2.31.0", "six==1.16"]
    assert (found.entries[-1].text, found.entries[-1].reason) == ('"', "names no library")
    assert read(EXPORT.encode("utf-16"), "environment.yml") == found
    assert found.entries[0].reason == NATIVE
    assert found.notes == ("Builds of conda have no meaning here.",)


def test_a_list_as_json() -> None:
    """`conda list --json`."""
    packages = [
        {"name": "numpy", "version": "1.24.3", "build_string": "py311h00_0", "channel": "conda-forge"},
        {"name": "zlib", "version": "1.2", "build_string": "h00_0", "channel": "conda-forge"},
        {"name": "requests", "version": "2.31.0", "build_string": "pypi_0", "channel": "pypi"},
    ]
    found = read(json.dumps(packages, indent=2))
    assert (found.kind, libraries(found)) == ("conda-list", ["numpy==1.24.3", "requests==2.31.0"])
    assert len(found.entries) == 3


EXPLICIT = """\
# platform: win-64
@EXPLICIT
https://conda.anaconda.org/conda-forge/win-64/numpy-1.24.3-py311h64a7726_0.conda#0123456789abcdef
https://conda.anaconda.org/conda-forge/noarch/importlib_metadata-6.0.0-hd8ed1ab_0.tar.bz2
https://conda.anaconda.org/conda-forge/win-64/openssl-3.1.1-hcfcfb64_1.conda
https://[broken
nonsense
"""


def test_explicit_files() -> None:
    """The addresses name libraries and versions; another platform is mentioned."""
    found = read(EXPLICIT, "spec-file.txt")
    assert libraries(found) == ["numpy==1.24.3", "importlib_metadata==6.0.0"]
    assert [one.reason for one in found.entries if one.reason] == [
        NATIVE,
        "is not the address of a conda package",
        "is not the address of a conda package",
    ]
    assert found.kind == "conda-explicit"
    assert found.notes == (
        "Channels and builds of conda have no meaning here: conda-forge.",
        "The file is for win-64: not all of its libraries may be needed here.",
    )


def test_recipes_are_refused() -> None:
    """By their name and by their content."""
    for text, name in (
        ("x", "meta.yaml"),
        ('{% set version = "1" %}\npackage:\n  name: x', ""),
        ("x", "recipe.yaml"),
    ):
        with pytest.raises(InvalidInputError, match="recipe") as caught:
            read(text, name)
        assert caught.value.hint
    assert kind_of("package:\n  name: x\nrequirements:\n  run:\n    - six").name == "conda-recipe"


@given(st.text(alphabet="ab1.*=<>!~|,[]'\": -_", max_size=30))
def test_any_entry_is_a_library_or_has_a_reason(text: str) -> None:
    """Never a crash; what is taken is a valid line, but for names that no library can have."""
    found = conda_entry(text)
    assert bool(found.library) != bool(found.reason)
    spec = parse_spec(text)
    if found.library and spec and spec.name[-1].isalnum():
        assert parse_library(found.library)


@given(st.text(max_size=20))
def test_any_version(text: str) -> None:
    """Never a crash."""
    found = specifier(text)
    assert found is None or isinstance(found, str)


TEXTS = {"environment.yml": ENVIRONMENT, "list.txt": TABLE, "export.txt": EXPORT, "explicit.txt": EXPLICIT}


@given(st.sampled_from(sorted(TEXTS)), st.data())
def test_mutated_files_never_crash(name: str, data: st.DataObject) -> None:
    """Lines of other content: the file is read or refused, and each entry has an end."""
    lines = TEXTS[name].split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        number = data.draw(st.integers(0, len(lines) - 1))
        new = data.draw(
            st.sampled_from(["", "x: [1, {a: b}]", "  - {pip: {a: 1}}", "  - [1]", "a=1=b", "- 1.0", "# [win]"])
        )
        lines[number] = data.draw(st.sampled_from([new, lines[number] + new, data.draw(st.text(max_size=20))]))
    try:
        found = read("\n".join(lines), name)
    except AssayError:
        return
    assert all(one.library or one.reason or one.include for one in found.entries)


def test_a_part_of_a_native_library_is_native() -> None:
    """`libwebp-base` stands for no Python library `libwebp`."""
    assert translate("libwebp-base=1.6.0=hd42ef1d_0") == ("", NATIVE)
    assert translate("libwebp-base=1.6.0")[0] == ""
