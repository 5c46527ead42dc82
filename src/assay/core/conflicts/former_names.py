"""Names that old files still list: libraries that were renamed, and parts of Python that were libraries once.

The lists are kept by hand. A renamed library stands here only if the index itself says so: its newest release is
empty, fails on purpose, or names its successor. A part of Python stands here with the version that brought it
(the page of the library on the index, and "What's New in Python").
"""

from __future__ import annotations

from dataclasses import dataclass

RENAMED = {
    "beautifulsoup": "beautifulsoup4",
    "distribute": "setuptools",
    "fbprophet": "prophet",
    "mysql-python": "mysqlclient",
    "opencv": "opencv-python",
    "pandas-profiling": "ydata-profiling",
    "pep8": "pycodestyle",
    "pil": "pillow",
    "pycrypto": "pycryptodome",
    "pytorch": "torch",
    "sklearn": "scikit-learn",
    "tensorflow-gpu": "tensorflow",
    "tf-nightly-gpu": "tf-nightly",
}
PART_OF_PYTHON = {
    "argparse": "3.2",
    "asyncio": "3.4",
    "backports-abc": "3.5",
    "backports-csv": "3.0",
    "backports-functools-lru-cache": "3.2",
    "backports-lzma": "3.3",
    "backports-shutil-get-terminal-size": "3.3",
    "backports-shutil-which": "3.3",
    "backports-ssl-match-hostname": "3.2",
    "backports-statistics": "3.4",
    "backports-tempfile": "3.2",
    "backports-weakref": "3.4",
    "backports-zoneinfo": "3.9",
    "contextvars": "3.7",
    "dataclasses": "3.7",
    "enum": "3.4",
    "enum34": "3.4",
    "faulthandler": "3.3",
    "functools32": "3.2",
    "futures": "3.2",
    "hashlib": "2.5",
    "importlib": "3.1",
    "ipaddress": "3.3",
    "monotonic": "3.3",
    "multiprocessing": "2.6",
    "ordereddict": "3.1",
    "pathlib": "3.4",
    "pathlib2": "3.4",
    "scandir": "3.5",
    "selectors2": "3.4",
    "selectors34": "3.4",
    "singledispatch": "3.4",
    "ssl": "2.6",
    "statistics": "3.4",
    "subprocess32": "3.2",
    "trollius": "3.4",
    "typing": "3.5",
    "unittest2": "3.2",
    "uuid": "2.5",
    "wsgiref": "2.5",
}
NO_LIBRARY = {  # entries that tools write into lists of libraries by mistake
    "pkg-resources": "is a part of setuptools that Debian's pip lists by mistake",
    "pkgresources": "is a part of setuptools that Debian's pip lists by mistake",
    "python": "is Python itself, which is chosen beside the libraries",
}


@dataclass(frozen=True, kw_only=True)
class Former:
    """What became of a name: its successor, or '' where nothing is needed; and why."""

    successor: str
    reason: str


def former(name: str, python: str) -> Former | None:
    """Return what became of a normalised name for a Python such as `3.11`, None for a name of today."""
    if name in RENAMED:
        return Former(successor=RENAMED[name], reason=f"was renamed to {RENAMED[name]}")
    since = PART_OF_PYTHON.get(name)
    if since and _number(since) <= _number(python):
        return Former(successor="", reason=f"is part of Python since {since}")
    return Former(successor="", reason=NO_LIBRARY[name]) if name in NO_LIBRARY else None


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(one) for one in version.split("."))
