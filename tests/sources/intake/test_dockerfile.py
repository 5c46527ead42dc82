"""Dockerfiles and shell scripts: what their commands install."""

from __future__ import annotations

import pytest

from assay.core.intake.document import Document
from assay.sources.intake.code.dockerfile import read_dockerfile, read_shell
from assay.sources.intake.kinds import kind_of, read
from assay.sources.intake.pip.shell_words import commands

TEXT = r"""# syntax=docker/dockerfile:1
ARG PY=3.11
ARG TORCH=2.1
FROM python:${PY}-slim AS base
ENV EXTRA_INDEX https://index.example
RUN apt-get update && apt-get install -y build-essential \
  # a comment within
    git && \

    pip install --no-cache-dir -U pip \
      "numpy>=1.2" torch==${TORCH} --index-url https://x.example \
      $UNKNOWN
COPY . .
RUN --mount=type=cache,target=/var/cache/pip \
    uv pip install --system -r requirements.txt -c limits.txt -e .
RUN ["pip", "install", "six"]
RUN ["broken
RUN <<EOF
pip install attrs
EOF
RUN cat <<EOF > list.txt
pip install nothing
EOF
RUN poetry install --no-root
ONBUILD RUN uv add "rich>2"
CMD python
"""


def rows(found: Document) -> list[tuple[int, str]]:
    """Return the libraries with their lines."""
    return [(one.line, one.library) for one in found.entries if one.library]


def shell(line: str) -> list[str]:
    """Return the libraries and files of a command."""
    return [one.library or f"file {one.include}" for one in read_shell(line).entries if not one.reason]


def test_dockerfile() -> None:
    """Continued lines, arguments, mounts, the JSON form, here-documents."""
    found = read_dockerfile(TEXT)
    assert rows(found) == [(11, "numpy>=1.2"), (11, "torch==2.1"), (16, "six"), (19, "attrs"), (25, "rich>2")]
    assert [(one.include, one.limits) for one in found.entries if one.include] == [
        ("requirements.txt", False),
        ("limits.txt", True),
        ("poetry.lock", False),
    ]
    reasons = {one.text: (one.line, one.reason) for one in found.entries if one.reason}
    assert reasons["apt-get install -y build-essential git"][1].startswith("installs system packages")
    assert reasons["--index-url https://x.example"][0] == 11
    assert reasons["$UNKNOWN"][0] == 12
    assert "variable" in reasons["$UNKNOWN"][1]
    assert "project itself" in reasons["-e ."][1]
    assert found.python == "3.11"


@pytest.mark.parametrize(
    ("image", "python"),
    [
        ("python:3.11", "3.11"),
        ("docker.io/library/python:3.12.4-slim-bookworm", "3.12"),
        ("ghcr.io/astral-sh/uv:python3.13-bookworm", "3.13"),
        ("quay.io/jupyter/scipy-notebook:python-3.11", "3.11"),
        ("ubuntu:22.04", None),
        ("python:latest", None),
    ],
)
def test_base_images(image: str, python: str | None) -> None:
    """The tag names the Python."""
    assert read_dockerfile(f"FROM {image}\nRUN pip install six").python == python


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("pip install a 'b>=1' c[d] >/dev/null 2>&1", ["a", "b>=1", "c[d]"]),
        ("pip install a>=1.2", ["a>=1.2"]),
        ("pip3.11 install -t /opt --timeout 60 a", ["a"]),
        ("python -m pip --no-cache-dir install a", ["a"]),
        ("$VENV/bin/pip install a || exit 1", ["a"]),
        ("PIP_NO_CACHE=1 sudo -H pip install a", ["a"]),
        ("V=1.2\npip install a==$V b==${W:-3}", ["a==1.2", "b==3"]),
        ("pip install --requirement=base.txt -rmore.txt", ["file base.txt", "file more.txt"]),
        ("pip wheel -r base.txt", ["file base.txt"]),
        ("pip install --group dev", ["file pyproject.toml"]),
        ("uv pip sync base.txt", ["file base.txt"]),
        ("uv sync --frozen", ["file uv.lock"]),
        ("uv add --dev --group lint ruff", ["ruff"]),
        ("pipenv install --system --deploy", ["file Pipfile.lock"]),
        ("pipenv install six", ["six"]),
        ("conda install -y -n base -c conda-forge numpy=1.2 conda-forge::scipy", ["numpy==1.2.*", "scipy"]),
        ("mamba env create -f env.yml", ["file env.yml"]),
        ("conda env update --file=env.yml --prune", ["file env.yml"]),
        ("conda env create", ["file environment.yml"]),
        ("micromamba install --file spec.txt", ["file spec.txt"]),
        ("conda run -n base pip install a", ["a"]),
        ("poetry run pip install a", ["a"]),
        (
            "bash -c 'if [ 1 ] ; then poetry install ; else pip install six ; fi'",
            ["file poetry.lock", "six"],
        ),
        ("pixi install --frozen", ["file pixi.lock"]),
        ("conda install '' six", ["six"]),
        ("if true; then pip install a; fi", ["a"]),
        ("bash <<EOF\npip install a\nEOF", ["a"]),
        ("cat > x.sh <<'EOF'\npip install a\nEOF\n", []),
        ("cat <<< 'x'\npip install a", ["a"]),
        ("echo 'pip install a'", []),
        ("# pip install a", []),
        ("pip list; uv; conda; poetry; conda info; pip", []),
        ("pip install 'unclosed", ["'unclosed"]),
        ("pip install a\\\n  b", ["a", "b"]),
        ("pip install -r", []),
    ],
)
def test_commands(line: str, wanted: list[str]) -> None:
    """As they stand in scripts and documentation."""
    assert shell(line) == wanted


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("pip install $(cat list.txt)", "variable"),
        ("pip install `cat list.txt`", "variable"),
        ('pip install -r "$FILE"', "by a variable"),
        ("conda install $LIBRARY", "variable"),
        ("conda install ffmpeg", "of conda"),
        ("pip install .", "project itself"),
        ("python setup.py install", "project itself"),
        ("apk add --no-cache gcc", "system packages"),
        ("pip install --pre", "pre-release"),
    ],
)
def test_what_commands_install_otherwise(line: str, says: str) -> None:
    """It has a reason."""
    (found,) = read_shell(line).entries
    assert says in found.reason


@pytest.mark.parametrize(
    "line",
    [
        "conda create -n x python=3.9 six",
        "uv venv --python 3.9",
        "pyenv install 3.9.1",
        "apt-get install -y python3.9-dev",
    ],
)
def test_the_python_of_commands(line: str) -> None:
    """Commands name it, too."""
    assert read_shell(line).python == "3.9"


def test_a_list_that_is_nested_too_deep() -> None:
    """The JSON form of `RUN` with brackets only is no command."""
    assert read_dockerfile("FROM x\nRUN " + "[" * 100_000).entries == ()


def test_kinds() -> None:
    """By name and by content."""
    for name in ("Dockerfile", "docker/gpu.Dockerfile", "Dockerfile.gpu", "Containerfile"):
        assert kind_of("", name).name == "dockerfile"
    assert kind_of("# x\nFROM python:3.11 AS base\nRUN x").name == "dockerfile"
    assert kind_of("", "install.sh").name == "shell"
    assert kind_of("#!/usr/bin/env bash\npip install x").name == "shell"


def test_words_have_their_lines() -> None:
    """Also within quotes over several lines, and after comments."""
    found = [[(one.text, one.line) for one in words] for words in commands("a 'b\nc' d # e\nf \\\n g\\ h\n\n")]
    assert found == [[("a", 1), ("b\nc", 1), ("d", 2)], [("f", 3), ("g h", 4)]]


def test_short_options_together() -> None:
    """`-qr file` is `-q -r file`."""
    found = read("!pip install -qr more.txt six\n", "requirements.txt")
    assert [(one.include, one.library) for one in found.entries] == [("more.txt", ""), ("", "six")]
