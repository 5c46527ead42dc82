"""`python -m assay.engine WORKDIR`: one build, or one look whether an environment is still what was built."""

import sys
from pathlib import Path

workdir = Path(sys.argv[1])
if (workdir / "rehash.json").exists():
    from assay.engine.installing.integrity import main
else:
    from assay.engine.build import main
sys.exit(main(workdir))
