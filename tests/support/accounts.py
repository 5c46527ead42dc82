"""Make the people of a test in one process: roles by name come as JSON on stdin, tokens by name go to stdout."""

from __future__ import annotations

import json
import sys

from assay.server.setup import prepare
from support.server import PASSWORD


def main() -> None:
    """Make an account and a token for each, as `assay admin create-user` and `assay admin token` do."""
    prepare()
    from assay.core.roles import Right, Role  # noqa: PLC0415 - after the settings
    from assay.flow.people import create_person, create_token  # noqa: PLC0415

    tokens = {}
    for name, role in json.load(sys.stdin).items():
        person = create_person(name, PASSWORD, Role(role))
        tokens[name] = create_token(person, "tests", scope=Right.ADMINISTER).secret
    json.dump(tokens, sys.stdout)


if __name__ == "__main__":
    main()
