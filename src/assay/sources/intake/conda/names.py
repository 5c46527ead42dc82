"""Conda's package names, translated to those of the Python index, or the reason why one is no Python library.

`docs/conda_names.py` makes `names.txt` of the mapping of conda-forge; its first line names the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

from packaging.utils import canonicalize_name

from assay.core.intake.document import Entry
from assay.sources.intake.conda.rules import (
    COLLECTION,
    COMPILED,
    CONDA_ITSELF,
    HELPER,
    NATIVE,
    PYTHON_BUILD,
    PYTHON_NAME,
    WITH_EXTRA,
    looks_native,
    reason_against,
    shortened,
)
from assay.sources.intake.conda.specs import MatchSpec, parse_spec, specifier
from assay.sources.intake.formats import INSTALLERS, NO_INSTALLER
from assay.sources.name_lists import MOST_USED, read_names

NAMES = Path(__file__).with_name("names.txt")
# What the mapping does not have, as these are names of the channels `defaults` and `pytorch`, or of variants.
RENAMED = {
    "backports-functools-lru-cache": "backports.functools-lru-cache",
    "brotli-python": "brotli",
    "brotlipy": "brotli",
    "coal-python": "coal",
    "faiss": "faiss-cpu",
    "faiss-gpu": "faiss-cpu",
    "gdal": "gdal",
    "iris": "scitools-iris",
    "keras-gpu": "keras",
    "kubernetes-client": "kubernetes",
    "mujoco-python": "mujoco",
    "parasail-python": "parasail",
    "pinocchio": "pin",
    "pinocchio-python": "pin",
    "psycopg2": "psycopg2-binary",
    "py-lief": "lief",
    "py-opencv": "opencv-python",
    "py-xgboost": "xgboost",
    "py-xgboost-cpu": "xgboost",
    "py-xgboost-gpu": "xgboost",
    "pyqt": "pyqt5",
    "python-eccodes": "eccodes",
    "python-edlib": "edlib",
    "python-gmsh": "gmsh",
    "python-pdal": "pdal",
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "qtpy": "qtpy",
    "tensorflow-eigen": "tensorflow",
    "tensorflow-gpu": "tensorflow",
    "tensorflow-mkl": "tensorflow",
    "torchtriton": "triton",
}
PUBLIC_CHANNELS = re.compile(r"https?://(conda\.anaconda\.org|repo\.anaconda\.com|(repo\.)?prefix\.dev)/")
MAX_CACHED = 20_000  # names; conda-forge has about as many
MAX_CHANNELS = 10  # that are named
PYTHONS = frozenset({"python", "python_abi"})
PYTHON_VERSION = re.compile(r"={0,2}(3\.\d{1,2})(\..*)?\*?")


def channel_notes(channels: Iterable[str], *, builds: bool) -> tuple[str, ...]:
    """Return what to say of the channels and builds that entries name, nothing if they name none."""
    names = dict.fromkeys(PUBLIC_CHANNELS.sub("", one.rstrip("/")) for one in channels)
    named = [one for one in names if one and one != "nodefaults"]
    if not named and not builds:
        return ()
    what = " and ".join(["channels"] * bool(named) + ["builds"] * builds).capitalize()
    shown = f": {', '.join(named[:MAX_CHANNELS])}" if named else ""
    return (f"{what} of conda have no meaning here{shown}.",)


def python_of(entry: str) -> str | None:
    """Return the Python version that an entry names, such as `3.11`, None if it names none or a range."""
    spec = parse_spec(entry)
    found = PYTHON_VERSION.fullmatch(spec.version) if spec and spec.name == "python" else None
    return found[1] if found else None


def python_range(entry: str) -> str:
    """Return the specifier of the Python versions that an entry allows, '' if it names none or one version."""
    spec = parse_spec(entry)
    if spec is None or spec.name != "python" or python_of(entry):
        return ""
    return specifier(spec.version) or ""


def translate(entry: str) -> tuple[str, str]:
    """Return (PEP 508 line, '') for an entry, or ('', the reason why it is left out)."""
    found = conda_entry(entry)
    return found.library, found.reason


def conda_entry(text: str, *, line: int = 0, choice: str = "", marker: str = "") -> Entry:
    """Return the entry of a specification. A Python library gives way to a pip entry of the same name."""
    spec = parse_spec(text)
    if spec is None:
        return Entry(line=line, text=text[:200], reason="is not a conda entry", choice=choice)
    return spec_entry(spec, text=text, line=line, choice=choice, marker=marker)


def spec_entry(
    spec: MatchSpec, *, text: str, line: int = 0, choice: str = "", marker: str = "", requires: Iterable[str] = ()
) -> Entry:
    """Return the entry of a parsed specification. `requires` are the names that it requires, if known."""
    library, reason, conda = "", _python_reason(spec), ""
    if not reason:
        reason = _reason(spec, of_python=any(one in PYTHONS for one in requires))
        conda = f"{spec.name}{spec.version}" if reason and reason not in {CONDA_ITSELF, COLLECTION, HELPER} else ""
    if not reason:
        version = specifier(spec.version)
        if version is None:
            reason = f"has a version that no Python library can have: {spec.version.strip('=')[:60]}"
        else:
            library = python_name(spec.name) + version + (f" ; {marker}" if marker else "")
    return Entry(line=line, text=text[:200], library=library, reason=reason, choice=choice, weak=True, conda=conda)


@lru_cache(maxsize=MAX_CACHED)
def python_name(name: str) -> str:
    """Return the name that a package of conda has in the Python index; the same where nothing else is known."""
    key = canonicalize_name(name)
    known = RENAMED.get(key) or _mapping().get(key)
    if known or key in _most_used():
        return known or name
    extra = WITH_EXTRA.fullmatch(key)
    if extra and extra["name"] in _most_used():
        return f"{extra['name']}[{extra['extra']}]"
    return shortened(key, _most_used()) or name


def required_name(name: str) -> str:
    """Return the name that a package of conda has in the Python index, without extras."""
    return python_name(name).partition("[")[0]


def _python_reason(spec: MatchSpec) -> str:
    if spec.name in {"python", "pypy", "cpython"}:
        return "is the version of Python, which is chosen beside the list"
    return NO_INSTALLER if spec.name in INSTALLERS else ""


def _reason(spec: MatchSpec, *, of_python: bool) -> str:
    """Return why a package is no Python library: by its name, its build, the mapping, and the form of its name."""
    key, against = canonicalize_name(spec.name), reason_against(spec.name)
    if against:
        return against
    if key in _mapping() or key in RENAMED or python_name(spec.name) != spec.name:
        return ""
    if looks_native(spec.name) and (key not in _most_used() or key.startswith("lib")):
        return NATIVE
    plain = spec.build and "*" not in spec.build and not PYTHON_BUILD.search(spec.build)
    known = of_python or key in _most_used() or PYTHON_NAME.fullmatch(spec.name)
    return COMPILED if plain and not known else ""


@cache
def _mapping() -> dict[str, str]:
    """Return the Python name by conda name, where they differ or where the name looks like a native library's."""
    lines = NAMES.read_text(encoding="utf-8").splitlines()
    pairs = (line.split() for line in lines if not line.startswith("#"))
    return {one[0]: one[-1] for one in pairs}


@cache
def _most_used() -> frozenset[str]:
    return frozenset(read_names(MOST_USED))
