"""Project files: pyproject.toml of each tool, Pipfile, setup.cfg, and setup.py without running it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import InvalidInputError
from assay.core.intake.combine import GivenFile, combine
from assay.core.intake.document import Document
from assay.sources.intake.kinds import kind_of, read
from assay.sources.intake.projects.poetry import read_pipfile
from assay.sources.intake.projects.pyproject import read_pyproject
from assay.sources.intake.projects.setup_cfg import read_setup_cfg
from assay.sources.intake.projects.setup_py import read_setup_py

Row = tuple[int, str, str]


def rows(found: Document) -> list[Row]:
    """Return line, library or file, and choice of each entry that has no reason."""
    return [(one.line, one.library or f"file {one.include}", one.choice) for one in found.entries if not one.reason]


def reasons(found: Document) -> list[Row]:
    """Return line, reason and choice of each entry that is neither library nor file."""
    return [(one.line, one.reason, one.choice) for one in found.entries if one.reason]


STANDARD = """\
[build-system]
requires = ["hatchling>=1"]
[project]
name = "My_Tool"
requires-python = ">=3.9"
dependencies = [
  "numpy>=1.2",  # arrays
  'pandas; python_version < "3.12"',
  "tool @ git+https://host.example/a/tool",
]
[project.optional-dependencies]
test_all = ["pytest", "my-tool[docs]"]
docs = ["sphinx>=2"]
all = ["my-tool[test-all,nothing]", "my.tool"]
loop = ["my-tool[loop]"]
[dependency-groups]
dev = [{include-group = "Lint"}, "my-tool[docs]", 5]
lint = ["ruff"]
ring = [{include-group = "ring"}]
"""


def test_the_standard() -> None:
    """Extras and groups are choices; what they include of the project is resolved."""
    found = read_pyproject(STANDARD)
    assert rows(found) == [
        (7, "numpy>=1.2", ""),
        (8, 'pandas; python_version < "3.12"', ""),
        (12, "pytest", "extra test_all"),
        (12, "sphinx>=2", "extra test_all"),
        (13, "sphinx>=2", "extra docs"),
        (14, "pytest", "extra all"),
        (14, "sphinx>=2", "extra all"),
        (17, "ruff", "group dev"),
        (17, "sphinx>=2", "group dev"),
        (18, "ruff", "group lint"),
        (2, "hatchling>=1", "build requirements"),
    ]
    said = reasons(found)
    assert said[0][0] == 9
    assert "add tool by name" in said[0][1]
    assert [(one[1], one[2]) for one in said[1:]] == [
        ("is not in this file", "extra all"),
        ("is the project itself; its code is not part of an environment", "extra all"),
        ("includes itself", "extra loop"),
        ("is no requirement", "group dev"),
        ("includes itself", "group ring"),
    ]
    assert found.requires_python == ">=3.9"
    assert not any(one.selected for one in found.choices)
    assert [one.label for one in found.choices][:2] == ["Extra test_all", "Extra docs"]
    taken = combine(
        [GivenFile(name="p", document=found)], [{"python_version": "3.11"}], selected=[("p", "group dev")]
    )
    assert taken.libraries == ("numpy>=1.2", "pandas", "ruff", "sphinx>=2")


def test_tools() -> None:
    """PDM, uv, rye, Hatch and Flit; own indexes and sources have reasons and notes."""
    found = read_pyproject(
        "[project]\ndependencies = ['bar', 'torch', 'six', 'baz', 'zip', 'not valid !!']\n"
        "[tool.pdm.dev-dependencies]\nt = ['pytest', '-e file:///${PROJECT_ROOT}/sub#egg=sub']\n"
        "[tool.uv]\ndev-dependencies = ['mypy']\nconstraint-dependencies = ['six<2']\n"
        "override-dependencies = ['attrs==25.1']\n"
        "[tool.uv.sources]\nbar = { git = 'https://host.example/bar' }\ntorch = [{ index = 'cpu', marker = 'x' }]\n"
        "baz = { workspace = true }\nzip = { url = 'https://x.example/zip.zip' }\nsix = 1\n"
        "[[tool.uv.index]]\nurl = 'https://me:secret@index.example/simple'\n"
        "[tool.rye]\ndev-dependencies = ['black']\n"
        "[tool.hatch.envs.docs]\ndependencies = ['mkdocs']\nextra-dependencies = ['furo']\n"
        "[tool.flit.metadata]\nrequires = ['requests']\ndev-requires = ['tox']\nrequires-python = '>=3.8'\n"
        "[tool.flit.metadata.requires-extra]\ndoc = ['sphinx']\n"
    )
    assert rows(found) == [
        (2, "torch", ""),
        (2, "six", ""),
        (2, "not valid !!", ""),
        (4, "pytest", "group t"),
        (6, "mypy", "group dev"),
        (18, "black", "group dev"),
        (7, "six<2", ""),
        (8, "attrs==25.1", ""),
        (20, "mkdocs", "environment docs"),
        (21, "furo", "environment docs"),
        (23, "requests", ""),
        (24, "tox", "group dev"),
        (27, "sphinx", "extra doc"),
    ]
    assert [one.limits for one in found.entries].count(True) == 2
    assert [one.note for one in found.entries if one.note] == [
        "is taken from the workspace's package indexes, not from the index in [tool.uv.sources]"
    ]
    said = " | ".join(one[1] for one in reasons(found))
    for part in ("a repository", "a folder of the project", "a URL", "add sub by name", "is a package index"):
        assert part in said
    assert "secret" not in str(found)
    assert found.requires_python == ">=3.8"


def test_dynamic_dependencies() -> None:
    """The files that setuptools and Hatch read are named, or the person is told where to look."""
    head = "[project]\ndynamic = ['dependencies', 'optional-dependencies']\n"
    found = read_pyproject(
        head + "[tool.setuptools.dynamic]\ndependencies = { file = ['requirements.txt'] }\n"
        "optional-dependencies.dev = { file = 'dev.txt' }\n"
    )
    assert rows(found) == [(4, "file requirements.txt", ""), (5, "file dev.txt", "extra dev")]
    hook = "[tool.hatch.metadata.hooks.requirements_txt]\nfiles = ['requirements.txt']\n"
    found = read_pyproject(
        head + hook + "[tool.hatch.metadata.hooks.requirements_txt.optional-dependencies]\nx = ['x.txt']\n"
    )
    assert rows(found) == [(4, "file requirements.txt", ""), (6, "file x.txt", "extra x")]
    assert [one[1][:29] for one in reasons(read_pyproject(head))] == ["are listed in another file; i"] * 2
    found = read_pyproject(head + "[tool.poetry.dependencies]\nsix = '*'\n[tool.poetry.extras]\nx = ['six']\n")
    assert rows(found) == [(4, "six", "extra x")]


@pytest.mark.parametrize(
    ("text", "line"),
    [("[tool.black]\nx = 1", 1), ("\n[build-system]\nrequires = ['x']", 2), ("[project]\nname='x'", 1)],
)
def test_a_project_file_without_libraries(text: str, line: int) -> None:
    """It has settings only; where else to look is said."""
    found = read(text, "pyproject.toml")
    assert [(one[0], one[1][:18]) for one in reasons(found)] == [(line, "lists no libraries")]
    with pytest.raises(InvalidInputError, match="holds no libraries"):
        read("# nothing", "pyproject.toml")


def test_poetry() -> None:
    """Carets, several tables, extras, groups that include others, and what comes from elsewhere."""
    found = read_pyproject(
        '[tool.poetry]\nname = "x"\n[tool.poetry.dependencies]\npython = "^3.9"\npandas = "^2.0"\n'
        'requests = {version = "~2.28", extras = ["socks"], source = "own"}\n'
        'tool = {git = "https://host.example/tool"}\nhere = {path = "."}\nsub = {path = "../sub", develop = true}\n'
        'web = {url = "https://x.example/web-1-py3-none-any.whl"}\nwin = {version = "*", platform = "win32"}\n'
        'opt = {version = ">=1", optional = true}\nother = {version = "*", optional = true}\n'
        'many = [{version = "<=1.9", python = "<3.8"}, {version = "^2.0", python = ">=3.8"}]\nbad = "what??"\n'
        '[tool.poetry.dependencies.long]\nversion = "1.*"\n'
        '[tool.poetry.extras]\ne = ["opt"]\nf = ["opt"]\n[tool.poetry.dev-dependencies]\nblack = "*"\n'
        '[tool.poetry.group.test.dependencies]\npytest = "*"\n[tool.poetry.group.all]\ninclude-groups = ["test"]\n'
        '[[tool.poetry.source]]\nname = "own"\nurl = "https://index.example"\n'
    )
    assert rows(found) == [
        (5, "pandas (>=2.0,<3.0)", ""),
        (6, "requests[socks] (>=2.28,<2.29)", ""),
        (11, 'win ; sys_platform == "win32"', ""),
        (12, "opt (>=1)", "extra e"),
        (12, "opt (>=1)", "extra f"),
        (13, "other", "optional"),
        (14, 'many (<=1.9) ; python_version < "3.8"', ""),
        (14, 'many (>=2.0,<3.0) ; python_version >= "3.8"', ""),
        (16, "long (==1.*)", ""),
        (22, "black", "group dev"),
        (24, "pytest", "group test"),
        (26, "pytest", "group all"),
    ]
    assert [one[0] for one in reasons(found)] == [7, 8, 9, 10, 15, 29]
    said = " | ".join(one[1] for one in reasons(found))
    for part in ("a repository", "project itself", "a folder", "a URL", "no version", "is a package index"):
        assert part in said
    assert [one.note for one in found.entries if one.note] == ["is taken without source = own"]
    assert found.requires_python == ">=3.9,<4.0"
    assert read_pyproject('[tool.poetry.dependencies]\npython = "??"\nsix = "*"').requires_python == ""


def test_pipfile() -> None:
    """Markers in their short form, categories, own indexes."""
    found = read_pipfile(
        '[[source]]\nurl = "https://pypi.org/simple"\n[[source]]\nurl = "https://me:secret@index.example"\n[packages]\n'
        'requests = "*"\ndjango = {version = ">=2,<3", extras = ["argon2"]}\n'
        '"win" = {version = "*", sys_platform = "== \'win32\'", markers = "python_version > \'3.8\'"}\n'
        'here = {path = ".", editable = true}\ntool = {git = "https://host.example/a", ref = "x"}\n'
        'own = {version = "*", index = "own"}\n'
        '[dev-packages]\npytest = "==8.*"\n[docs]\nsphinx = "*"\n[requires]\npython_full_version = "3.9.1"\n'
    )
    assert rows(found) == [
        (6, "requests", ""),
        (7, "django[argon2] (>=2,<3)", ""),
        (8, 'win ; python_version > "3.8" and sys_platform == "win32"', ""),
        (11, "own", ""),
        (13, "pytest (==8.*)", "group dev"),
        (15, "sphinx", "group docs"),
    ]
    assert [one[0] for one in reasons(found)] == [9, 10, 4]
    assert found.python == "3.9"
    assert "secret" not in str(found)
    assert [one.note for one in found.entries if one.note] == ["is taken without index = own"]


def test_setup_cfg() -> None:
    """Lists, lists in one line, files, options that name others."""
    found = read_setup_cfg(
        "[metadata]\nname = tool\n[options]\npython_requires = >=3.8\ninstall_requires =\n    numpy>=1.2  # arrays\n"
        '    # a comment\n    pandas; python_version < "3.12"\n    tool\nsetup_requires = a; b\n'
        "tests_require = file: test.txt, more.txt\n[options.extras_require]\ndev =\n    tool[test, nothing]\n"
        "    %(docs)s\ntest = pytest\ndocs = sphinx\nring = %(ring)s\n"
    )
    assert rows(found) == [
        (6, "numpy>=1.2", ""),
        (8, 'pandas; python_version < "3.12"', ""),
        (10, "a", "build requirements"),
        (10, "b", "build requirements"),
        (11, "file test.txt", "extra tests"),
        (11, "file more.txt", "extra tests"),
        (14, "pytest", "extra dev"),
        (15, "sphinx", "extra dev"),
        (16, "pytest", "extra test"),
        (17, "sphinx", "extra docs"),
    ]
    assert [one[0] for one in reasons(found)] == [9, 14, 18]
    assert found.requires_python == ">=3.8"


SETUP_PY = '''\
import os, sys
from setuptools import setup
V = "1.0"
requires = ["numpy>=1.2", f"pandas=={V}", "six" ";python_version<'3'"]
requires += ["a"]
requires.append("b")
requires.extend(("c", *["d"]))
requires = requires + ["e"]
if sys.version_info < (3, 8):
    requires.append("importlib-metadata")
elif sys.platform == "win32":
    requires += ["pywin32"]
elif os.environ.get("GPU"):
    requires.append("cupy")
else:
    requires += ["other; python_version > '3'"]
extras = {"test": ["pytest"], ":python_version<'3'": ["enum34"], "docs": """
sphinx>=1
furo
""".split(), **{"more": list(["tox"])}}
extras["all"] = extras["test"] + extras["docs"]
extras["sum"] = sum(extras.values(), [])
extras.update(dict(lines="""# comment
black  # formatter
""".strip()))
with open("requirements-dev.txt") as file:
    extras["dev"] = [line for line in file]
def from_file(name="requirements/base.txt"):
    with open(name) as file:
        return file.read()
arguments = dict(install_requires=requires, extras_require=extras, python_requires=">=3.6")
if __name__ == "__main__":
    setup(name="x", setup_requires=from_file(), tests_require=from_file("test-requirements.txt"), **arguments)
'''


def test_setup_py() -> None:
    """What is literal is read, conditions become markers; the rest has a reason or names its file."""
    found = read_setup_py(SETUP_PY)
    assert rows(found) == [
        (4, "numpy>=1.2", ""),
        (4, "pandas==1.0", ""),
        (4, "six;python_version<'3'", ""),
        (5, "a", ""),
        (6, "b", ""),
        (7, "c", ""),
        (7, "d", ""),
        (8, "e", ""),
        (10, 'importlib-metadata ; python_version < "3.8"', ""),
        (12, 'pywin32 ; python_version >= "3.8" and sys_platform == "win32"', ""),
        (33, "file requirements/base.txt", "build requirements"),
        (33, "file test-requirements.txt", "extra tests"),
        (17, "pytest", "extra test"),
        (17, "enum34 ; python_version<'3'", ""),
        (18, "sphinx>=1", "extra docs"),
        (19, "furo", "extra docs"),
        (20, "tox", "extra more"),
        (17, "pytest", "extra all"),
        (18, "sphinx>=1", "extra all"),
        (19, "furo", "extra all"),
        (24, "black", "extra lines"),
        (27, "file requirements-dev.txt", "extra dev"),
    ]
    assert [(one[0], one[1][:14]) for one in reasons(found)] == [
        (14, "is needed only"),
        (16, "is needed only"),
        (22, "is known only "),
    ]
    assert found.requires_python == ">=3.6"


@pytest.mark.parametrize(
    ("condition", "marker"),
    [
        ("sys.version_info[0] == 2", 'python_version == "2"'),
        ("sys.version_info.major < 3", 'python_version < "3"'),
        ("not sys.version_info >= (3, 8, 1)", 'python_version < "3.8"'),
        ("sys.platform.startswith('win')", 'sys_platform == "win32"'),
        ("not sys.platform.startswith('linux')", 'sys_platform != "linux"'),
        ("os.name == 'nt'", 'os_name == "nt"'),
        ("platform.system() != 'Windows'", 'platform_system != "Windows"'),
        ("sys.platform.startswith('x')", ""),
        ("sys.version_info[1] == 2", ""),
        ("platform.system() == name", ""),
        ("1 < x < 2", ""),
    ],
)
def test_conditions_of_setup_py(condition: str, marker: str) -> None:
    """Those that ask for Python or the system are markers."""
    body = f"requires = []\nif {condition}:\n    requires = ['six']\n"
    text = f"from setuptools import setup\n{body}setup(install_requires=requires)"
    found = read_setup_py(text)
    assert rows(found) == ([(4, f"six ; {marker}", "")] if marker else [])
    assert len(found.entries) == 1


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("setup()", "names no libraries"),
        ("setup(install_requires=load())", "setup.py runs"),
        ("setup(extras_require=load())", "setup.py runs"),
        ("setup(**load())", "setup.py runs"),
        ("setup(install_requires={'a': 'b'})", "setup.py runs"),
        ("setup(install_requires=[['a']])", "setup.py runs"),
    ],
)
def test_setup_py_that_tells_nothing(call: str, says: str) -> None:
    """Each has one entry."""
    (found,) = read_setup_py(f"import setuptools\nfrom x import load, setup\n{call}\n").entries
    assert says in found.reason


def test_more_of_setup_py() -> None:
    """Pbr reads requirements.txt; `setup` within a function; old sources are refused."""
    found = read_setup_py("import setuptools\nsetuptools.setup(setup_requires=['pbr'], pbr=True)\n")
    assert rows(found) == [(2, "pbr", "build requirements"), (2, "file requirements.txt", "")]
    body = "    needed = 'six'\n    try:\n        setup(install_requires=needed)\n    except E:\n        x()\n"
    found = read_setup_py("def main():\n" + body)
    assert rows(found) == [(2, "six", "")]
    with pytest.raises(InvalidInputError, match="no Python 3 source"):
        read("print 'x'", "setup.py")
    doubled = "x = ['a', 'b']\n" + "x = x + x\n" * 40 + "setup(install_requires=x)\n"
    assert len(read_setup_py(doubled).entries) < 3000
    nested = "x = ['a']\n" + "x = [x, x]\n" * 60 + "setup(install_requires=x)\n"
    assert len(read_setup_py(nested).entries) == 2
    deep = "x = 'a'" + " + 'a'" * 3000 + "\nsetup(install_requires=x)\n"
    with pytest.raises(InvalidInputError):
        read(deep, "setup.py")


def test_kinds() -> None:
    """By name and by content."""
    assert kind_of("from setuptools import setup").name == "setup-py"
    assert kind_of("", "lib/setup.py").name == "setup-py"
    assert kind_of("[tool.poetry]").name == "pyproject"


@given(
    st.lists(
        st.sampled_from(
            [
                "[project]",
                "dependencies = ['six', 1, {}]",
                "dynamic = [{}, 'dependencies']",
                "name = 'x'",
                "[tool.uv]",
                "sources = {six = [1, {git = 'x'}]}",
                "[tool.poetry]",
                "dependencies = {a = 1, b = [], c = {git = 1}}",
                "extras = {a = ['b', 1]}",
                "group = {x = {include-groups = ['x', 1]}, y = 1}",
                "[build-system]",
                "requires = 1",
                "[dependency-groups]",
                "a = [{include-group = 'a'}, {}, 'x[y]']",
                "[packages]",
                "a = {}",
                "[[source]]",
                "url = 1",
                "[options]",
                "install_requires = a",
                "[options.extras_require]",
                "a = %(a)s",
            ]
        ),
        max_size=8,
    ),
    st.sampled_from(["pyproject.toml", "Pipfile", "setup.cfg"]),
)
def test_odd_tables_are_read_or_refused(lines: list[str], name: str) -> None:
    """Values of any type, anywhere."""
    try:
        found = read("\n".join(lines), name)
    except InvalidInputError:
        return
    assert all(one.library or one.include or one.reason for one in found.entries)
    combine([GivenFile(name=name, document=found)], [{}])
