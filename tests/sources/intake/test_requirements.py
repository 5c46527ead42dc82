"""Requirements files are read as pip reads them, and as people paste them; no line is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import InvalidInputError
from assay.core.intake.combine import GivenFile, combine
from assay.core.intake.document import Entry
from assay.sources.intake.kinds import read
from assay.sources.intake.pip.requirements import logical_lines, read_requirements, typed

TEXT = """\
# tools
pandas==2.1.0 \\
    --hash=sha256:abc \\
    --hash=sha256:def
requests[socks]>=2  # proxies
-r other.txt
-c limits.txt
--index-url https://index.example
-e .
"""


def only(line: str) -> Entry:
    """Return the one entry of a line."""
    (found,) = read_requirements(line).entries
    return found


def libraries(text: str) -> list[str]:
    """Return the libraries of a text."""
    return [one.library for one in read_requirements(text).entries if one.library]


def test_requirements() -> None:
    """Comments, hashes and continuations are read over; includes are kept; options say what became of them."""
    found = read_requirements(TEXT)
    assert [(one.line, one.library) for one in found.entries if one.library] == [
        (2, "pandas==2.1.0"),
        (5, "requests[socks]>=2"),
    ]
    assert [(one.include, one.limits) for one in found.entries if one.include] == [
        ("other.txt", False),
        ("limits.txt", True),
    ]
    assert [one.line for one in found.entries if one.reason] == [8, 9]
    assert not found.locked


def test_pins_are_a_lock() -> None:
    """A freeze has exact versions only."""
    assert read_requirements("six==1.16\nattrs==25.1 ; python_version > '3'\n").locked


@pytest.mark.parametrize(
    ("line", "file", "limits"),
    [
        ("-r base.txt", "base.txt", False),
        ("-rbase.txt", "base.txt", False),
        ("-r=base.txt", "base.txt", False),
        ("--requirement=base.txt", "base.txt", False),
        ('--requirement "my base.txt"', "my base.txt", False),
        ("-c ../limits.txt  # all", "../limits.txt", True),
        ("--constraint=limits.txt", "limits.txt", True),
    ],
)
def test_other_files(line: str, file: str, limits: bool) -> None:
    """With and without an equals sign and quotes."""
    found = only(line)
    assert (found.include, found.limits) == (file, limits)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--extra-index-url=https://x.example", "workspace's package indexes"),
        ("-f https://x.example", "workspace's package indexes"),
        ("--find-links wheels", "workspace's package indexes"),
        ("--trusted-host x.example", "workspace's package indexes"),
        ("--no-binary :all:", "built from their source"),
        ("--only-binary=numpy", "built from their source"),
        ("--require-hashes", "verified by its hash"),
        ("--hash=sha256:abc", "verified by its hash"),
        ("--pre", "pre-release"),
        ("--use-feature=fast-deps", "no meaning"),
        ("--frobnicate", "no meaning"),
        ("-e .", "project itself"),
        ("-e .[dev]", "project itself"),
        (".", "project itself"),
        ("-e ./libs/tool", "comes from a folder"),
        ("-e git+https://host.example/a/tool.git@v1#egg=tool", "add tool by name if an index has it"),
        ("git+https://host.example/a/tool", "comes from a repository"),
        ("tool @ git+ssh://git@host.example/a/b", "add tool by name if an index has it"),
        ("https://host.example/tool-1.2-py3-none-any.whl", "add tool==1.2 by name"),
        ("tool @ https://host.example/tool-1.2%2Bcpu-py3-none-any.whl", "add tool==1.2+cpu by name"),
        ("./wheels/tool-1.2.tar.gz", "add tool==1.2 by name"),
        ("tool.whl", "comes from a file"),
        ("C:\\work\\tool", "comes from a folder"),
        ("mine @ file:///home/me/mine", "add mine by name if an index has it"),
        ("${LIBRARY}==1", "environment variable"),
        ("tool==${VERSION}", "environment variable"),
        ("pkg-resources==0.0.0", "mistake"),
        ("pkg_resources==0.0.0", "mistake"),
        ("json", "standard library"),
        ("python>=3.8", "Python itself"),
        ("WARNING: pip is old", "message of pip"),
        ("[notice] To update, run: pip install --upgrade pip", "message of pip"),
        ("Requirement already satisfied: six in /usr/lib", "message of pip"),
        ("pip 24.0", "no installer in it"),
        ("mine 0.1 /home/me/mine", "installed from a folder"),
        ("pip install --upgrade pip", "no installer in it"),
        ("pip install -q", "names no library"),
        ("please install the following", "one library per line"),
        ("foo bar baz", "one library per line"),
        ("C:\\Users\\me> pip freeze", "is a command"),
        ("(base) me@host:~/work$ pip freeze", "is a command"),
        ("(venv) $", "is a command"),
        (">>> import six", "is a command"),
        ("x" * 5000, "5000 characters"),
    ],
)
def test_lines_that_are_no_libraries(line: str, says: str) -> None:
    """Each says why, and what to do."""
    found = only(line)
    assert not found.library
    assert says in found.reason


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("six==1.16 --hash=sha256:abc --hash=sha256:def", ["six==1.16"]),
        ('"six>=1",', ["six>=1"]),
        ("six==1.16 --no-binary=attrs -v", ["six==1.16"]),
        ("six ; python_version > '3' --pre", ["six ; python_version > '3'"]),
        ("six;", ["six"]),
        ("'numpy', 'pandas>=2',", ["numpy", "pandas>=2"]),
        ("[\"six\", 'attrs']", ["six", "attrs"]),
        ("numpy pandas scipy", ["numpy", "pandas", "scipy"]),
        ("numpy, pandas>=2, mine", ["numpy", "pandas>=2", "mine"]),
        ("numpy>=1.20,<2 pandas==2.1", ["numpy>=1.20,<2", "pandas==2.1"]),
        ("six\t>=1", ["six >=1"]),
        ("six\u00a0>=\u200b1", ["six >=1"]),
        ("ｓｉｘ＝＝１．１６", ["six==1.16"]),  # noqa: RUF001 - full-width on purpose
        ("scikit–learn ≥ 1", ["scikit-learn >= 1"]),  # noqa: RUF001 - a dash on purpose
        ("“six”", ["six"]),
        ("- numpy", ["numpy"]),
        ("* numpy>=1", ["numpy>=1"]),
        ("2. numpy", ["numpy"]),
        ("numpy 1.26.4", ["numpy==1.26.4"]),
        ("numpy (1.26.4)", ["numpy==1.26.4"]),
        ("$ pip install six", ["six"]),
        ("!pip install six 'attrs>=2' -q", ["six", "attrs>=2"]),
        ("%pip install -U six", ["six"]),
        ("(base) me@host:~/work$ python -m pip install six", ["six"]),
        ("C:\\> py -3 -m pip install six", ["six"]),
        ("sudo pip3 install six --user", ["six"]),
        ("pip install six attrs # both", ["six", "attrs"]),
        ("conda install -c conda-forge pytorch=2.1", ["torch==2.1.*"]),
        ("uv add six", ["six"]),
        ("poetry add six@^1.0 attrs@latest", ["six", "attrs"]),
        ("dataclasses", ["dataclasses"]),
        ("pandas>=1.0.*", ["pandas>=1.0"]),
        ("numpy=1.2", ["numpy=1.2"]),
    ],
)
def test_lines_as_people_write_them(line: str, wanted: list[str]) -> None:
    """Lists, tables, commands, characters of word processors; prose is no list."""
    assert libraries(line) == wanted


def test_what_is_lost_of_a_library_is_noted() -> None:
    """Nothing is lost silently, also of lines that are taken."""
    assert "--global-option" in only('six==1 --global-option="a b"').note
    assert "--no-binary=attrs" in only("six==1 --no-binary=attrs").note
    assert "without a version" in only("numpy @ file:///home/conda/feedstock_root/numpy_1/work").note
    assert "by its name and version" in only("numpy @ file:///tmp/numpy-1.2.3-cp311-cp311-linux_x86_64.whl").note
    assert "numpy 1.0 builds" not in only("numpy 1.0 py39 conda-forge").text
    assert "'py39 conda-forge'" in only("numpy 1.0 py39 conda-forge").note
    found = combine([GivenFile(name="a", document=read_requirements("pandas>=1.0.*"))], [{}])
    assert [one.reason for one in found.files[0].taken] == ["is read as pandas>=1.0"]


def test_conda_freeze() -> None:
    """The version is in the name of a file, or it is unknown."""
    text = (
        "numpy @ file:///croot/numpy_1/work\n"
        "six @ file:///C:/b/abs_1/croot/six_2/work\n"
        'attrs[x] @ file:///tmp/attrs-25.1-py3-none-any.whl#sha256=abc ; python_version > "3"\n'
    )
    assert libraries(text) == ["numpy", "six", 'attrs[x]==25.1 ; python_version > "3"']


def test_pip_list() -> None:
    """The table has a heading, columns, folders of editable installs, and pip itself."""
    text = (
        "Package    Version Editable project location\n---------- ------- ---\n"
        "numpy      1.2.3\npip 24.0\nmine       0.1     /home/me/mine\n"
    )
    found = read_requirements(text)
    assert [one.library for one in found.entries if one.library] == ["numpy==1.2.3"]
    assert [one.line for one in found.entries] == [1, 2, 3, 4, 5]


def test_editable_installs_of_a_freeze() -> None:
    """A comment names the library of the next line."""
    (found,) = read_requirements("# Editable install with no version control (tool==1.0)\n-e /home/me/tool\n").entries
    assert "editable install of tool" in found.reason


def test_passwords_are_not_shown() -> None:
    """An index URL may hold a token."""
    assert "secret" not in only("--index-url https://me:secret@index.example/simple").text
    assert "secret" not in only("tool @ git+https://secret@host.example/a/b").text


def test_the_python_that_a_file_names() -> None:
    """As a version, or as a specifier."""
    assert read_requirements("python==3.11.4\nsix").python == "3.11"
    assert read_requirements("python>=3.9\nsix").requires_python == ">=3.9"
    assert read_requirements("python\nsix").python is None


def test_annotations_of_pip_compile() -> None:
    """Which libraries were asked for, and which one requires which."""
    text = (
        "anyio==4.0 \\\n    --hash=sha256:1\n    # via\n    #   -r requirements.in\n    #   starlette\n"
        "idna==3.4\n    # via anyio\nstarlette==0.2    # via fastapi, -c limits.txt\nfastapi==1.0\n"
        "rich==13.0\n    # via mine (pyproject.toml)\n"
    )
    found = read_requirements(text)
    assert found.direct == {"anyio", "fastapi", "rich"}
    assert found.requires == {"starlette": ("anyio",), "anyio": ("idna",), "fastapi": ("starlette",)}
    assert found.locked
    assert len(found.entries) == 5


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_no_libraries(text: str) -> None:
    """An empty list says so, and what to do."""
    with pytest.raises(InvalidInputError, match=r"holds no libraries|is empty") as caught:
        read(text, "requirements.txt")
    assert caught.value.hint


LINES = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.sampled_from(
            [
                "numpy",
                "-e .",
                "--pre",
                "pip install",
                "$ pip install six \\",
                "# x",
                "a \\",
                "-",
                "'",
                '"',
                "a, b",
                "1.",
            ]
        ),
    ),
    max_size=8,
)


@given(LINES)
def test_every_line_is_accounted_for(lines: list[str]) -> None:
    """The number of each line that is not blank and no comment appears among the entries."""
    text = "\n".join(lines)
    numbers = {one.line for one in read_requirements(text).entries}
    expected = {number for number, _ in logical_lines(typed(text))}
    assert numbers == expected
    continued = False
    for number, line in enumerate(typed(text).split("\n"), 1):
        bare = line.strip()
        if bare and not bare.startswith("#") and not continued and bare != "\\":
            assert number in numbers or bare.rstrip("\\").strip() == "" or line.rstrip().endswith("\\")
        continued = line.rstrip().endswith("\\") and not bare.startswith("#")
