"""`python -m assay.studio.run_notebook SOURCE TARGET`: run a notebook with parameters and render it as HTML.

The notebook runs in the kernel named `assay`, which is the approved environment's; papermill and nbconvert run
in Studio's prefix. TARGET gets the cells with their outputs, also when a cell fails; an HTML file is written
beside it. Parameters come as JSON in ASSAY_PARAMETERS, in papermill's format.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path

KERNEL = "assay"
FAILED = 1


def execute(source: Path, target: Path) -> int:
    """Run the notebook; return the exit code. The log names a failed cell, and the target keeps it."""
    import papermill  # noqa: PLC0415 - a second of start-up, and only here

    try:
        papermill.execute_notebook(
            str(source),
            str(target),
            parameters=json.loads(os.environ.get("ASSAY_PARAMETERS", "{}")),
            kernel_name=KERNEL,
            language="python",
            log_output=True,
            progress_bar=False,
            cwd=str(target.parent),
        )
    except papermill.PapermillExecutionError as error:
        sys.stderr.write(f"Cell {error.exec_count} failed.\n{error}\n")
        return FAILED
    return 0


def render(target: Path) -> None:
    """Write the notebook as one HTML file without external resources."""
    from nbconvert.exporters import HTMLExporter  # noqa: PLC0415 - as above

    exporter = HTMLExporter(embed_images=True, mathjax_url="", require_js_url="", jquery_url="")
    text, _ = exporter.from_filename(str(target))
    target.with_suffix(".html").write_text(text)


def main(source: Path, target: Path) -> int:
    """Run and render a notebook; return the notebook's exit code."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    code = execute(source, target)
    if target.exists():
        render(target)
    return code


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)  # only needed to find this module; hide Assay's code from kernels
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
