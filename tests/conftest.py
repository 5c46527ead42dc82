"""What all tests share: a home of their own, set before any of our modules is loaded."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import pytest
from django.conf import settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django.plugin import DjangoDbBlocker
from support.slowest import Slowest

gc.disable()  # until all is imported: there is nothing to collect
COVERAGE = None
if os.environ.get("ASSAY_COVERAGE"):
    from support.coverage import Coverage  # before the first import of what is measured

    COVERAGE = Coverage()
HOME = tempfile.mkdtemp(prefix="assay-tests-")
os.environ["ASSAY_HOME"] = HOME
os.environ["DJANGO_SETTINGS_MODULE"] = "assay.server.settings"
os.environ["ASSAY_ADVISORIES"] = "off"  # what a test needs it loads from a file
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in the tests' thread
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a slow hash tests nothing here
django.setup()
assert str(settings.HOME) == HOME, "the settings were loaded before these variables were set"
# How fast examples come depends on what else the machine does.
hypothesis_settings.register_profile("assay", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.register_profile("assay-ci", hypothesis_settings.get_profile("assay"), derandomize=True)
hypothesis_settings.load_profile("assay-ci" if "CI" in os.environ else "assay")


@atexit.register
def _remove_home(owner: int = os.getpid()) -> None:
    """Remove the home with the process that made it, never with a fork of it."""
    if os.getpid() == owner:
        shutil.rmtree(HOME, ignore_errors=True)


def pytest_configure(config: pytest.Config) -> None:
    """Tell at the end which files took longest, and what did not run if that is measured."""
    config.pluginmanager.register(Slowest(), "slowest files")
    if COVERAGE:
        config.pluginmanager.register(COVERAGE, "coverage of core and flow")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Let each worker make its own home: with these variables inherited, it would load the settings with ours."""
    for name in ("ASSAY_HOME", "DJANGO_SETTINGS_MODULE"):
        del os.environ[name]


def pytest_collection_finish() -> None:
    """Leave what was imported and collected out of every later garbage collection, and collect less often."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    gc.enable()


# Files whose tests take longest, ahead of all others, so that no worker is left alone with one at the end.
LONGEST_FIRST = (
    "test_postgresql",
    "test_cleanup",
    "test_planted_cases",
    "test_crash",
    "test_installed",
    "test_main_job",
    "test_studio",
    "test_runtimes",
    "test_findings",
    "test_prepared",
    "test_store",
    "test_engine",
    "test_real_wave",
    "test_upgrade",
    "test_stock_hub",
    "test_hub",
    "test_waves",
    "test_lifecycle_machine",
    "test_rollout_machine",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what counts for coverage, then the longest files, then the others, each as they were collected."""

    def place(item: pytest.Item) -> tuple[bool, int]:
        counted = COVERAGE is not None and COVERAGE.counts(item)
        return not counted, LONGEST_FIRST.index(item.path.stem) if item.path.stem in LONGEST_FIRST else 99

    items.sort(key=place)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Copy a database that is migrated already, instead of running all migrations for each worker."""
    from django.db import connection  # noqa: PLC0415 - after the settings
    from django.test import TransactionTestCase  # noqa: PLC0415
    from django.test.utils import setup_databases, teardown_databases  # noqa: PLC0415
    from support import database  # noqa: PLC0415

    del django_test_environment
    TransactionTestCase._fixture_teardown = lambda _: database.empty()  # type: ignore[method-assign]
    with django_db_blocker.unblock():
        if connection.vendor == "sqlite":
            database.use_copy(Path(HOME) / "test.sqlite3")
            yield
        else:
            made = setup_databases(verbosity=0, interactive=False)
            yield
            teardown_databases(made, verbosity=0)
