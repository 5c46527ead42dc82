"""`python -m assay.engine WORKDIR`: one build."""

import sys

from assay.engine.build import main

sys.exit(main(sys.argv[1]))
