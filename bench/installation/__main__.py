"""`python -m installation`: write an installation into the home and the database of the settings.

Run it in `bench`, or with that folder in PYTHONPATH: `ASSAY_HOME=… python -m installation --size large`.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import fields, replace

import django

from installation.size import SIZES, Size


def main() -> None:
    """Migrate the database, which must be empty, and write into it."""
    parser = argparse.ArgumentParser(prog="python -m installation", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="large")
    for one in fields(Size):
        parser.add_argument(f"--{one.name}", type=int)
    given = vars(parser.parse_args())
    size = replace(SIZES[given.pop("size")], **{name: value for name, value in given.items() if value is not None})
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assay.server.settings")
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 - after setup

    from installation.bulk import unchecked  # noqa: PLC0415 - as above
    from installation.write import print_progress, write  # noqa: PLC0415 - as above

    call_command("migrate", verbosity=0)
    with unchecked():
        write(size, say=print_progress(time.monotonic()))


if __name__ == "__main__":
    main()
