"""Benchmark of fixes for a conflict, beside one resolution of what the first fix resolves to."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import django
from report import print_figure

from assay.engine.interface import Index, ResolveRequest
from assay.engine.interpreters import find_interpreters

FIRST_LIMIT, ALL_LIMIT = 4.0, 14.0  # times one resolution
FIRST_SECONDS, ALL_SECONDS = 1.5, 4.0
TIMES = 5
CONFLICTS = {
    "a pin against a newer library": "scipy==1.10.1 numpy>=2 matplotlib",
    "two pins": "tensorflow==2.15.0 numpy==2.0.0 pandas",
    "an upper bound": "numpy<1.20 pandas>=2 scipy",
    "a misspelled name": "reqests>=2 pandas scikit-learn",
}


def fixes(home: Path) -> None:
    """Search with a warm cache, and resolve the lines of the first fix once with the same cache."""
    django.setup()
    from assay.core.errors import ResolutionError  # noqa: PLC0415 - after setup
    from assay.flow.compose.conflict_fixes import Problem, found_fixes  # noqa: PLC0415 - as above
    from assay.flow.compose.fix_trials import Trials  # noqa: PLC0415 - as above

    work = home / "fixes"
    work.mkdir(exist_ok=True)
    pythons = find_interpreters()
    for name, libraries in CONFLICTS.items():
        request = ResolveRequest(
            python="3.11",
            python_path=pythons["3.11"].path,
            libraries=tuple(libraries.split()),
            index=Index(url="https://pypi.org/simple", trusted=True),
        )
        try:
            Trials(request, {}, work).resolve(request)
        except ResolutionError as error:
            problem = Problem(
                error=error,
                request=request,
                credentials={},
                python="3.11",
                similar={"reqests": "requests"},
                before={},
            )
        else:
            print_figure(f"fixes of {name}", "none", "it resolves")
            continue
        first, every, single = [], [], []
        for turn in range(TIMES + 1):
            began = time.perf_counter()
            found, times = [], []
            for fix in found_fixes(problem):
                found.append(fix)
                times.append(time.perf_counter() - began)
            took = time.perf_counter() - began
            began = time.perf_counter()
            changed = replace(request, libraries=found[0].libraries)
            if found[0].python:
                changed = replace(changed, python=found[0].python, python_path=pythons[found[0].python].path)
            Trials(request, {}, work).resolve(changed)
            if turn:  # the first one warms the cache
                first.append(times[0])
                every.append(took)
                single.append(time.perf_counter() - began)
        one = median(single)
        print_figure(f"{name}: one resolution", f"{one * 1000:.0f} ms", "the peer")
        for words, figure, times, seconds in (
            ("first fix", median(first), FIRST_LIMIT, FIRST_SECONDS),
            ("all fixes", median(every), ALL_LIMIT, ALL_SECONDS),
        ):
            beside = f"limit {seconds} s; {figure / one:.1f} x one resolution (limit {times})"
            print_figure(f"  {words}", f"{figure * 1000:.0f} ms", beside, figure <= min(seconds, times * one))
