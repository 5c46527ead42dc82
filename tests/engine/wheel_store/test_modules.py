"""The modules that the import check tries."""

from __future__ import annotations

import pytest

from assay.engine.wheel_store.modules import top_modules


@pytest.mark.parametrize(
    ("files", "modules"),
    [
        (("yaml/__init__.py", "yaml/loader.py", "_yaml/__init__.py"), ("yaml",)),
        (("_cffi_backend.cpython-311-x86_64-linux-gnu.so",), ("_cffi_backend",)),
        (
            ("google/cloud/storage/__init__.py", "google/cloud/_storage/__init__.py", "google/cloud/_helpers.py"),
            ("google.cloud.storage",),
        ),
        (("a/b/c/d/e/__init__.py",), ("a.b.c.d.e",)),
        (("a/b/c/d/e/__init__.py", "a/b/c/d.py", "a/b/c/d/f.py"), ("a.b.c.d",)),
        (("one.py", "tests/__init__.py", "setup.py", "../../bin/run", "one-1.dist-info/x.py"), ("one",)),
    ],
)
def test_public_modules_are_tried(files: tuple[str, ...], modules: tuple[str, ...]) -> None:
    """Also in namespace packages; private ones and those in deep folders only where there is nothing else."""
    assert top_modules(files) == modules
