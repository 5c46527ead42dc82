"""Libraries that exist: names, releases, dependencies and licences, and locks and reports made of them."""

from __future__ import annotations

import hashlib
import random
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import accumulate
from typing import Any

from assay.core.lock import File, Lock, LockedLibrary
from assay.core.report import Check, ImportFact, LibraryFacts, Report, StartupFile
from installation.size import Size

INDEX = "https://pypi.org/simple"
PLATFORM = "linux-x86_64"
OFTEN = (
    *(
        "packaging",
        "typing-extensions",
        "certifi",
        "idna",
        "charset-normalizer",
        "urllib3",
        "requests",
        "numpy",
        "six",
    ),
    *("python-dateutil", "pytz", "pandas", "pyyaml", "click", "jinja2", "markupsafe", "attrs", "pydantic", "cffi"),
    *("cryptography", "scipy", "joblib", "threadpoolctl", "scikit-learn", "pillow", "matplotlib", "tqdm", "rich"),
    *("sqlalchemy", "pyarrow", "protobuf", "fsspec", "aiohttp", "filelock", "psutil", "zipp", "tornado", "openpyxl"),
)
FIRST = [
    "fast",
    "open",
    "py",
    "data",
    "auto",
    "geo",
    "stat",
    "deep",
    "light",
    "micro",
    "multi",
    "hyper",
    "meta",
    "net",
    "time",
    "text",
    "image",
    "graph",
    "tensor",
    "quant",
]
SECOND = (
    "frame",
    "array",
    "plot",
    "flow",
    "store",
    "model",
    "index",
    "query",
    "cache",
    "trace",
    "parse",
    "fit",
    "scale",
    "graph",
    "mesh",
    "grid",
    "wave",
    "risk",
    "score",
    "feed",
)
THIRD = ("", "core", "utils", "io", "ext", "client", "tools", "schema", "lab")
LICENCES = ("MIT", "BSD-3-Clause", "Apache-2.0", "MIT", "BSD-3-Clause", "Apache-2.0", "MPL-2.0", "LGPL-3.0-only", "")
STARTUP = StartupFile(
    library="setuptools",
    path="distutils-precedence.pth",
    sha256="5" * 64,
    code="import os; var = 'SETUPTOOLS_USE_DISTUTILS'",
)


@dataclass(kw_only=True)
class Release:
    """One release of a library: what a lock and a report say about it. `uploaded` is days after the first day."""

    library: LockedLibrary
    uploaded: int
    facts: LibraryFacts

    @cached_property
    def content(self) -> dict[str, Any]:
        """What a lock's JSON says about it."""
        return asdict(self.library)

    @cached_property
    def reported(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a report says about it, and about the import of its module."""
        fact = ImportFact(library=self.library.name, module=self.facts.modules[0], seconds=0.01)
        return asdict(self.facts), asdict(fact)


@dataclass
class Libraries:
    """All libraries by rank: the first are the most popular, by Zipf's law."""

    size: Size
    start: datetime
    names: list[str] = field(init=False)
    needs: list[tuple[int, ...]] = field(init=False)  # the ranks that a library requires, all of them lower

    def __post_init__(self) -> None:
        rest = ["-".join(filter(None, words)) for words in ((a, b, c) for c in THIRD for a in FIRST for b in SECOND)]
        self.names = [*OFTEN, *dict.fromkeys(rest)][: self.size.names]
        self._popular = list(accumulate(1 / (rank + 3) for rank in range(len(self.names))))
        dice = random.Random(self.size.seed)  # noqa: S311 - no secret
        self.needs = [self._needs(dice, rank) for rank in range(len(self.names))]
        self.releases = [self._releases(dice, rank) for rank in range(len(self.names))]
        self._uploads = [[one.uploaded for one in releases] for releases in self.releases]
        self._closures: dict[int, frozenset[int]] = {}

    def _needs(self, dice: random.Random, rank: int) -> tuple[int, ...]:
        count = min(rank, int(dice.expovariate(0.7))) if rank > 8 else 0
        return tuple(sorted({min(rank - 1, int(rank * dice.random() ** 3)) for _ in range(count)}))

    def _releases(self, dice: random.Random, rank: int) -> list[Release]:
        name, licence, size = self.names[rank], dice.choice(LICENCES), int(dice.lognormvariate(13, 1.5))
        days = sorted(dice.randrange(-900, self.size.days) for _ in range(dice.randrange(4, 11)))
        return [
            self._release(rank, number, name, max(size, 4_000), licence, day)
            for number, day in enumerate([-1000, *days])
        ]

    def _release(self, rank: int, number: int, name: str, size: int, licence: str, day: int) -> Release:
        version = f"{1 + number // 4}.{number % 4}.{rank % 10}"
        module = name.replace("-", "_")
        file = f"{module}-{version}-py3-none-any.whl"
        digest = hashlib.sha256(file.encode()).hexdigest()
        uploaded = f"{self.start + timedelta(days=day):%Y-%m-%dT%H:%M:%SZ}"
        url = f"https://files.example/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{file}"
        return Release(
            library=LockedLibrary(
                name=name,
                version=version,
                index=INDEX,
                file=File(name=file, url=url, size=size // 3, sha256=digest, uploaded=uploaded),
                dependencies=tuple(sorted(self.names[one] for one in self.needs[rank])),
            ),
            uploaded=day,
            facts=LibraryFacts(
                name=name,
                version=version,
                size=size,
                licence=licence,
                summary=f"{name} for Python",
                modules=(module,),
            ),
        )

    def closure(self, rank: int) -> frozenset[int]:
        """Return a library with everything that it needs."""
        if rank not in self._closures:
            self._closures[rank] = frozenset({rank}).union(*(self.closure(one) for one in self.needs[rank]))
        return self._closures[rank]

    def choose(self, dice: random.Random, count: int) -> tuple[list[int], frozenset[int]]:
        """Return the libraries that somebody asks for, and with what they need: about `count` libraries."""
        asked: dict[int, None] = {}
        found: set[int] = set()
        while len(found) < count:
            (rank,) = dice.choices(range(len(self.names)), cum_weights=self._popular)
            asked[rank] = None
            found |= self.closure(rank)
        return list(asked), frozenset(found)

    def resolve(self, ranks: Iterable[int], day: float, base: dict[int, Release] | None = None) -> dict[int, Release]:
        """Return the newest release of each library on a day; those of a base stay as they are."""
        found = dict(base or {})
        for rank in ranks:
            if rank not in found:
                found[rank] = self.releases[rank][bisect_right(self._uploads[rank], day) - 1]
        return found


def lock_of(python: str, releases: Iterable[Release]) -> Lock:
    """Return the lock of some releases."""
    libraries = sorted((one.library for one in releases), key=lambda one: one.name)
    return Lock(python=python, platform=PLATFORM, libraries=tuple(libraries))


def report_of(python: str, releases: Iterable[Release], failing: bool) -> Report:
    """Return the report on a build without its libraries; with `failing`, one of them does not import."""
    ordered = list(releases)
    broken = ordered[-1].facts
    error = "ImportError: libGL.so.1: cannot open shared object file: No such file or directory"
    imports = (
        (ImportFact(library=broken.name, module=broken.modules[0], seconds=0.1, error=error),) if failing else ()
    )
    detail = f"{broken.modules[0]} fails" if failing else f"{len(ordered)} modules import"
    return Report(
        python=python,
        python_path=f"/usr/bin/python{python}",
        size=sum(one.facts.size for one in ordered),
        files=40 * len(ordered),
        new_size=ordered[0].facts.size,
        isolation="bubblewrap",
        tree=hashlib.sha256("".join(one.library.file.sha256 for one in ordered).encode()).hexdigest(),
        imports=imports,
        checks=(
            Check(name="imports", state="failed" if failing else "passed", detail=detail, seconds=1.0),
            Check(name="kernel", state="passed", detail="starts", seconds=0.5),
            Check(name="startup code", state="passed", detail="1 known file"),
            Check(name="file conflicts", state="passed", detail="none"),
            Check(name="RECORD mismatches", state="passed", detail="none"),
        ),
        startup_files=(STARTUP,),
        file_conflicts=(),
        record_mismatches=(),
        uv="0.9.0",
    )


def feed_records(libraries: Libraries, count: int) -> list[dict[str, Any]]:
    """Return advisories (OSV) about less popular libraries, which a tenth of the environments has."""
    dice, records = random.Random(libraries.size.seed + 1), []  # noqa: S311 - no secret
    for number in range(count):
        rank = dice.randrange(len(libraries.names) // 2, len(libraries.names))
        releases = libraries.releases[rank]
        fixed = releases[dice.randrange(1, len(releases))].library
        package = {"name": fixed.name, "ecosystem": "PyPI", "purl": f"pkg:pypi/{fixed.name}"}
        events = [{"introduced": "0"}, {"fixed": fixed.version}]
        score = ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
        records.append(
            {
                "id": f"PYSEC-2026-{number + 1}",
                "details": f"{fixed.name} before {fixed.version} has a flaw.",
                "affected": [
                    {"package": package, "ranges": [{"type": "ECOSYSTEM", "events": events}], "versions": []}
                ],
                "aliases": [],
                "modified": f"{libraries.start:%Y-%m-%dT00:00:00Z}",
                "published": f"{libraries.start:%Y-%m-%dT00:00:00Z}",
                "severity": [{"type": "CVSS_V3", "score": score[number % 8 == 0]}],
            }
        )
    return records
