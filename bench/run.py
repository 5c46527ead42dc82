"""`make bench`: run the benchmarks; each figure is printed beside its limit, or a peer's from the same run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "bench"))
NEEDS_HOME = ("preview", "fixes", "runs", "imports", "studio", "names")
TOGETHER = ("preview", "fixes", "intake", "waiting", "runs", "pages", "nearest", "imports", "studio", "names")
# each needs a database of its own, and therefore a process of its own
SEPARATE = ("review", "impact", "watch", "usage")


def main() -> int:
    """Run the benchmarks named on the command line, or all."""
    wanted = sys.argv[1:] or ["builds", *TOGETHER, *SEPARATE]
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as home:
        os.environ["ASSAY_HOME"] = home
        os.environ["DJANGO_SETTINGS_MODULE"] = "assay.server.settings"
        if "builds" in wanted:  # names of sets after it select those only
            from builds import SETS, builds  # noqa: PLC0415 - after the environment is set

            builds(Path(home), [one for one in wanted if one in SETS])
        for name in TOGETHER:
            if name in wanted:
                run = getattr(import_module(name), name)  # each module has a function of its own name
                run(Path(home)) if name in NEEDS_HOME else run()
        if len(wanted) == 1 and wanted[0] in SEPARATE:
            getattr(import_module(wanted[0]), wanted[0])()
    separate = [one for one in SEPARATE if one in wanted and len(wanted) > 1]
    commands = [[sys.executable, __file__, one] for one in separate]
    return max([subprocess.run(one, check=False).returncode for one in commands], default=0)  # noqa: S603 - ourselves


if __name__ == "__main__":
    sys.exit(main())
