"""Conda's package names and versions, translated to those of the Python index."""

from __future__ import annotations

import re

UNNEEDED = frozenset({"pip", "setuptools", "wheel"})
CONDA_ONLY = frozenset(
    {
        "blas",
        "ca-certificates",
        "compilers",
        "cuda",
        "cudatoolkit",
        "cudnn",
        "cxx-compiler",
        "ffmpeg",
        "gcc",
        "gfortran",
        "git",
        "gxx",
        "hdf5",
        "icu",
        "intel-openmp",
        "libblas",
        "make",
        "mkl",
        "nccl",
        "ncurses",
        "nodejs",
        "openblas",
        "openjdk",
        "openssl",
        "pandoc",
        "proj",
        "pytorch-cuda",
        "readline",
        "sqlite",
        "tk",
        "xz",
        "zlib",
    }
)
CONDA_PREFIXES = ("r-", "lib", "_", "m2-", "xorg-", "perl-")
RENAMED = {
    "pytorch": "torch",
    "opencv": "opencv-python",
    "py-opencv": "opencv-python",
    "msgpack-python": "msgpack",
    "py-xgboost": "xgboost",
    "matplotlib-base": "matplotlib",
    "dask-core": "dask",
    "graphviz": "graphviz",
    "python-graphviz": "graphviz",
    "tensorflow-base": "tensorflow",
    "pytables": "tables",
    "importlib_metadata": "importlib-metadata",
}
ENTRY = re.compile(r"(?:[\w.-]+::)?(?P<name>[A-Za-z0-9_.-]+)\s*(?P<rest>.*)")


def python_of(entry: str) -> str | None:
    """Return the Python version that an entry requires, such as `3.11`, else None."""
    found = re.fullmatch(r"python\s*[=<>~!]*\s*(3\.\d{1,2})\S*.*", entry.strip())
    return found[1] if found else None


def translate(entry: str) -> tuple[str, str]:
    """Return (PEP 508 line, '') for an entry, or ('', the reason why it is left out)."""
    found = ENTRY.fullmatch(entry.strip())
    if found is None:
        return "", "is not a conda entry"
    name = found["name"].lower()
    if name == "python":
        return "", "" if python_of(entry) else "names no Python version; choose one beside the list"
    if name in UNNEEDED:
        return "", "is not needed: the environment has no installer in it"
    if name in CONDA_ONLY or name.startswith(CONDA_PREFIXES):
        return "", "is a conda package that the Python index does not have"
    return RENAMED.get(name, name) + _version(found["rest"].strip()), ""


def _version(rest: str) -> str:
    """Translate conda's version: `=1.2` is a prefix match, a third part is a build."""
    if not rest or rest == "*":
        return ""
    if rest[0] in "<>!~":
        return rest.replace(" ", "")
    parts = [part for part in re.split(r"=+", rest.replace(" ", "=")) if part]
    version = parts[0].rstrip("*").rstrip(".")
    exact = rest.startswith("==") or len(parts) > 1
    return f"=={version}" if exact else f"=={version}.*"
