"""`python -m assay.studio.run_notebook SOURCE TARGET`: runs one notebook with parameters and shows it as a page.

The notebook is run in the kernel named `assay`, which is the approved environment's; what runs it and what
renders it stay in Studio's prefix. TARGET gets the cells with their outputs, also when one fails; beside it
lies the same as HTML. Parameters come as JSON in ASSAY_PARAMETERS, as papermill understands them.
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
    """Run the notebook; return the exit code. The cell that failed is told in the log and kept in the target."""
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
    """Write the notebook as a page of its own, which loads nothing from anywhere."""
    from nbconvert.exporters import HTMLExporter  # noqa: PLC0415 - as above

    exporter = HTMLExporter(embed_images=True, mathjax_url="", require_js_url="", jquery_url="")
    text, _ = exporter.from_filename(str(target))
    target.with_suffix(".html").write_text(text)


def main(source: Path, target: Path) -> int:
    """Run and render; the exit code is that of the notebook."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    code = execute(source, target)
    if target.exists():
        render(target)
    return code


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)  # it led to this module; kernels must not find our code by it
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
