"""Of every kind of file: each of its entries is taken, merged or left out, and nothing else comes out."""

from __future__ import annotations

import json

import pytest

from assay.core.intake.combine import GivenFile, ReadFile, combine
from assay.sources.intake.kinds import KINDS, kind_of, read

LINUX = {
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "os_name": "posix",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "python_version": "3.11",
    "python_full_version": "3.11.9",
}
REGISTRY = 'source = { registry = "https://index.example/simple" }'
NOTEBOOK = {
    "cells": [
        {"cell_type": "code", "source": ["%pip install aaa==1\n", "import bbb_unknown_module\n", "import os\n"]}
    ],
    "metadata": {"language_info": {"name": "python", "version": "3.11.4"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}
# For each kind: the name of a file, its text, and the words of which each must be found among its entries.
SAMPLES: dict[str, tuple[str, str, str]] = {
    "requirements": (
        "requirements.txt",
        "aaa==1\nAAA>=0.5\nbbb[x]>=2 ; sys_platform == 'win32'\n-e .\n-r more.txt\nccc @ https://f.example/ccc.zip\n",
        "aaa AAA bbb -e more.txt ccc",
    ),
    "pyproject": (
        "pyproject.toml",
        (
            '[project]\nname = "me"\ndependencies = ["aaa", "AAA>=1", "bbb @ git+https://g.example/bbb"]\n'
            '[project.optional-dependencies]\nio = ["ccc"]\n[dependency-groups]\ndev = ["ddd"]\n'
        ),
        "aaa AAA bbb ccc ddd",
    ),
    "pipfile": (
        "Pipfile",
        '[packages]\naaa = "*"\nbbb = {git = "https://g.example/b"}\n[dev-packages]\nccc = "~=1.0"\n',
        "aaa bbb ccc",
    ),
    "setup-cfg": (
        "setup.cfg",
        "[options]\ninstall_requires =\n  aaa\n  bbb>=1\n[options.extras_require]\nio =\n  ccc\n",
        "aaa bbb ccc",
    ),
    "setup-py": (
        "setup.py",
        (
            "from setuptools import setup\nMORE = open('x').read()\n"
            "setup(install_requires=['aaa', 'bbb>=1'], extras_require={'io': ['ccc']})\n"
        ),
        "aaa bbb ccc",
    ),
    "dockerfile": (
        "Dockerfile",
        "FROM python:3.11\nRUN pip install aaa==1 $MORE && pip install -r more.txt\n",
        "aaa $MORE more.txt",
    ),
    "shell": ("setup.sh", "#!/bin/sh\npip install aaa bbb==2\nconda install bzip2\n", "aaa bbb bzip2"),
    "notebook": ("work.ipynb", json.dumps(NOTEBOOK), "aaa bbb_unknown_module os"),
    "script": ("run.py", "# /// script\n# dependencies = ['aaa', 'bbb>=1']\n# ///\nimport aaa\n", "aaa bbb"),
    "uv-lock": (
        "uv.lock",
        (
            'version = 1\nrequires-python = ">=3.11"\n'
            '[[package]]\nname = "me"\nversion = "0"\nsource = { virtual = "." }\ndependencies = [{ name = "aaa" }]\n'
            f'[[package]]\nname = "aaa"\nversion = "1"\n{REGISTRY}\n'
            'dependencies = [{ name = "bbb", marker = "sys_platform == \'win32\'" }]\n'
            f'[[package]]\nname = "bbb"\nversion = "2"\n{REGISTRY}\n'
            '[[package]]\nname = "ccc"\nversion = "3"\nsource = { git = "https://g.example/ccc" }\n'
        ),
        "me aaa bbb ccc",
    ),
    "poetry-lock": (
        "poetry.lock",
        (
            '[[package]]\nname = "aaa"\nversion = "1"\noptional = false\npython-versions = "*"\n'
            '[[package]]\nname = "bbb"\nversion = "2"\noptional = true\npython-versions = "*"\n'
            '[metadata]\nlock-version = "2.0"\npython-versions = ">=3.9"\ncontent-hash = "x"\n'
        ),
        "aaa bbb",
    ),
    "pdm-lock": (
        "pdm.lock",
        (
            '[metadata]\ngroups = ["default", "dev"]\nlock_version = "4.5.0"\n'
            '[[package]]\nname = "aaa"\nversion = "1"\ngroups = ["default"]\n'
            '[[package]]\nname = "bbb"\nversion = "2"\ngroups = ["dev"]\n'
        ),
        "aaa bbb",
    ),
    "pipfile-lock": (
        "Pipfile.lock",
        json.dumps(
            {
                "_meta": {"requires": {"python_version": "3.11"}},
                "default": {"aaa": {"version": "==1"}, "bbb": {"git": "https://g.example/b", "ref": "x"}},
                "develop": {"ccc": {"version": "==3"}},
            }
        ),
        "aaa bbb ccc",
    ),
    "pylock": (
        "pylock.toml",
        (
            'lock-version = "1.0"\ncreated-by = "t"\n[[packages]]\nname = "aaa"\nversion = "1"\n'
            '[[packages]]\nname = "bbb"\nversion = "2"\nmarker = "sys_platform == \'win32\'"\n'
            '[[packages]]\nname = "ccc"\nvcs = { type = "git", url = "https://g.example/ccc", commit-id = "0" }\n'
        ),
        "aaa bbb ccc",
    ),
    "pixi": (
        "pixi.toml",
        (
            '[workspace]\nname = "me"\nchannels = ["conda-forge"]\nplatforms = ["linux-64"]\n'
            '[dependencies]\npython = "3.11.*"\nbzip2 = "*"\nnumpy = ">=1"\n[pypi-dependencies]\naaa = "*"\n'
        ),
        "python bzip2 numpy aaa",
    ),
    "pixi-lock": (
        "pixi.lock",
        (
            "version: 6\nenvironments:\n  default:\n    channels:\n    - url: https://c.example/main/\n"
            "    packages:\n"
            "      linux-64:\n      - conda: https://c.example/main/linux-64/bzip2-1.0.8-h4bc722e_7.conda\n"
            "      - pypi: https://f.example/aaa-1-py3-none-any.whl\npackages:\n"
            "- conda: https://c.example/main/linux-64/bzip2-1.0.8-h4bc722e_7.conda\n  sha256: x\n"
            "- pypi: https://f.example/aaa-1-py3-none-any.whl\n  name: aaa\n  version: '1'\n"
        ),
        "bzip2 aaa",
    ),
    "conda-lock": (
        "conda-lock.yml",
        (
            "version: 1\nmetadata:\n  platforms: [linux-64]\npackage:\n"
            "- name: bzip2\n  version: 1.0.8\n  manager: conda\n  platform: linux-64\n  dependencies: {}\n"
            "  url: https://c.example/linux-64/bzip2-1.0.8-h4bc722e_7.conda\n  category: main\n"
            "- name: aaa\n  version: '1'\n  manager: pip\n  platform: linux-64\n  dependencies: {}\n"
            "  url: https://f.example/aaa-1-py3-none-any.whl\n  category: main\n"
        ),
        "bzip2 aaa",
    ),
    "conda-environment": (
        "environment.yml",
        (
            "dependencies:\n  - python=3.11\n  - bzip2=1.0.8=h4bc722e_7\n  - numpy=1.26\n"
            "  - pip:\n    - numpy==1.26.4\n    - -e .\n"
        ),
        "python bzip2 numpy=1.26 numpy==1.26.4 -e",
    ),
    "conda-list": (
        "conda-list.txt",
        "bzip2=1.0.8=h4bc722e_7\naaa=1=pypi_0\nnumpy=1.26.4=py311h64a7726_0\n",
        "bzip2 aaa numpy",
    ),
    "conda-explicit": (
        "conda-linux-64.lock",
        (
            "@EXPLICIT\nhttps://c.example/linux-64/bzip2-1.0.8-h4bc722e_7.conda\n"
            "https://c.example/noarch/click-8.1.7-unix_pyh707e725_0.conda\n"
        ),
        "bzip2 click",
    ),
}
REFUSED = {"conda-recipe"}  # a recipe builds a package and is no list of what somebody needs


def combined(name: str, text: str) -> ReadFile:
    """Read a file and combine it alone."""
    (found,) = combine([GivenFile(name=name, document=read(text, name))], [LINUX]).files
    return found


def test_every_kind_has_a_sample() -> None:
    """A new kind comes with one."""
    assert set(SAMPLES) == {one.name for one in KINDS} - REFUSED


@pytest.mark.parametrize("kind", SAMPLES)
def test_nothing_is_lost(kind: str) -> None:
    """What goes in is taken, merged or left out; each but the taken says why."""
    name, text, words = SAMPLES[kind]
    assert kind_of(text, name).name == kind
    found = combined(name, text)
    entries = [f"{one.entry.text} {one.entry.library} {one.entry.include}" for one in found.results]
    for word in words.split():
        assert any(word in one for one in entries), (word, entries)
    assert len(found.taken) + len(found.merged) + len(found.left_out) == len(found.results)
    assert all(one.reason for one in (*found.merged, *found.left_out))
    assert all(one.name for one in found.taken)


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_kind_is_recognised_without_its_name(kind: str) -> None:
    """Pasted text has no name; what has no mark of its own is read as a list of requirements or code."""
    _, text, _ = SAMPLES[kind]
    assert kind_of(text).name in {kind, "requirements"}
