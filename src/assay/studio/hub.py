"""`python -m assay.studio.hub ARGUMENTS`: JupyterHub, its proxy, servers and kernels as one tree."""

from __future__ import annotations

import sys

from assay.studio.process_tree import run_tree

GRACE = 6.0  # seconds to stop servers; `assay up` kills the Hub after eight

if __name__ == "__main__":
    sys.exit(run_tree([sys.executable, "-m", "jupyterhub", *sys.argv[1:]], grace=GRACE))
