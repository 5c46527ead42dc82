"""Starts a notebook kernel in an environment: `python kernel_boot.py OVERLAY -f CONNECTION_FILE`.

Where the environment has no ipykernel, OVERLAY is a directory that has one; it is appended to the path,
so that the environment's own libraries take precedence. Standard library only, Python 3.9 and newer.
"""

import os
import sys


def main() -> None:
    """Set `sys.path` and run the kernel."""
    overlay = sys.argv.pop(1)
    here = sys.path.pop(0)  # so that files in the folder of this script cannot be imported
    if os.environ.get("ASSAY_RECORD"):
        _record(here)
    if overlay != "-":
        sys.path.append(overlay)
    if os.environ.get("ASSAY_NEW_VERSION"):
        _replace_pip(here)
    from ipykernel import kernelapp  # noqa: PLC0415 - only importable once the path is set

    kernelapp.launch_new_instance()


def _replace_pip(here: str) -> None:
    """Replace `%pip`; if personal libraries are allowed, append their folder to `sys.path`."""
    from importlib.util import module_from_spec, spec_from_file_location  # noqa: PLC0415 - only in servers

    spec = spec_from_file_location("assay_pip", os.path.join(here, "pip_shim.py"))  # noqa: PTH118 - pathlib costs start-up time
    if spec is None or spec.loader is None:
        return
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules["assay_pip"] = module
    sys.argv.append("--InteractiveShellApp.extra_extensions=assay_pip")
    if os.environ.get("ASSAY_PERSONAL"):
        sys.path.append(module.personal_folder(os.environ.get("ASSAY_ENVIRONMENT", "")))


def _record(here: str) -> None:
    """Record what the kernel's start imports (see `import_recorder.py`); only the check of a build needs it."""
    sys.path.insert(0, os.path.join(os.path.dirname(here), "checking"))  # noqa: PTH118, PTH120 - as above
    import import_recorder  # type: ignore[import-not-found]  # noqa: PLC0415 - a script, not part of a package

    del sys.path[0]
    import_recorder.install()


if __name__ == "__main__":
    main()
