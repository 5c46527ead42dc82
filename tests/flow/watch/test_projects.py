"""Asking the index about the projects in use, and what becomes of its answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from support.index import LocalIndex
from support.people import built, draft, lock_of, person
from support.receivers import http_receiver

from assay.core.errors import UnavailableError
from assay.core.policy.findings import Effect
from assay.core.policy.policy import Policy
from assay.core.policy.version_rules import MaximumAge, Yanked
from assay.core.roles import Role
from assay.flow.assess.assess import verdict
from assay.flow.assess.policy import revise
from assay.flow.assess.report import report_document
from assay.flow.review import review
from assay.flow.watch import projects, watch
from assay.flow.watch.projects import ProjectRefresh
from assay.jobs.daily_refresh import Refresh
from assay.store.models import LockedLibrary, ProjectFacts, Version

pytestmark = pytest.mark.django_db


@pytest.fixture
def index(settings: Any) -> Iterator[LocalIndex]:  # noqa: ANN401 - pytest-django's settings
    """Serve an index that the installation uses."""
    index = LocalIndex()
    index.add("six", "1.17.0")
    settings.INDEX_URL = index.url
    yield index
    index.close()


def published() -> Version:
    """Return a version that was approved."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    draft(ana, "geo", "six")
    version = built(ana, "geo", lock=lock_of({"six": "1.16.0", "ghost": "1.0"}))
    review.submit(ana, "geo", 1, "please")
    return review.approve(ben, "geo", 1, digest=version.digest)


def test_each_project_in_use_is_asked_about_once_a_day(index: LocalIndex) -> None:
    """Published libraries are asked about; the answer is kept for a day; unknown projects are told as such."""
    version = published()
    before = {one["library"]: one for one in report_document(version)["provenance"]}
    assert before["six"]["project_status"] == "not assessed"
    refresh = ProjectRefresh()
    assert refresh.step() == 2
    assert refresh.step() == 0
    after = {one["library"]: one for one in report_document(version)["provenance"]}
    assert (after["six"]["newest"], after["six"]["attested"], after["six"]["yanked"]) == ("1.17.0", None, None)
    assert after["ghost"]["project_status"] == "unknown"
    ProjectFacts.objects.update(fetched_at=timezone.now() - timedelta(days=2))
    asked = len(index.served)
    assert refresh.step() == 2
    assert len(index.served) == asked + 2


def test_a_yanked_release_is_news(index: LocalIndex) -> None:
    """The rules that ask the index say so while it was not asked, and see what it tells afterwards."""
    del index
    version, eva = published(), person("eva", Role.ADMIN)
    revise(eva, Policy(rules=(Yanked(effect=Effect.WARN), MaximumAge(days=1))), seen=0)
    assert [one.assessed for one in verdict(version).findings] == [False]
    watch.advance()
    ProjectRefresh().step()
    ProjectFacts.objects.filter(pk="six").update(
        document=ProjectFacts.objects.get(pk="six").document | {"yanked": {"1.16.0": "broken"}}
    )
    assert watch.advance(), "new answers are a reason to look again"
    version.refresh_from_db()
    assert version.health == "attention"
    assert [one.words for one in verdict(version).findings] == ["six 1.16.0 was yanked by its authors: broken"]


def test_versions_are_assessed_again_once_all_are_queried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every version is looked at, so that is not done after each step; at the latest after some minutes, it is."""
    published()
    monkeypatch.setattr(projects, "_fetch", lambda due: iter([(due[0][0], None)]))
    refresh = ProjectRefresh()
    watch.advance()
    assert refresh.step() == 1
    assert not watch.advance(), "one is left"
    assert refresh.step() == 1
    assert watch.advance()
    ProjectFacts.objects.update(fetched_at=timezone.now() - timedelta(days=2))
    assert (refresh.step(), refresh.step(), refresh.step()) == (1, 1, 0)
    assert not watch.advance(), "nothing has changed"
    ProjectFacts.objects.all().delete()
    monkeypatch.setattr(projects, "ASSESS_SECONDS", -1.0)
    assert refresh.step() == 1
    assert watch.advance()


def test_an_index_that_does_not_answer_is_left_alone_for_a_while(settings: Any) -> None:  # noqa: ANN401 - as above
    """The worker goes on; it does not ask again at once."""
    settings.INDEX_URL = "http://127.0.0.1:9/simple"
    published()
    refresh = Refresh()
    assert not refresh.projects()
    assert refresh._projects_not_before > 0
    assert ProjectFacts.objects.count() == 0


def test_what_is_due_is_looked_up_when_there_may_be_news(index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large installation has many libraries: they are looked through after a new lock, or after some minutes."""
    published()
    refresh = Refresh()
    assert refresh.projects()
    assert not refresh.projects()
    asked, looked = len(index.served), []
    monkeypatch.setattr(ProjectRefresh, "step", lambda _: looked.append(1))
    assert not refresh.projects()
    assert looked == []
    LockedLibrary.objects.create(lock=Version.objects.get().lock, name="new", version="1", file="f")
    assert not refresh.projects()
    assert not refresh.projects()
    assert looked == [1]
    refresh._look_again_at = 0.0
    assert not refresh.projects()
    assert (looked, len(index.served)) == ([1, 1], asked)


def test_a_step_ends_when_its_time_is_over(index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds wait meanwhile; the next step goes on where this one ended."""
    published()
    monkeypatch.setattr(projects, "BUDGET", -1.0)
    assert ProjectRefresh().step() == 0
    assert index.served == []
    monkeypatch.undo()


def test_an_index_that_answers_with_an_error_is_no_answer(settings: Any) -> None:  # noqa: ANN401 - as above
    """What was known stays; the project is asked about again."""
    published()
    with http_receiver() as server:
        server.status = 503
        settings.INDEX_URL = server.url
        with pytest.raises(UnavailableError, match="status 503 for ghost"):
            ProjectRefresh().step()
    assert not ProjectFacts.objects.exists()
