"""The library of a module, such as `opencv-python` for `cv2`.

`docs/import_names.py` makes `import_names.txt`; its first line names the sources. A line is a module and its
libraries, the one to take first; a module alone has a library of the same name.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from packaging.utils import canonicalize_name

from assay.sources.intake.known_names import most_used

MODULES = Path(__file__).with_name("import_names.txt")
# Packages in which many libraries have modules; alone they name no library.
NAMESPACES = frozenset({"azure", "backports", "com", "google", "google.cloud", "jaraco", "plone", "products", "zope"})
# Modules of a project's own that some library has, too.
LOCAL = frozenset(
    {
        "api",
        "app",
        "build",
        "apps",
        "base",
        "benchmark",
        "client",
        "common",
        "conf",
        "config",
        "constants",
        "core",
        "data",
    }
    | {"db", "dev", "doc", "docs", "example", "examples", "helper", "helpers", "lib", "main", "model", "models"}
    | {"module", "mytest", "plugins", "project", "scripts", "server", "settings", "src", "test", "test_utils"}
    | {"tests", "tool", "tools", "types", "ui", "util", "utils", "web"}
)
# Parts of the standard library that newer Pythons no longer have.
REMOVED = frozenset(
    {"aifc", "asynchat", "asyncore", "audioop", "binhex", "cgi", "cgitb", "chunk", "crypt", "distutils", "formatter"}
    | {"imghdr", "imp", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev", "parser", "pipes", "smtpd", "sndhdr"}
    | {"spwd", "sunau", "symbol", "telnetlib", "uu", "xdrlib", "__future__", "__main__"}
    # of Python 2
    | {"ConfigParser", "Queue", "StringIO", "Tkinter", "__builtin__", "cPickle", "cStringIO", "commands", "httplib"}
    | {"md5", "sets", "tkMessageBox", "urllib2", "urlparse", "xmlrpclib"}
)
# Modules that no library of a package index has.
ELSEWHERE = {
    "google.colab": "exists only in Google Colab",
    "kaggle_datasets": "exists only on Kaggle",
    "kaggle_secrets": "exists only on Kaggle",
    "dbutils": "exists only in Databricks",
    "js": "exists only in a browser",
    "pyodide": "exists only in a browser",
    "sage": "exists only in SageMath",
    "en_core_web_sm": "is a model of spaCy, which package indexes do not have",
    "en_core_web_md": "is a model of spaCy, which package indexes do not have",
    "en_core_web_lg": "is a model of spaCy, which package indexes do not have",
}


def is_standard_library(module: str) -> bool:
    """Return whether a module is, or was, part of Python itself."""
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or top in REMOVED


def libraries_of(module: str) -> tuple[str, tuple[str, ...]]:
    """Return (the part of a dotted name that tells, the libraries that have it), the one to take first.

    The longest known part counts; a part that a widely used library has as its name names that one.
    """
    parts = module.split(".")
    if parts[0].lower() in LOCAL:
        return parts[0], ()
    for length in range(len(parts), 0, -1):
        part = ".".join(parts[:length])
        found = _table().get(part)
        if found:
            return part, found
        name = canonicalize_name(part)
        if (length > 1 or part not in NAMESPACES) and name in most_used() and (length == 1 or parts[0] in NAMESPACES):
            return part, (name,)
    return parts[0], ()


def elsewhere(module: str) -> str:
    """Return where a module exists that no library has, '' for any other one."""
    return next((why for name, why in ELSEWHERE.items() if f"{module}.".startswith(f"{name}.")), "")


@cache
def _table() -> dict[str, tuple[str, ...]]:
    lines = MODULES.read_text(encoding="utf-8").splitlines()
    words = (line.split() for line in lines if not line.startswith("#"))
    return {one[0]: tuple(one[1:]) or (canonicalize_name(one[0]),) for one in words}
