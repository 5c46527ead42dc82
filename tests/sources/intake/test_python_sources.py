"""Notebooks and scripts: what they install and import, and the Python that they are for."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import AssayError, InvalidInputError
from assay.core.intake.combine import GivenFile, combine
from assay.core.intake.document import Document
from assay.sources.intake.code.import_names import MODULES, elsewhere, is_standard_library, libraries_of
from assay.sources.intake.code.imports import imported
from assay.sources.intake.code.notebook import read_notebook
from assay.sources.intake.code.script import read_script
from assay.sources.intake.kinds import kind_of, read
from assay.sources.intake.known_names import most_used

PYTHON = {"language_info": {"name": "python", "version": "3.11.4"}}


def notebook(*cells: str | list[str], metadata: dict[str, object] = PYTHON) -> str:
    """Return a notebook with code cells and a text cell."""
    code = [{"cell_type": "code", "source": one} for one in cells]
    text = {"cell_type": "markdown", "source": "import nothing"}
    return json.dumps({"cells": [*code, text], "metadata": metadata, "nbformat": 4})


def libraries(found: Document) -> list[str]:
    """Return the libraries of a document."""
    return [one.library for one in found.entries if one.library]


def reasons(found: Document) -> dict[str, str]:
    """Return the reasons by text."""
    return {one.text: one.reason for one in found.entries if one.reason}


def test_a_notebook() -> None:
    """Commands and imports; what a command installs counts where several libraries have a module."""
    found = read_notebook(
        notebook(
            "%matplotlib inline\n!pip install -q opencv-python-headless \\\n  'pandas>=2'\nimport cv2, numpy as np",
            ["%%bash\n", "pip install six"],
            "%%time\nimport sklearn.svm\nfrom . import helpers\nfrom utils import *\nimport os.path",
            "%conda install -c conda-forge pytorch\n!{sys.executable} -m pip install attrs\nimport attr, torch",
            "names = !pip install rich\nnumbers = %time f()\nnp.array?\n?np\nif 1:\n    %pip install tqdm\n",
            "%%R\nlibrary(x)\n",
            "%%script bash -e\npip install click\n",
            "!apt-get install -y graphviz\nfrom google.cloud import storage\nimport google.colab\nimport google",
        )
    )
    assert libraries(found) == [
        "opencv-python-headless",
        "pandas>=2",
        "six",
        "torch",
        "attrs",
        "rich",
        "tqdm",
        "click",
        "opencv-python-headless",
        "numpy",
        "scikit-learn",
        "attrs",
        "torch",
        "google-cloud-storage",
    ]
    said = reasons(found)
    assert said["cell 3: import os"] == "is part of Python's standard library"
    assert said["cell 3: from . import …"].startswith("is the project itself")
    assert said["cell 3: import utils"].startswith("is a module of no known library; add")
    assert said["cell 8: import google.colab"] == "exists only in Google Colab"
    assert said["cell 8: apt-get install -y graphviz"].startswith("installs system packages")
    assert "cell 8: import google" in said
    assert found.python == "3.11"
    combined = combine([GivenFile(name="n", document=found)], [{}])
    assert combined.libraries[0] == "opencv-python-headless"
    assert len(combined.libraries) == 11


def test_a_cell_with_errors_is_read_by_lines() -> None:
    """Broken cells, Python 2, code that was cut off."""
    found = read_notebook(
        notebook("import yaml, os as system\nfrom PIL import (Image,\nprint 'x'\n  from bs4 import B as C\nimport 1")
    )
    assert libraries(found) == ["pyyaml", "pillow", "beautifulsoup4"]


def test_long_lines_take_no_time() -> None:
    """Patterns do not go back and forth over a line of blanks or question marks."""
    for line in (" " * 100_000, "? " * 50_000, "x = " * 20_000):
        assert libraries(read_notebook(notebook(f"import numpy\n{line}x"))) == ["numpy"]


def test_old_notebooks() -> None:
    """Format 3 has worksheets; its Python is not known."""
    sheet = {"cells": [{"cell_type": "code", "input": ["import numpy\n"]}]}
    found = read_notebook(json.dumps({"worksheets": [sheet], "metadata": {}, "nbformat": 3}))
    assert (libraries(found), found.python) == (["numpy"], None)


@pytest.mark.parametrize(
    "metadata", [{"language_info": {"name": "R"}}, {"kernelspec": {"language": "julia", "name": "julia-1.9"}}]
)
def test_other_kernels(metadata: dict[str, object]) -> None:
    """A notebook of another language says so."""
    with pytest.raises(InvalidInputError, match="not in Python"):
        read(notebook("library(x)", metadata=metadata), "a.ipynb")


def test_notebooks_that_hold_nothing() -> None:
    """No imports, no cells, no notebook."""
    for text in (notebook("1 + 1"), notebook(), "[]", "{}"):
        with pytest.raises(InvalidInputError, match="notebook holds no libraries"):
            read(text, "a.ipynb")
    with pytest.raises(InvalidInputError, match="JSON cannot be read"):
        read("{", "a.ipynb")


def test_a_script_with_metadata() -> None:
    """The block wins over imports."""
    found = read_script(
        '#!/usr/bin/env python\n# /// script\n# requires-python = ">=3.11"\n# dependencies = [\n'
        '#   "requests<3",\n#\n#   "rich",\n# ]\n# ///\nimport yaml\n'
    )
    assert [(one.line, one.library) for one in found.entries] == [(5, "requests<3"), (7, "rich")]
    assert found.requires_python == ">=3.11"
    (none,) = read_script("# /// script\n# dependencies = []\n# ///\nimport yaml\n").entries
    assert none.reason.startswith("lists no dependencies")
    with pytest.raises(InvalidInputError, match="TOML"):
        read_script("# /// script\n# x = [\n# ///\n")


def test_a_script() -> None:
    """Imports anywhere in it, each library once, and the cells of exported notebooks."""
    found = read_script(
        "from __future__ import annotations\nimport numpy as np\n# MAGIC %pip install six\n# !pip install tqdm\n"
        "try:\n    import ujson\nexcept ImportError:\n    import json\n"
        "def f():\n    import cv2.aruco\n    import numpy.linalg\n"
    )
    assert [(one.line, one.library) for one in found.entries if one.library] == [
        (3, "six"),
        (4, "tqdm"),
        (2, "numpy"),
        (6, "ujson"),
        (10, "opencv-python"),
    ]
    assert set(reasons(found)) == {"import __future__", "import json"}


def test_kinds() -> None:
    """By name and by content."""
    assert kind_of("", "a.ipynb").name == "notebook"
    assert kind_of(notebook("1")).name == "notebook"
    assert kind_of("", "a/run.py").name == "script"
    for text in ("import numpy as np\n", "x = 1\nfrom a.b import c\n", "# /// script\n# x = 1\n# ///\n"):
        assert kind_of(text).name == "script"
    assert kind_of("import-linter\nimportlib-metadata\nfrom-x\n").name == "requirements"


@pytest.mark.parametrize(
    ("module", "library"),
    [
        ("cv2", "opencv-python"),
        ("sklearn.linear_model", "scikit-learn"),
        ("google.protobuf.message", "protobuf"),
        ("google.cloud.storage.blob", "google-cloud-storage"),
        ("azure.storage.blob", "azure-storage-blob"),
        ("mpl_toolkits.mplot3d", "matplotlib"),
        ("pandas", "pandas"),
        ("missingno", "missingno"),
        ("ruamel.yaml", "ruamel-yaml"),
    ],
)
def test_libraries_of_modules(module: str, library: str) -> None:
    """The longest known part of a dotted name counts."""
    assert libraries_of(module)[1][0] == library


def test_modules_that_have_no_library() -> None:
    """A namespace alone, a project's own modules, old parts of Python, what a service brings."""
    for module in ("google", "azure", "utils.plot", "config", "src", "nothing_like_this"):
        assert libraries_of(module) == (module.partition(".")[0], ())
    assert all(is_standard_library(one) for one in ("os.path", "distutils.core", "urllib2", "__future__"))
    assert elsewhere("google.colab.drive")
    assert not elsewhere("google.colaboratory")


def test_the_table_ships_only_what_differs() -> None:
    """A module whose library is widely used and has its name needs no line."""
    lines = MODULES.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert 2000 < len(lines) < 4000
    alone = [line for line in lines if " " not in line]
    assert not [one for one in alone if one.lower() in most_used()]
    assert lines[1:] == sorted(lines[1:])


@given(st.text(max_size=200))
def test_any_source_is_read(source: str) -> None:
    """Never a crash; each entry has a library or a reason."""
    imported(source)
    for text, name in ((source, "a.py"), (notebook(source), "a.ipynb"), (source, "setup.py")):
        try:
            found = read(text, name)
        except AssayError:
            continue
        assert all(one.library or one.include or one.reason for one in found.entries)
