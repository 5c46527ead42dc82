"""Files that Python runs at each start: `.pth` files with code, and the modules that `site` imports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from assay.core.report import StartupFile
from assay.engine.wheel_store.store import StoredWheel

MAX_FILE = 1 << 20  # bytes that are read
MAX_CODE = 4000  # characters that are kept; two namespace packages of setuptools have 1,000
CUSTOMIZE = "customize"  # the end of the names of both modules


def startup_files(wheels: Sequence[StoredWheel], store: Path, python: str) -> tuple[StartupFile, ...]:
    """Return the startup files of stored wheels, by library and path. `python` is the version in `lib/python3.11`."""
    base = f"lib/python{python}/site-packages/"
    return tuple(file for wheel in sorted(wheels, key=lambda one: one.name) for file in _of_wheel(wheel, store, base))


def _of_wheel(wheel: StoredWheel, store: Path, base: str) -> Iterator[StartupFile]:
    for path, _, sha256 in wheel.files:
        if not path.endswith(".pth") and CUSTOMIZE not in path:
            continue
        name = path.removeprefix(base)
        if name == path or not _runs(name):
            continue
        code = _code(store / wheel.key / "tree" / path)
        if code:
            yield StartupFile(library=wheel.name, path=name, sha256=sha256, code=code[:MAX_CODE])


def _runs(name: str) -> bool:
    """Return whether Python looks at a path below site-packages when it starts."""
    top, _, rest = name.partition("/")
    if top.split(".")[0] in {f"site{CUSTOMIZE}", f"user{CUSTOMIZE}"}:
        return not rest or rest.startswith("__init__.")
    return not rest and name.endswith(".pth")


def _code(path: Path) -> str:
    """Return the lines of a `.pth` file that Python runs, '' for none; of a module, its beginning."""
    with path.open("rb") as file:
        text = file.read(MAX_FILE).decode("utf-8", "replace")
    if path.suffix != ".pth":
        return text.strip() or "(empty)"
    return "\n".join(line for line in text.splitlines() if line.startswith(("import ", "import\t")))
