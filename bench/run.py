"""`make bench`: run the benchmarks; each figure is printed beside its limit, or a peer's from the same run.

Names of benchmarks select some of them (`make bench ARGS="pages review"`); `--write` keeps the figures as tables in
docs/operations/performance.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from importlib import import_module
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "bench"))
import performance_page  # noqa: E402 - found there
import report  # noqa: E402 - as above

NEEDS_HOME = ("preview", "fixes", "runs", "imports", "studio_start", "names", "idle")
TOGETHER = (
    "preview",
    "fixes",
    "intake",
    "waiting",
    "runs",
    "pages",
    "nearest",
    "imports",
    "studio_start",
    "names",
    "idle",
)
# each needs a database of its own, and therefore a process of its own
SEPARATE = ("api_requests", "review", "impact", "watch", "usage", "every_page")


def main() -> int:
    """Run the benchmarks named on the command line, or all; the exit code is 1 when one of them failed."""
    wanted = [one for one in sys.argv[1:] if one != "--write"] or ["builds", *TOGETHER, *SEPARATE]
    if report.KEPT in os.environ:  # one benchmark, in a process that is started below
        return _run(wanted)
    with tempfile.TemporaryDirectory(prefix="assay-figures-") as folder:
        kept = Path(folder) / "figures"
        kept.touch()
        os.environ[report.KEPT] = str(kept)
        code = _run(wanted)
        figures = report.read_figures(kept)
        _summarise(figures)
        if "--write" in sys.argv:
            _write(figures)
    return code


def _run(wanted: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as home:
        os.environ["ASSAY_HOME"] = home
        os.environ["DJANGO_SETTINGS_MODULE"] = "assay.server.settings"
        if "builds" in wanted:  # names of sets after it select those only
            from builds import SETS, builds  # noqa: PLC0415 - after the environment is set

            report.begin_group("builds")
            builds(Path(home), [one for one in wanted if one in SETS])
        for name in TOGETHER:
            if name in wanted:
                report.begin_group(name)
                run = getattr(import_module(name), name)  # each module has a function of its own name
                run(Path(home)) if name in NEEDS_HOME else run()
        if len(wanted) == 1 and wanted[0] in SEPARATE:
            report.begin_group(wanted[0])
            getattr(import_module(wanted[0]), wanted[0])()
    separate = [one for one in SEPARATE if one in wanted and len(wanted) > 1]
    commands = [[sys.executable, __file__, one] for one in separate]
    return max([subprocess.run(one, check=False).returncode for one in commands], default=0)  # noqa: S603 - ourselves


def _summarise(figures: Iterable[report.Figure]) -> None:
    judged = [one for one in figures if one.verdict is not None]
    missed = [f"  {one.group}: {one.what.strip()} {one.figure} ({one.beside})" for one in judged if not one.verdict]
    heading = f"{len(judged) - len(missed)} of {len(judged)} limits hold."
    sys.stdout.write("\n".join(["", heading, *(["Missed:"] if missed else []), *missed, ""]))


def _write(figures: Iterable[report.Figure]) -> None:
    """Write one part of the page per benchmark; its title is what the module measures."""
    for name, group in groupby(figures, key=lambda one: one.group):
        words = (import_module(name).__doc__ or name).splitlines()[0].removeprefix("Benchmark of ").rstrip(".")
        title = words[0].upper() + words[1:]
        performance_page.write_part(name, title, performance_page.figures_table(list(group)))


if __name__ == "__main__":
    sys.exit(main())
