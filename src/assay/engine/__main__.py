"""`python -m assay.engine WORKDIR`: run one build, or verify the files of one environment."""

import sys

from assay.engine.process import main

sys.exit(main(sys.argv[1:]))
