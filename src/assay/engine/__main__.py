"""`python -m assay.engine WORKDIR`: run one build, or verify the files of one environment."""

import sys
from pathlib import Path

workdir = Path(sys.argv[1])
if (workdir / "rehash.json").exists():
    from assay.engine.installing.integrity import main
else:
    from assay.engine.build import main
sys.exit(main(workdir))
