"""Each lock file becomes exact versions with their markers and choices; what is no library of an index says why."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import AssayError
from assay.core.intake.combine import Combined, GivenFile, combine
from assay.core.intake.document import Document
from assay.sources.intake.formats import PROJECT_ITSELF
from assay.sources.intake.kinds import read
from assay.sources.intake.locks.conda import read_conda_lock
from assay.sources.intake.locks.entries import ADDRESS, PATH, REPOSITORY, UNCONDITIONAL, UNREACHED
from assay.sources.intake.locks.pixi import read_pixi_lock

LINUX = {
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "os_name": "posix",
    "python_version": "3.11",
    "python_full_version": "3.11.9",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
}
LINUX_313 = {**LINUX, "python_version": "3.13", "python_full_version": "3.13.1"}


def combined(found: Document, *selected: str) -> Combined:
    """Combine a document for Python 3.11 and 3.13 on Linux."""
    given = [GivenFile(name="x", document=found)]
    return combine(given, [LINUX, LINUX_313], selected=[("x", one) for one in selected] if selected else None)


def by_choice(found: Document) -> dict[str, list[str]]:
    """Return the libraries by choice."""
    choices = dict.fromkeys(one.choice for one in found.entries)
    return {
        choice: [one.library for one in found.entries if one.choice == choice and one.library] for choice in choices
    }


def reasons(found: Document) -> dict[str, str]:
    """Return why each entry is no library."""
    return {one.text: one.reason for one in found.entries if one.reason}


UV = """\
version = 1
revision = 3
requires-python = ">=3.11"
resolution-markers = ["python_full_version >= '3.12'", "python_full_version < '3.12'"]

[[package]]
name = "work"
version = "0.1.0"
source = { editable = "." }
dependencies = [
    { name = "jupyter" },
    { name = "uvicorn", extra = ["standard"] },
    { name = "numpy", version = "1.26.4", marker = "python_full_version < '3.12'" },
    { name = "numpy", version = "2.1.0", marker = "python_full_version >= '3.12'" },
    { name = "from-git" },
    { name = "xxhash" },
    { name = "from-url" },
    { name = "beside" },
]

[package.optional-dependencies]
plot = [{ name = "matplotlib" }]

[package.dev-dependencies]
dev = [{ name = "pytest" }, { name = "jupyter" }]

[package.metadata]
requires-dist = [{ name = "jupyter", specifier = ">=1" }]

[[package]]
name = "jupyter"
version = "1.0.0"
source = { registry = "https://pypi.org/simple" }
dependencies = [{ name = "terminado" }]
sdist = { url = "https://files.example/j.tar.gz", hash = "sha256:00", size = 1 }
wheels = [
    { url = "https://files.example/j.whl", hash = "sha256:00", size = 1 },
]

[[package]]
name = "terminado"
version = "0.18.1"
source = { registry = "https://pypi.org/simple" }
dependencies = [
    { name = "ptyprocess", marker = "os_name != 'nt'" },
    { name = "pywinpty", marker = "os_name == 'nt'" },
]

[[package]]
name = "ptyprocess"
version = "0.7.0"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "pywinpty"
version = "2.0.14"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "uvicorn"
version = "0.30.0"
source = { registry = "https://pypi.org/simple" }

[package.optional-dependencies]
standard = [{ name = "uvloop", marker = "sys_platform != 'win32'" }]

[[package]]
name = "uvloop"
version = "0.20.0"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "numpy"
version = "1.26.4"
source = { registry = "https://pypi.org/simple" }
resolution-markers = ["python_full_version < '3.12'"]

[[package]]
name = "numpy"
version = "2.1.0"
source = { registry = "https://pypi.org/simple" }
resolution-markers = ["python_full_version >= '3.12'"]

[[package]]
name = "matplotlib"
version = "3.9.0"
source = { registry = "https://download.example/whl" }
dependencies = [{ name = "numpy" }]

[[package]]
name = "pytest"
version = "8.0.0"
source = { registry = "https://pypi.org/simple" }
dependencies = [{ name = "colorama", marker = "sys_platform == 'win32'" }]

[[package]]
name = "colorama"
version = "0.4.6"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "from-git"
version = "1.0"
source = { git = "https://github.com/a/b?rev=1#2" }

[[package]]
name = "from-url"
version = "1.0"
source = { url = "https://example.org/x.whl" }

[[package]]
name = "beside"
version = "1.0"
source = { directory = "../beside" }
dependencies = [{ name = "six" }]

[[package]]
name = "six"
version = "1.16.0"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "xxhash"
version = "3.0"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "alone"
version = "1.0"
source = { registry = "https://pypi.org/simple" }
"""


def test_uv() -> None:
    """Markers along the paths, versions of a fork, extras and groups; sources other than an index have a reason."""
    found = read(UV, "uv.lock")
    assert found == read(UV)
    assert (found.kind, found.locked, found.requires_python) == ("uv-lock", True, ">=3.11")
    assert [(one.name, one.label, one.selected) for one in found.choices] == [
        ("extra plot", "Extra plot", False),
        ("group dev", "Group dev", False),
    ]
    assert combined(found).libraries == (
        "jupyter==1.0.0",
        "terminado==0.18.1",
        "ptyprocess==0.7.0",
        "uvicorn[standard]==0.30.0",
        "uvloop==0.20.0",
        'numpy==1.26.4; python_full_version < "3.12"',
        'numpy==2.1.0; python_full_version >= "3.12"',
        "six==1.16.0",
        "xxhash==3.0",
    )
    assert by_choice(found)["extra plot"] == [
        "numpy==1.26.4 ; (python_full_version < '3.12')",
        "numpy==2.1.0 ; (python_full_version >= '3.12')",
        "matplotlib==3.9.0",
    ]
    assert by_choice(found)["group dev"] == ["pytest==8.0.0", "colorama==0.4.6 ; sys_platform == 'win32'"]
    left = {one.entry.text: one.reason for one in combined(found).files[0].left_out}
    assert left["pywinpty 2.0.14"] == 'is for other systems or Pythons only: os_name == "nt"'
    assert reasons(found) == {
        "work 0.1.0": PROJECT_ITSELF,
        "from-git 1.0": REPOSITORY,
        "from-url 1.0": ADDRESS,
        "beside 1.0": PATH,
        "alone 1.0": UNREACHED,
    }
    assert found.direct == {
        "jupyter", "uvicorn", "numpy", "from-git", "from-url", "beside", "matplotlib", "pytest", "xxhash",
    }  # fmt: skip
    assert found.requires["terminado"] == ("ptyprocess", "pywinpty")
    assert found.requires["uvicorn"] == ("uvloop",)
    assert found.notes == ("Libraries come from the workspace's package indexes, not from download.example.",)


WORKSPACE = """\
version = 1
requires-python = ">=3.11"

[manifest]
members = ["one", "two"]

[[package]]
name = "one"
version = "1"
source = { virtual = "packages/one" }
dependencies = [{ name = "six" }]
[package.optional-dependencies]
x = [{ name = "attrs" }]

[[package]]
name = "two"
version = "1"
source = { editable = "packages/two" }
dependencies = [{ name = "idna" }, { name = "one" }]

[[package]]
name = "six"
version = "1.16.0"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "attrs"
version = "25.1"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "idna"
version = "3"
source = { registry = "https://pypi.org/simple" }
"""


def test_a_marker_that_is_too_long_for_a_line() -> None:
    """The library is taken without it, and says so."""
    marker = " or ".join(f"platform_machine == 'machine{number}'" for number in range(20))
    found = read(f'[[packages]]\nname = "greenlet"\nversion = "3.2"\nmarker = "{marker}"\n').entries[0]
    assert (found.library, found.note) == ("greenlet==3.2", UNCONDITIONAL)


def test_a_workspace_of_uv() -> None:
    """Without a root, all members are selected; with one, none beside it."""
    found = read(WORKSPACE)
    assert by_choice(found) == {
        "package one": ["six==1.16.0"],
        "extra x of one": ["attrs==25.1"],
        "package two": ["six==1.16.0", "idna==3"],
        "": [],
    }
    assert [one.name for one in found.choices if one.selected] == ["package one", "package two"]
    rooted = read(WORKSPACE.replace('virtual = "packages/one"', 'virtual = "."'))
    assert by_choice(rooted) == {"": ["six==1.16.0"], "extra x": ["attrs==25.1"], "package two": ["idna==3"]}
    assert not any(one.selected for one in rooted.choices)


def test_a_workspace_whose_root_requires_nothing() -> None:
    """All members are selected; a lock that has groups only selects these."""
    root = '[[package]]\nname = "root"\nversion = "1"\nsource = { virtual = "." }\n'
    group = '[package.dev-dependencies]\ndev = [{ name = "idna" }]\n'
    found = read(f"{WORKSPACE}\n{root}{group}")
    assert [one.name for one in found.choices if one.selected] == ["package one", "package two"]
    alone = WORKSPACE[WORKSPACE.index('[[package]]\nname = "six"') :]
    found = read(f'version = 1\nrequires-python = ">=3"\n{alone}\n{root}{group}')
    assert [(one.name, one.selected) for one in found.choices] == [("group dev", True)]


def test_a_script_and_a_lock_without_a_project() -> None:
    """The requirements of a script are in the manifest; without any, everything is taken."""
    packages = WORKSPACE[WORKSPACE.index('[[package]]\nname = "six"') :]
    script = read(
        f'version = 1\nrequires-python = ">=3"\n[manifest]\nrequirements = [{{ name = "six" }}]\n{packages}'
    )
    assert by_choice(script) == {"": ["six==1.16.0"]}
    assert script.direct == {"six"}
    grouped = read(
        f'version = 1\nrequires-python = ">=3"\n[manifest.dependency-groups]\ndev = [{{ name = "six" }}]\n{packages}'
    )
    assert by_choice(grouped)["group dev"] == ["six==1.16.0"]
    bare = read(f'version = 1\nrequires-python = ">=3"\n{packages}')
    assert by_choice(bare) == {"": ["six==1.16.0", "attrs==25.1", "idna==3"]}


CONFLICTS = """\
version = 1
requires-python = ">=3.11"
conflicts = [[{ package = "work", extra = "cpu" }, { package = "work", extra = "gpu" }]]

[[package]]
name = "work"
version = "1"
source = { virtual = "." }
dependencies = [
    { name = "torch", version = "2.0", marker = "extra != 'extra-4-work-cpu' and extra != 'extra-4-work-gpu'" },
]
[package.optional-dependencies]
cpu = [{ name = "torch", version = "2.0+cpu" }]
gpu = [{ name = "helper" }]

[[package]]
name = "helper"
version = "1"
source = { registry = "https://pypi.org/simple" }
dependencies = [
    { name = "torch", version = "2.0+cpu", marker = "extra == 'extra-4-work-cpu'" },
    { name = "torch", version = "2.0+cu1", marker = "extra == 'extra-4-work-gpu' and sys_platform == 'linux'" },
]
[[package]]
name = "torch"
version = "2.0"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "torch"
version = "2.0+cpu"
source = { registry = "https://download.example/cpu" }
[[package]]
name = "torch"
version = "2.0+cu1"
source = { registry = "https://download.example/cu1" }
"""


def test_extras_that_exclude_each_other() -> None:
    """Each choice has its own version."""
    found = read(CONFLICTS)
    assert [(one.choice, one.text) for one in found.entries if one.library] == [
        ("", "torch 2.0"),
        ("extra cpu", "torch 2.0+cpu"),
        ("extra gpu", "helper 1"),
        ("extra gpu", "torch 2.0+cu1"),
    ]
    assert by_choice(found)["extra gpu"] == ["helper==1", "torch==2.0 ; sys_platform == 'linux'"]
    assert found.notes[1] == "Local versions are taken as public ones: torch 2.0+cpu, torch 2.0+cu1."


POETRY_1 = """\
# This file is automatically @generated by Poetry 1.4.0 and should not be changed by hand.

[[package]]
name = "ipython"
version = "8.0.0"
category = "main"
optional = false
python-versions = ">=3.8"
files = [
    {file = "ipython-8.0.0-py3-none-any.whl", hash = "sha256:00"},
]

[package.dependencies]
colorama = {version = "*", markers = "sys_platform == \\"win32\\""}
six = "*"

[[package]]
name = "colorama"
version = "0.4.6"
category = "main"
optional = false
python-versions = "*"

[[package]]
name = "six"
version = "1.16.0"
category = "main"
optional = false
python-versions = "*"

[[package]]
name = "sphinx"
version = "7.0"
category = "main"
optional = true
python-versions = "*"
[package.dependencies]
docutils = [
    {version = "0.20", markers = "python_version < \\"3.12\\""},
    {version = "0.20", optional = true, markers = "extra == \\"test\\" and python_version < \\"3.12\\""},
]

[[package]]
name = "docutils"
version = "0.20"
category = "main"
optional = true
python-versions = "*"

[[package]]
name = "stray"
version = "1"
category = "main"
optional = true
python-versions = "*"

[[package]]
name = "pytest"
version = "7.0"
category = "dev"
optional = false
python-versions = "*"

[[package]]
name = "own"
version = "1"
category = "main"
optional = false
python-versions = "*"
[package.source]
type = "git"
url = "https://github.com/a/b"

[[package]]
name = "inner"
version = "1"
category = "main"
optional = false
python-versions = "*"
[package.source]
type = "legacy"
url = "https://index.example/simple"

[extras]
docs = ["sphinx (>=7)"]

[metadata]
lock-version = "2.0"
python-versions = "^3.9"
content-hash = "00"
"""


def test_poetry_1() -> None:
    """Categories and extras are choices; a marker comes along the paths."""
    found = read(POETRY_1, "poetry.lock")
    assert found == read(POETRY_1)
    assert by_choice(found) == {
        "": ["ipython==8.0.0", 'colorama==0.4.6 ; sys_platform == "win32"', "six==1.16.0", "inner==1"],
        "extra docs": ["sphinx==7.0", 'docutils==0.20 ; python_version < "3.12"'],
        "optional": ["stray==1"],
        "group dev": ["pytest==7.0"],
    }
    assert reasons(found) == {"own 1": REPOSITORY}
    assert (found.requires_python, found.direct, found.locked) == (">=3.9,<4.0", None, True)
    assert found.requires == {"ipython": ("colorama", "six"), "sphinx": ("docutils",)}
    assert found.notes == ("Libraries come from the workspace's package indexes, not from index.example.",)
    without = read(POETRY_1.replace('category = "main"\n', "").replace('category = "dev"\n', ""))
    assert "pytest==7.0" in by_choice(without)[""]
    assert "does not say which libraries belong to a group" in without.notes[0]


POETRY_2 = """\
# This file is automatically @generated by Poetry 2.1.1 and should not be changed by hand.

[[package]]
name = "colorama"
version = "0.4.6"
optional = false
python-versions = "*"
groups = ["main", "dev"]
markers = {main = "platform_system == \\"Windows\\"", dev = "sys_platform == \\"win32\\""}

[[package]]
name = "six"
version = "1.16.0"
optional = false
python-versions = "*"
groups = ["dev", "main"]

[[package]]
name = "sphinx"
version = "7.0"
optional = true
python-versions = "*"
groups = ["main"]
markers = "extra == \\"docs\\" and python_version < \\"3.12\\" or extra == \\"all\\""

[[package]]
name = "furo"
version = "1"
optional = false
python-versions = "*"
groups = ["main", "dev"]
markers = {main = "extra == \\"docs\\" or platform_system == \\"Linux\\""}

[metadata]
lock-version = "2.1"
python-versions = ">=3.9"
"""


def test_poetry_2() -> None:
    """Groups with markers of their own; extras are in the markers."""
    assert by_choice(read(POETRY_2)) == {
        "": ['colorama==0.4.6 ; platform_system == "Windows"', "six==1.16.0", 'furo==1 ; platform_system == "Linux"'],
        "group dev": ['colorama==0.4.6 ; sys_platform == "win32"', "furo==1"],
        "extra docs": ['sphinx==7.0 ; python_version < "3.12"', "furo==1"],
        "extra all": ["sphinx==7.0"],
    }


PDM = """\
# This file is @generated by PDM.
[metadata]
groups = ["default", "dev"]
strategy = ["inherit_metadata"]
lock_version = "4.5.0"

[[metadata.targets]]
requires_python = ">=3.9"

[[package]]
name = "uvicorn"
version = "0.30"
requires_python = ">=3.8"
groups = ["default"]
dependencies = ["h11>=0.8", "typing-extensions>=4; python_version < '3.11'"]
files = [
    {file = "uvicorn-0.30.whl", hash = "sha256:00"},
]

[[package]]
name = "uvicorn"
version = "0.30"
extras = ["standard"]
groups = ["default"]
dependencies = ["uvicorn==0.30", "colorama; sys_platform == 'win32'", "no requirement"]

[[package]]
name = "h11"
version = "0.14"
groups = ["default", "dev"]

[[package]]
name = "colorama"
version = "0.4.6"
groups = ["default"]
marker = "sys_platform == 'win32'"

[[package]]
name = "pytest"
version = "8"
groups = ["dev", "test"]

[[package]]
name = "own"
version = "1"
groups = ["default"]
git = "https://github.com/a/b"
revision = "00"
"""


def test_pdm() -> None:
    """Groups are choices; a library with extras has an entry of its own."""
    found = read(PDM, "pdm.lock")
    assert found == read(PDM)
    assert by_choice(found) == {
        "": ["uvicorn==0.30", "uvicorn[standard]==0.30", "h11==0.14", "colorama==0.4.6 ; sys_platform == 'win32'"],
        "group dev": ["pytest==8"],
        "group test": ["pytest==8"],
    }
    assert reasons(found) == {"own 1": REPOSITORY}
    assert (found.requires_python, found.requires) == (">=3.9", {"uvicorn": ("h11", "colorama")})
    assert combined(found).libraries == ("uvicorn[standard]==0.30", "h11==0.14")


def test_pdm_without_groups() -> None:
    """Older files name no groups; markers come along the paths."""
    lines = [line for line in PDM.splitlines() if not line.startswith(("groups", "marker"))]
    found = read("\n".join(lines))
    assert 'colorama==0.4.6 ; sys_platform == "win32"' in by_choice(found)[""]
    assert "pytest==8" in by_choice(found)[""]
    assert "does not say which libraries belong to a group" in found.notes[0]


PIPFILE = {
    "_meta": {
        "requires": {"python_version": "3.11", "python_full_version": "3.11.4"},
        "sources": [
            {"name": "pypi", "url": "https://pypi.org/simple"},
            {"name": "in", "url": "https://index.example"},
        ],
    },
    "default": {
        "requests": {
            "index": "pypi",
            "version": "==2.31.0",
            "extras": ["socks"],
            "markers": "python_version >= '3.7'",
        },
        "idna": {"version": "==3.4"},
        "colorama": {"version": "==0.4.6", "markers": "sys_platform == 'win32'"},
        "own": {"git": "https://github.com/a/b", "ref": "00"},
        "self": {"editable": True, "path": "."},
        "beside": {"path": "../beside"},
        "any": {"version": "*"},
        "old": "==1.0",
    },
    "develop": {"pytest": {"index": "pypi", "version": "==8.0"}},
    "docs": {"sphinx": {"version": "==7.0"}},
}


def test_pipfile_lock() -> None:
    """Categories are choices; the index tells what the Pipfile names."""
    found = read(json.dumps(PIPFILE), "Pipfile.lock")
    assert found == read(json.dumps(PIPFILE))
    assert by_choice(found) == {
        "": [
            "requests[socks]==2.31.0 ; python_version >= '3.7'",
            "idna==3.4",
            "colorama==0.4.6 ; sys_platform == 'win32'",
            "old==1.0",
        ],
        "group dev": ["pytest==8.0"],
        "group docs": ["sphinx==7.0"],
    }
    assert reasons(found) == {"own": REPOSITORY, "self": PROJECT_ITSELF, "beside": PATH, "any": "has no version"}
    assert (found.python, found.direct) == ("3.11", {"requests", "pytest"})
    assert found.notes == ("Libraries come from the workspace's package indexes, not from index.example.",)
    bare = read('{"default": {"six": {"version": "==1.16"}}}')
    assert (by_choice(bare), bare.direct, bare.python) == ({"": ["six==1.16"]}, None, None)


PYLOCK = """\
lock-version = "1.0"
created-by = "hand"
requires-python = ">=3.11"
extras = ["plot"]
dependency-groups = ["dev", "docs"]
default-groups = ["dev"]

[[packages]]
name = "attrs"
version = "25.1"
index = "https://pypi.org/simple"
dependencies = [{ name = "idna" }]
wheels = [
    { name = "attrs-25.1-py3-none-any.whl", url = "https://x/attrs.whl", hashes = { sha256 = "00" } },
]

[[packages]]
name = "numpy"
version = "1.26"
marker = "python_version < '3.12'"
[[packages]]
name = "numpy"
version = "2.1"
marker = "python_version >= '3.12'"
[[packages]]
name = "matplotlib"
version = "3.9"
marker = "'plot' in extras and sys_platform == 'linux'"
[[packages]]
name = "pytest"
version = "8"
marker = "'dev' in dependency_groups or 'docs' in dependency_groups"
[[packages]]
name = "both"
version = "1"
marker = "'dev' in dependency_groups and 'plot' in extras"
[[packages]]
name = "own"
[packages.vcs]
type = "git"
url = "https://github.com/a/b"
commit-id = "00"
[[packages]]
name = "beside"
[packages.directory]
path = "../beside"
[[packages]]
name = "work"
[packages.directory]
path = "."
[[packages]]
name = "packed"
[packages.archive]
url = "https://example.org/x.zip"
"""


def test_pylock() -> None:
    """Extras and groups in markers are choices, the default groups are selected."""
    found = read(PYLOCK, "pylock.work.toml")
    assert found == read(PYLOCK)
    assert by_choice(found) == {
        "": ["attrs==25.1", "numpy==1.26 ; python_version < '3.12'", "numpy==2.1 ; python_version >= '3.12'"],
        "extra plot": ["matplotlib==3.9 ; sys_platform == 'linux'"],
        "group dev": ["pytest==8"],
        "group docs": ["pytest==8"],
    }
    assert [one.name for one in found.choices if one.selected] == ["group dev"]
    assert {text: reason.partition(":")[0] for text, reason in reasons(found).items()} == {
        "both 1": "is needed by several extras or groups together",
        "own": REPOSITORY,
        "beside": PATH,
        "work": PROJECT_ITSELF,
        "packed": ADDRESS,
    }
    assert read(f"# This file is @generated by PDM.\n{PYLOCK}").kind == "pylock"
    assert (found.requires, found.requires_python) == ({"attrs": ("idna",)}, ">=3.11")


CONDA_LOCK = """\
# This lock file was generated by conda-lock (https://github.com/conda/conda-lock). DO NOT EDIT!
version: 1
metadata:
  content_hash:
    linux-64: 00
  channels:
  - url: conda-forge
    used_env_vars: []
package:
- name: python
  version: 3.11.4
  manager: conda
  platform: linux-64
  dependencies: {}
  url: https://conda.anaconda.org/conda-forge/linux-64/python-3.11.4-hab00c5b_0_cpython.conda
  hash:
    md5: 00
    sha256: 00
  category: main
  optional: false
- name: pytorch
  version: 2.0.1
  manager: conda
  platform: linux-64
  dependencies:
    python: '>=3.11,<3.12.0a0'
    python_abi: 3.11.* *_cp311
  url: https://conda.anaconda.org/conda-forge/linux-64/pytorch-2.0.1-cpu_py311h00_0.conda
  category: main
- name: zlib
  version: 1.2.13
  manager: conda
  platform: linux-64
  url: https://conda.anaconda.org/conda-forge/linux-64/zlib-1.2.13-hd590300_5.conda
  category: main
- name: black
  version: '23.1'
  manager: conda
  platform: linux-64
  url: https://conda.anaconda.org/conda-forge/linux-64/black-23.1-py311h00_0.conda
  category: dev
- name: six
  version: 1.16.0
  manager: pip
  platform: linux-64
  url: https://files.example/packages/six.whl
  category: main
- name: own
  version: 1.0.0
  manager: pip
  platform: linux-64
  url: git+https://github.com/a/b
  category: main
- name: pytorch
  version: 2.0.0
  manager: conda
  platform: osx-arm64
  url: https://conda.anaconda.org/conda-forge/osx-arm64/pytorch-2.0.0-cpu_py311h00_0.conda
  category: main
- name: broken
  platform: linux-64
"""


def test_conda_lock() -> None:
    """Linux is selected; native libraries are left out; further categories are choices."""
    found = read(CONDA_LOCK, "conda-lock.yml")
    assert found == read(CONDA_LOCK)
    assert by_choice(found) == {
        "platform linux-64": ["torch==2.0.1", "six==1.16.0"],
        "platform linux-64, group dev": ["black==23.1"],
        "platform osx-arm64": ["torch==2.0.0"],
    }
    assert [one.name for one in found.choices if one.selected] == ["platform linux-64"]
    assert set(reasons(found)) == {"python 3.11.4", "zlib 1.2.13", "own 1.0.0", "broken"}
    assert (found.python, found.locked) == ("3.11", True)
    assert found.requires == {"torch": ("python", "python-abi")}
    assert found.notes == ("Channels and builds of conda have no meaning here: conda-forge.",)
    assert read(CONDA_LOCK, "linux.yml").kind == "conda-lock"
    assert read_conda_lock("package: []\n").entries == ()


PIXI = """\
[workspace]
name = "work"
channels = ["conda-forge", { channel = "nvidia", priority = -1 }]
platforms = ["linux-64", "win-64"]

[dependencies]
python = ">=3.11,<3.13"
numpy = "1.26.*"
zlib = "*"
pytorch = { version = ">=2", build = "cpu*" }
own = { path = "." }
beside = { git = "https://github.com/a/b" }

[pypi-dependencies]
requests = { version = ">=2.31", extras = ["socks"] }
six = "*"
attrs = "25.1"
tables = { version = ">=1", env-markers = "python_version < '3.12'" }
local = { path = "./local", editable = true }

[target.win-64.dependencies]
pywin32 = "*"
[target.unix.pypi-dependencies]
uvloop = "*"
packed = { version = "*", env-markers = "python_version < '3.12'" }
[target.osx-arm64.dependencies]
mlx = "*"
[target.osx.dependencies]
appnope = "*"

[feature.test.dependencies]
pytest = "*"
[feature.docs.pypi-dependencies]
sphinx = ">=7"
[feature.empty]

[environments]
test = ["test"]
all = { features = ["test", "docs"] }

[tasks]
start = "python x.py"
"""


def test_pixi() -> None:
    """Conda and index dependencies, platforms as markers, features as choices that name their environments."""
    found = read(PIXI, "pixi.toml")
    assert found == read(PIXI)
    assert by_choice(found) == {
        "": [
            "numpy==1.26.*",
            "torch>=2",
            "requests[socks]>=2.31",
            "six",
            "attrs==25.1",
            "tables>=1 ; python_version < '3.12'",
            'pywin32 ; sys_platform == "win32" and (platform_machine == "x86_64" or platform_machine == "AMD64")',
            'uvloop ; sys_platform != "win32"',
            "packed ; (python_version < '3.12') and (sys_platform != \"win32\")",
            'mlx ; sys_platform == "darwin" and (platform_machine == "arm64" or platform_machine == "ARM64")',
            'appnope ; sys_platform == "darwin"',
        ],
        "feature test": ["pytest"],
        "feature docs": ["sphinx>=7"],
    }
    assert [(one.name, one.label) for one in found.choices] == [
        ("feature test", "Feature test (test, all)"),
        ("feature docs", "Feature docs (all)"),
    ]
    assert list(reasons(found).values())[2:] == [PROJECT_ITSELF, REPOSITORY, PATH]
    assert (found.python, found.requires_python, found.locked) == (None, ">=3.11,<3.13", False)
    assert found.notes == ("Channels and builds of conda have no meaning here: conda-forge, nvidia.",)
    assert [one.line for one in found.entries[:3]] == [7, 8, 9]
    assert read('[project]\nname = "x"\nchannels = []\n[dependencies]\npython = "3.11.*"').python == "3.11"


def test_pixi_in_a_project_file() -> None:
    """The manifest is a table of pyproject.toml; what the project itself requires counts."""
    found = read(
        '[project]\nname = "work"\nrequires-python = ">=3.10"\ndependencies = ["numpy>=2"]\n'
        '[tool.pixi.workspace]\nchannels = ["conda-forge"]\n'
        '[tool.pixi.dependencies]\npython = "3.12.*"\nnumpy = "*"\n'
        '[tool.pixi.feature.test.dependencies]\npytest = "*"\n[tool.pixi.environments]\ntest = ["test"]\n'
    )
    assert (found.kind, found.python, found.requires_python) == ("pyproject", None, ">=3.10")
    assert by_choice(found) == {"": ["numpy>=2", "numpy"], "feature test": ["pytest"]}
    assert [one.line for one in found.entries] == [4, 8, 9, 11]
    assert [one.label for one in found.choices] == ["Feature test (test)"]
    assert combined(found).libraries == ("numpy>=2",)
    assert found.notes == ("Channels of conda have no meaning here: conda-forge.",)


PIXI_LOCK = """\
version: 6
environments:
  default:
    channels:
    - url: https://conda.anaconda.org/conda-forge/
    indexes:
    - https://pypi.org/simple
    - https://index.example/simple
    packages:
      linux-64:
      - conda: https://conda.anaconda.org/conda-forge/linux-64/numpy-1.26.4-py311h64a7726_0.conda
      - conda: https://conda.anaconda.org/conda-forge/linux-64/python-3.11.9-hb806964_0_cpython.conda
      - conda: https://conda.anaconda.org/conda-forge/linux-64/libzlib-1.2.13-h4ab18f5_6.conda
      - pypi: https://files.example/packages/aa/six-1.16.0-py2.py3-none-any.whl
      - pypi: git+https://github.com/a/b
      - pypi: ./
      - pypi: https://example.org/x.zip
      - conda: ../beside
      - other: x
      win-64:
      - conda: https://conda.anaconda.org/conda-forge/win-64/numpy-1.26.3-py311h64a7726_0.conda
  test:
    channels:
    - url: https://conda.anaconda.org/conda-forge/
    packages:
      linux-64:
      - conda: https://conda.anaconda.org/conda-forge/noarch/pytest-8.0.0-pyhd8ed1ab_0.conda
packages:
- conda: https://conda.anaconda.org/conda-forge/linux-64/numpy-1.26.4-py311h64a7726_0.conda
  sha256: 00
  depends:
  - libzlib >=1.2
  - bleach-with-css >=6
  - python >=3.11,<3.12.0a0
  constrains:
  - numpy-base <0a0
  license: BSD
- conda: https://conda.anaconda.org/conda-forge/win-64/numpy-1.26.3-py311h64a7726_0.conda
  depends:
  - ucrt
- pypi: https://files.example/packages/aa/six-1.16.0-py2.py3-none-any.whl
  name: six
  version: 1.16.0
  sha256: 00
  requires_dist:
  - attrs>=1
  - pytest ; extra == 'test'
  - no requirement
- pypi: git+https://github.com/a/b
  name: own
  version: 1.0.0
- pypi: ./
  name: work
  version: 0.1.0
  editable: true
- pypi: https://example.org/x.zip
  name: packed
  version: 1.0.0
"""


def test_pixi_lock() -> None:
    """Environments are choices, the default one is selected; other platforms are mentioned."""
    found = read(PIXI_LOCK, "pixi.lock")
    assert found == read(PIXI_LOCK)
    assert by_choice(found) == {
        "environment default": ["numpy==1.26.4", "six==1.16.0"],
        "environment test": ["pytest==8.0.0"],
    }
    assert [one.name for one in found.choices if one.selected] == ["environment default"]
    given = reasons(found)
    assert [given[one] for one in ("own 1.0.0", "work 0.1.0", "packed 1.0.0", "../beside")] == [
        REPOSITORY, PROJECT_ITSELF, ADDRESS, PATH,
    ]  # fmt: skip
    assert (found.python, found.requires) == ("3.11", {"numpy": ("libzlib", "bleach", "python"), "six": ("attrs",)})
    mac = read(PIXI_LOCK.replace("linux-64:", "osx-arm64:"), "pixi.lock")
    assert by_choice(mac)["environment default"] == ["numpy==1.26.4", "six==1.16.0"]
    assert found.notes == (
        "Channels and builds of conda have no meaning here: conda-forge.",
        "Packages for other platforms are left out: win-64.",
        "Libraries come from the workspace's package indexes, not from index.example.",
    )


def test_earlier_versions_of_pixi_lock() -> None:
    """Version 4 names packages by kind, the first ones have the format of conda-lock."""
    found = read(
        "version: 4\nenvironments:\n  work:\n    packages:\n      osx-64:\n      - pypi: https://x.org/six-1.tar.gz\n"
        "packages:\n- kind: pypi\n  name: six\n  version: '1'\n  url: https://x.org/six-1.tar.gz\n"
        "  requires_dist: [attrs]\n- kind: conda\n  name: NumPy\n  depends: [zlib]\n  url: https://x.org/a\n"
    )
    assert by_choice(found) == {"environment work": ["six==1"]}
    assert found.requires == {"six": ("attrs",), "numpy": ("zlib",)}
    old = read(CONDA_LOCK.partition("\n")[2], "pixi.lock")
    assert old.kind == "pixi-lock"
    assert by_choice(old)["platform linux-64"] == ["torch==2.0.1", "six==1.16.0"]
    assert read_pixi_lock("version: 6\nenvironments: {}\n").entries == ()


@pytest.mark.parametrize(
    "text", [UV, POETRY_1, POETRY_2, PDM, PYLOCK, CONDA_LOCK, PIXI, PIXI_LOCK, json.dumps(PIPFILE)]
)
def test_nothing_is_lost(text: str) -> None:
    """Each entry is taken, merged or left out, and each of these that is not taken has a reason."""
    found = read(text)
    results = combined(found).files[0].results
    assert len(results) == len(found.entries)
    assert all(one.entry.library or one.reason for one in results)


TEXTS = {
    "uv.lock": UV,
    "poetry.lock": POETRY_2,
    "pdm.lock": PDM,
    "Pipfile.lock": json.dumps(PIPFILE, indent=1),
    "pylock.toml": PYLOCK,
    "conda-lock.yml": CONDA_LOCK,
    "pixi.toml": PIXI,
    "pixi.lock": PIXI_LOCK,
}
VALUE = st.sampled_from(["[]", "{}", '""', "1", "true", "[1]", '{ "a" = 1 }', '{"a": 1}', "null", '"x ; y"'])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(TEXTS)), st.data())
def test_mutated_files_never_crash(name: str, data: st.DataObject) -> None:
    """Values of other types, lines left out: the file is read or refused, and nothing is lost."""
    lines = TEXTS[name].split("\n")
    for _ in range(data.draw(st.integers(1, 4))):
        number = data.draw(st.integers(0, len(lines) - 1))
        head, sign, _ = lines[number].partition(
            "=" if name.endswith(("toml", ".lock")) and "=" in lines[number] else ":"
        )
        comma = "," if lines[number].endswith(",") else ""
        value = data.draw(VALUE)
        lines[number] = data.draw(st.sampled_from(["", f"{head}{sign} {value}{comma}"]))
    try:
        found = read("\n".join(lines), name)
    except AssayError:
        return
    assert all(one.library or one.reason or one.include for one in found.entries)
    assert len(combined(found).files[0].results) == len(found.entries)


@given(st.text(max_size=200), st.sampled_from(sorted(TEXTS)))
def test_any_text_is_read_or_refused(text: str, name: str) -> None:
    """Never a crash."""
    try:
        found = read(text, name)
    except AssayError:
        return
    assert all(one.library or one.reason for one in found.entries)


def test_a_path_that_is_no_text() -> None:
    """Whatever stands there, the file is read."""
    text = 'lock-version = "1.0"\n[[packages]]\nname = "a"\ndirectory = { path = [] }\n'
    assert [bool(one.reason) for one in read(text, "pylock.toml").entries] == [True]
    assert read("[workspace]\nchannels = []\n[pypi-dependencies]\na = { path = [] }\n", "pixi.toml").entries
