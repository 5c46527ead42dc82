"""Starts a notebook kernel in an environment: `python kernel_boot.py OVERLAY -f CONNECTION_FILE`.

Where the environment has no ipykernel, OVERLAY is a directory that has one; it is appended to the path,
so that the environment's own libraries always win. Standard library only, Python 3.9 and newer.
"""

import sys


def main() -> None:
    """Put the path in order and become the kernel."""
    overlay = sys.argv.pop(1)
    here = sys.path.pop(0)  # the folder of this script must not offer its files as modules
    del here
    if overlay != "-":
        sys.path.append(overlay)
    from ipykernel import kernelapp  # noqa: PLC0415 - only importable once the path is in order

    kernelapp.launch_new_instance()


if __name__ == "__main__":
    main()
