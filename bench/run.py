"""`make bench`: run the benchmarks; each figure is printed beside its limit, or a peer's from the same run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "bench"))
SEPARATE = ("review", "watch")  # each needs a database of its own, and therefore a process of its own


def main() -> int:
    """Run the benchmarks named on the command line, or all."""
    wanted = sys.argv[1:] or ["builds", "preview", "waiting", "runs", "pages", "nearest", "studio", "review", "watch"]
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as home:
        os.environ["ASSAY_HOME"] = home
        os.environ["DJANGO_SETTINGS_MODULE"] = "assay.server.settings"
        if "builds" in wanted:  # names of sets after it select those only
            from builds import SETS, builds  # noqa: PLC0415 - after the environment is set

            builds(Path(home), [one for one in wanted if one in SETS])
        if "preview" in wanted:
            from preview import preview  # noqa: PLC0415 - as above

            preview(Path(home))
        if "waiting" in wanted:
            from waiting import waiting  # noqa: PLC0415 - as above

            waiting()
        if "runs" in wanted:
            from runs import runs  # noqa: PLC0415 - as above

            runs(Path(home))
        if "pages" in wanted:
            from pages import pages  # noqa: PLC0415 - as above

            pages()
        if "nearest" in wanted:
            from nearest import nearest  # noqa: PLC0415 - as above

            nearest()
        if "studio" in wanted:
            from studio import studio  # noqa: PLC0415 - as above

            studio(Path(home))
        if wanted == ["review"]:
            from review import review  # noqa: PLC0415 - as above

            review()
        if wanted == ["watch"]:
            from watch import watch  # noqa: PLC0415 - as above

            watch()
    separate = [one for one in SEPARATE if one in wanted and len(wanted) > 1]
    commands = [[sys.executable, __file__, one] for one in separate]
    return max([subprocess.run(one, check=False).returncode for one in commands], default=0)  # noqa: S603 - ourselves


if __name__ == "__main__":
    sys.exit(main())
