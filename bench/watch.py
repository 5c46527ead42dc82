"""Benchmark of assessments: all published versions with all advisories, and the test of a policy."""

from __future__ import annotations

import json
import random
import tempfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from report import print_figure

LIBRARIES = 300  # of each version
RECORDS = 2700  # of the feed
NAMES = 1500  # libraries that exist
PER_NAME = 12  # versions of each
PER_ENVIRONMENT = 2  # versions
WATCHED, TRIED = 10_000, 1000  # published versions
WATCH_LIMIT, TRY_LIMIT = 5.0, 2.0  # seconds


def watch() -> None:
    """Fill a database and measure."""
    import django  # noqa: PLC0415 - the settings module is set by then

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 - after setup()

    call_command("migrate", verbosity=0)
    _feed()
    _versions(TRIED)
    _policy_test()
    _versions(WATCHED - TRIED, begin=TRIED)
    _round()


def _twice_the_rules() -> Any:  # noqa: ANN401 - a policy
    """Return the default policy with as many rules again, of all kinds, as a large organisation adds them."""
    from assay.core.advisories.advisory import Severity  # noqa: PLC0415 - after setup()
    from assay.core.policy import build_rules, change_rules, library_rules, project_rules, version_rules  # noqa: PLC0415
    from assay.core.policy.findings import Effect  # noqa: PLC0415 - as above
    from assay.core.policy.policy import DEFAULT, Policy  # noqa: PLC0415 - as above

    critical = {"tags": ("critical",)}
    more = (
        *(library_rules.Deny(library=f"lib-{number}", versions="<1") for number in range(0, 40, 10)),
        library_rules.Deny(library="lib-7", replacement="lib-8", reason="It is not developed any more."),
        library_rules.LicencesAllowed(licences=("MIT", "BSD-3-Clause", "Apache-2.0", "PSF-2.0")),
        library_rules.LicencesDenied(licences=("GPL-3.0-only", "GPL-3.0-or-later", "SSPL-1.0"), effect=Effect.BLOCK),
        library_rules.LicenceUnknown(effect=Effect.WARN, **critical),
        library_rules.Vulnerability(severity=Severity.MEDIUM, effect=Effect.BLOCK, stop_after=14, **critical),
        library_rules.Malware(effect=Effect.BLOCK, stop_after=1),
        library_rules.MinimumAge(days=30, **critical),
        library_rules.Sources(indexes=("https://pypi.org/simple",), **critical),
        version_rules.Yanked(effect=Effect.BLOCK, **critical),
        version_rules.ProjectStatus(effect=Effect.BLOCK, statuses=("archived",), **critical),
        version_rules.MaximumAge(days=1500, effect=Effect.NOTE),
        version_rules.Require(library="lib-1", **critical),
        version_rules.PythonVersions(allowed=("3.11", "3.12")),
        version_rules.Size(megabytes=8000),
        version_rules.Count(libraries=350),
        version_rules.Spread(versions=4, effect=Effect.NOTE),
        version_rules.Drift(effect=Effect.NOTE),
        build_rules.ImportFailure(effect=Effect.BLOCK, **critical),
        build_rules.FileConflicts(effect=Effect.BLOCK, **critical),
        change_rules.Growth(percent=50, **critical),
        project_rules.YoungProject(days=30, effect=Effect.BLOCK),
    )
    assert len(more) == len(DEFAULT.rules), (len(more), len(DEFAULT.rules))  # noqa: S101 - twice as many
    return Policy(rules=(*DEFAULT.rules, *more))


def _feed() -> None:
    """Load a feed of generated records with realistic version ranges."""
    from assay.flow.watch.advisories import load_feed  # noqa: PLC0415 - after setup()

    chance = random.Random(1)  # noqa: S311 - a bench, not a secret
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "all.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(RECORDS):
                archive.writestr(f"PYSEC-{number}.json", json.dumps(_record(f"PYSEC-{number}", chance)))
        began = time.perf_counter()
        load_feed(str(path))
        print_figure("load a feed of 2,700 records", f"{time.perf_counter() - began:.2f} s", "")


def _record(name: str, chance: random.Random) -> dict[str, Any]:
    at = chance.randrange(1, 5)  # most locks are newer than most fixes
    return {
        "id": name,
        "details": "A flaw.",
        "modified": "2026-01-01T00:00:00Z",
        "aliases": [f"CVE-{name}"],
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": f"lib-{chance.randrange(NAMES)}"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": f"{at}.0"}]}],
                "versions": [f"0.{minor}" for minor in range(40)],
            }
        ],
    }


def _versions(count: int, begin: int = 0) -> None:
    """Store published versions with locks and facts directly, without builds."""
    from django.conf import settings  # noqa: PLC0415 - after setup()

    from assay.flow.people import create_person, ensure_workspace  # noqa: PLC0415 - after setup()
    from assay.store.models import ApprovedLibrary, LockedFile, LockFacts, Person  # noqa: PLC0415 - after setup()

    workspace = ensure_workspace()
    if not Person.objects.filter(username="bench").exists():
        from assay.core.roles import Role  # noqa: PLC0415 - after setup()

        create_person("bench", "a-long-password-1", Role.ADMIN)
        LockedFile.objects.bulk_create(
            LockedFile(
                key=f"{name}-{number}",
                name=f"lib-{name}",
                version=f"{number}.0",
                index=settings.INDEX_URL,
                wheel=True,
                licence="MIT",
            )
            for number in range(PER_NAME)
            for name in range(NAMES)
        )
    files = _files()
    chance = random.Random(begin)  # noqa: S311 - as above
    locks, versions = _rows(workspace.pk, begin, count)
    facts = []
    chosen: dict[int, int] = {}
    for number, lock in enumerate(locks):
        moved = number % PER_ENVIRONMENT  # a tenth of the libraries of a later version comes from other files
        names = list(chosen)[: LIBRARIES // 10] if moved else chance.sample(range(NAMES), LIBRARIES)
        chosen = chosen if moved else {}
        chosen |= {name: files[name][min(PER_NAME - 1, int(chance.expovariate(0.6)))] for name in names}
        facts.append(LockFacts(lock=lock, files=sorted(chosen.values()), observations=_observations(number)))
    LockFacts.objects.bulk_create(facts, batch_size=500)
    if not ApprovedLibrary.objects.exists():
        approved = [
            ApprovedLibrary(workspace=workspace, name=f"lib-{name}", version=versions[0]) for name in range(NAMES)
        ]
        ApprovedLibrary.objects.bulk_create(approved, batch_size=500)


def _observations(number: int) -> dict[str, Any]:
    """Return what a usual build observes: a known startup file, and in some a library that does not import."""
    from assay.core.observations import FailedImport, Observations  # noqa: PLC0415 - after setup()
    from assay.core.report import StartupFile  # noqa: PLC0415 - after setup()

    code = "import os; var = 'SETUPTOOLS_USE_DISTUTILS'"
    known = StartupFile(library="setuptools", path="distutils-precedence.pth", sha256="5" * 64, code=code)
    failed = FailedImport(library="lib-1", module="lib_1", cause="it needs a screen", own=True, works=False)
    return Observations(imports=(failed,) if number % 10 == 0 else (), startup_files=(known,)).to_dict()


def _files() -> dict[int, list[int]]:
    from assay.store.models import LockedFile  # noqa: PLC0415 - after setup()

    found: dict[int, list[int]] = {}
    for pk, key in LockedFile.objects.order_by("-pk").values_list("pk", "key"):
        found.setdefault(int(key.split("-")[0]), []).append(pk)
    return found


def _rows(workspace: int, begin: int, count: int) -> tuple[list[Any], list[Any]]:
    from django.utils import timezone  # noqa: PLC0415 - after setup()

    from assay.core.spec import Spec  # noqa: PLC0415 - after setup()
    from assay.store.models import Environment, Lock, Person, Version  # noqa: PLC0415 - after setup()

    now, person = timezone.now(), Person.objects.get(username="bench")
    stamps = {"created_at": now, "updated_at": now}
    environments = Environment.objects.bulk_create(
        Environment(workspace_id=workspace, slug=f"env-{number}", title="Bench", owner=person, **stamps)
        for number in range(begin, begin + count, PER_ENVIRONMENT)
    )
    locks = Lock.objects.bulk_create(
        Lock(
            digest=f"{number:064x}",
            text="",
            content={"libraries": []},
            python="3.11",
            platform="linux-x86_64",
            libraries_count=LIBRARIES,
            size=10**9,
            report={"libraries": []},
            created_at=now,
        )
        for number in range(begin, begin + count)
    )
    spec = Spec(python="3.11", libraries=("lib-1",)).to_dict()
    versions = Version.objects.bulk_create(
        Version(
            environment=environments[place // PER_ENVIRONMENT],
            number=place % PER_ENVIRONMENT + 1,
            author=person,
            status="published",
            spec=spec,
            python="3.11",
            lock=lock,
            **stamps,
        )
        for place, lock in enumerate(locks)
    )
    return locks, versions


def _policy_test() -> None:
    from assay.core.policy.policy import DEFAULT  # noqa: PLC0415 - after setup()
    from assay.flow.access import actor_in  # noqa: PLC0415 - after setup()
    from assay.flow.assess.policy import preview_policy  # noqa: PLC0415 - after setup()
    from assay.flow.people import find_person  # noqa: PLC0415 - after setup()

    actor = actor_in(find_person("bench"), "default")
    for what in ("first", "again"):
        began = time.perf_counter()
        found = preview_policy(actor, DEFAULT)
        took = time.perf_counter() - began
        beside = f"{len(found.stopped)} of {found.looked_at} stopped; limit {TRY_LIMIT:.0f} s"
        print_figure(
            f"test a policy: 1,000 published x 300 libraries ({what})", f"{took:.2f} s", beside, took < TRY_LIMIT
        )


def _round() -> None:
    from assay.flow.assess.policy import current_policy  # noqa: PLC0415 - after setup()
    from assay.flow.watch.watch import assess_all  # noqa: PLC0415 - after setup()
    from assay.store.models import Workspace  # noqa: PLC0415 - after setup()
    from assay.store.reads.advisories import feed_facts  # noqa: PLC0415 - after setup()

    workspace = Workspace.objects.get()
    current = replace(current_policy(workspace.pk), policy=_twice_the_rules())
    for what in ("all versions new", "nothing new"):
        began = time.perf_counter()
        found = assess_all(workspace.pk, current, feed_facts())
        took = time.perf_counter() - began
        beside = f"{found.attention} to attention; limit {WATCH_LIMIT:.0f} s"
        verdict = took < WATCH_LIMIT
        print_figure(f"assess 10,000 x 300 libraries by 50 rules ({what})", f"{took:.2f} s", beside, verdict)
