"""The folder in which web processes count their requests, named before what counts is imported; and the token."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from assay.server.secrets import secret

TOKEN = "metrics-token"  # noqa: S105 - the name of its file below `ASSAY_HOME/secrets`
NAME = "PROMETHEUS_MULTIPROC_DIR"  # of prometheus_client


def make_metrics_folder(home: Path) -> None:
    """Make the folder anew and name it in the environment, unless the process that started this one did."""
    if NAME in os.environ:
        return
    folder = home / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ[NAME] = str(folder)
    secret(home, TOKEN)  # so that it is there before anybody asks


def hide_metrics_folder() -> None:
    """Take the name out of the environment: other processes, such as people's kernels, count for themselves."""
    os.environ.pop(NAME, None)
