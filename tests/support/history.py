"""A year of history of 30 environments, written by the functions that write it in production; the same each time.

`python -m support.history --index URL` writes it into the home and the database of the settings. Libraries are tiny
wheels, builds are real, and time is travelled through.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import time_machine

from support.history_data import ADMIN, DAYS, LEFT, LIBRARIES, MEMBERS, REVIEWERS, STORIES, Published, Story, Use
from support.index import LocalIndex
from support.server import PASSWORD

if TYPE_CHECKING:
    from assay.core.roles import Actor
    from assay.flow.launch.launch import LaunchPermission
    from assay.store.models import Version

BUILD_SECONDS, POLL = 60.0, 0.02
COMPOSED = 3  # days before a version is published
REPORTED = 0.4  # share of the sessions that report what they import
SCRIPT = {"kind": "inline", "files": {"main.py": "print('done')\n"}}
Step = Callable[[], None]


def serve(index: LocalIndex) -> None:
    """Put all libraries into an index; they are older than the year."""
    for name, releases in LIBRARIES.items():
        index.uploaded[name] = "2018-01-15T00:00:00Z"
        index.add(name, "0.1")  # a project with one release only is a finding
        for version, requires in releases.items():
            index.add(name, version, requires=requires)


@dataclass
class History:
    """The year as it is written: `start` is its first day; steps are kept by moment and then run in order."""

    start: datetime
    pythons: Iterable[str]
    steps: list[tuple[datetime, int, Step]] = field(default_factory=list)
    random: random.Random = field(default_factory=lambda: random.Random(13))

    def at(self, day: float, step: Step) -> None:
        """Keep a step for a moment; steps of the same moment run in the order in which they were kept."""
        self.steps.append((self.start + timedelta(days=day), len(self.steps), step))

    def run(self) -> None:
        """Run all steps, each at its moment."""
        for moment, _, step in sorted(self.steps, key=lambda one: one[:2]):
            with time_machine.travel(moment, tick=False):
                step()


def make_history(end: datetime, advisories: str = "") -> None:
    """Write the year before a moment. `advisories` is a feed to load in its last quarter, '' for none.

    Projects, launches and runs follow their version; an environment on a Python that this machine lacks is on 3.11.
    """
    from assay.flow.paths import interpreters  # noqa: PLC0415 - after the settings

    _actor.cache_clear()
    _permission.cache_clear()
    history = History(start=end - timedelta(days=DAYS, hours=1), pythons=frozenset(interpreters()))
    history.at(0, _people)
    for story in STORIES:
        for published in story.versions:
            history.at(max(0.1, published.day - COMPOSED), _composing(story, published, history.pythons))
            history.at(published.day, _publishing(story, published))
        for use in story.uses:
            _keep_uses(history, story, use)
        for name, owner in story.projects:
            _keep_project(history, story, name, owner)
        if story.deprecated:
            history.at(story.deprecated[0], _deprecating(story.slug, story.deprecated[1]))
    for name, day in LEFT.items():
        history.at(day, _leaving(name))
    if advisories:
        history.at(DAYS - 80, _advising(advisories))
    history.run()


def _people() -> None:
    from assay.core.roles import Role  # noqa: PLC0415 - after the settings
    from assay.flow.people import create_person, ensure_workspace  # noqa: PLC0415

    ensure_workspace()
    roles = {ADMIN: Role.ADMIN, **dict.fromkeys(REVIEWERS, Role.REVIEWER), **dict.fromkeys(MEMBERS, Role.MEMBER)}
    for name, role in roles.items():
        create_person(name, PASSWORD, role)


@cache
def _actor(name: str) -> Actor:
    from assay.flow.access import actor_in  # noqa: PLC0415 - after the settings
    from assay.flow.people import find_person  # noqa: PLC0415

    return actor_in(find_person(name), "default")


@cache
def _permission(name: str, slug: str) -> LaunchPermission:
    """Return the permission to launch what a name stands for; the same one until a version is published or ends."""
    from assay.flow.launch.launch import authorize_launch  # noqa: PLC0415 - after the settings

    return authorize_launch(_actor(name), slug)


def _leaving(name: str) -> Step:
    """Return the step in which somebody leaves: their account can no longer be used."""

    def step() -> None:
        from assay.store.models import Person  # noqa: PLC0415 - after the settings

        Person.objects.filter(username=name).update(is_active=False)

    return step


def _advising(source: str) -> Step:
    """Return the step in which a feed is loaded and every published version assessed again."""

    def step() -> None:
        from assay.flow.watch import watch  # noqa: PLC0415 - after the settings
        from assay.flow.watch.advisories import load_feed  # noqa: PLC0415

        load_feed(source)
        watch.advance()

    return step


def _composing(story: Story, published: Published, pythons: Iterable[str]) -> Step:
    """Return the step that composes one version and requests its build."""

    def step() -> None:
        from assay.flow.build import build  # noqa: PLC0415 - after the settings
        from assay.flow.compose.draft import SpecInput, create_environment, edit_spec, new_version  # noqa: PLC0415

        author = _actor(story.owner)
        python = published.python if published.python in pythons else "3.11"
        spec_input = SpecInput(
            base=published.base or None, python=None if published.base else python, libraries=published.libraries
        )
        if published is story.versions[0]:
            version = create_environment(
                author,
                slug=story.slug,
                title=story.title,
                description=f"{story.title} of the data platform.",
                tags=story.tags,
                spec_input=spec_input,
            )
        else:
            version = new_version(author, story.slug)
            edit_spec(author, story.slug, version.number, spec_input)
        build.request_build(author, story.slug, version.number)
        build.advance()

    return step


def _publishing(story: Story, published: Published) -> Step:
    """Return the step that waits for the build of one version, submits it and approves it."""
    number = story.versions.index(published) + 1

    def step() -> None:
        from assay.flow.review import review  # noqa: PLC0415 - after the settings

        author, reviewer = _actor(story.owner), _actor(REVIEWERS[len(story.slug) % len(REVIEWERS)])
        digest = _built(author, story.slug, number)
        review.submit(author, story.slug, number, "For the team.")
        review.approve(reviewer, story.slug, number, digest=digest)
        _permission.cache_clear()

    return step


def _built(author: Actor, slug: str, number: int) -> str:
    """Be the worker until the real build of a draft has ended, and return the digest of its lock."""
    from assay.flow.access import find_version  # noqa: PLC0415 - after the settings
    from assay.flow.build import build  # noqa: PLC0415

    for _ in range(int(BUILD_SECONDS / POLL)):
        version = find_version(author, slug, number)
        assert version.build is not None
        if not version.build.active:
            break
        build.advance()
        time.sleep(POLL)
    assert version.build.state == "built", (slug, number, version.build.state, version.build.failure)
    return version.digest


def _keep_uses(history: History, story: Story, use: Use) -> None:
    """Keep the launches of some people: once or twice in two periods, for one to six hours."""
    for name in use.people:
        day = use.since + history.random.random() * use.every
        while day < min(use.until, LEFT.get(name, DAYS), DAYS - 0.3):
            hours = 1 + 5 * history.random.random()
            target = f"{story.slug}-{name}-{day:.2f}"
            history.at(day, _launching(story.slug, name, target))
            reported = use.imports if history.random.random() < REPORTED else ()
            history.at(day + hours / 24, _ending(target, reported))
            day += use.every * (1.4 + history.random.random())


def _launching(slug: str, name: str, target: str) -> Step:
    """Return the step in which somebody starts the active version, unless it cannot be launched any more."""

    def step() -> None:
        from assay.flow.launch.launch import record_launch  # noqa: PLC0415 - after the settings

        record_launch(_permission(name, slug), _actor(name), kind="studio", target_id=target)

    return step


def _ending(target: str, imports: tuple[str, ...]) -> Step:
    """Return the step in which a server ends; before, its session reports what it has imported, if anything."""

    def step() -> None:
        from assay.flow.launch.launch import end_launch  # noqa: PLC0415 - after the settings
        from assay.store.models import Launch  # noqa: PLC0415

        if imports:
            _report(Launch.objects.get(target_id=target).version, imports)
        end_launch("studio", target)

    return step


def _report(version: Version, imports: tuple[str, ...]) -> None:
    """Report a session that imported some libraries, and with them everything that they need."""
    from assay.core.lock import Lock  # noqa: PLC0415 - after the settings
    from assay.core.report import Report  # noqa: PLC0415
    from assay.flow.usage.recording import count_imports, recording_variables  # noqa: PLC0415

    assert version.lock is not None
    needs = {one.name: one.dependencies for one in Lock.from_dict(version.lock.content).libraries}
    loaded, found = list(imports), set[str]()
    while loaded:
        name = loaded.pop()
        if name in needs and name not in found:
            found.add(name)
            loaded.extend(needs[name])
    modules = {one.name: one.modules for one in Report.from_dict(version.lock.report).libraries}
    ticket = recording_variables(version, "http://127.0.0.1")["ASSAY_IMPORTS"].split()[2]
    count_imports(ticket, [module for name in sorted(found) for module in modules[name]], datetime.now(UTC))


def _keep_project(history: History, story: Story, name: str, owner: str) -> None:
    """Keep a project that is made after the first version, and its runs of two minutes every two weeks."""
    day = story.versions[0].day + 1.5

    def make() -> None:
        from assay.runtimes import projects  # noqa: PLC0415 - after the settings
        from assay.runtimes.run_settings import ProjectSpec  # noqa: PLC0415

        spec = ProjectSpec(title=name.replace("-", " ").title(), environment=story.slug, source=SCRIPT)
        projects.create(_actor(owner), name, spec)

    history.at(day, make)
    while (day := day + 14) < DAYS:
        history.at(day, _running(name, owner))


def _running(name: str, owner: str) -> Step:
    """Return the step that records a run from its request to its end, with the queue's own writers."""

    def step() -> None:
        from django.db import transaction  # noqa: PLC0415

        from assay.core.events import EventName  # noqa: PLC0415 - after the settings
        from assay.flow.launch.launch import authorize_launch, record_launch  # noqa: PLC0415
        from assay.runtimes import runs  # noqa: PLC0415
        from assay.store.models import Run  # noqa: PLC0415

        actor, now = _actor(owner), datetime.now(UTC)
        run = runs.request_run(actor, name)
        permission = authorize_launch(actor, run.version.reference)
        Run.objects.filter(pk=run.pk).update(state="running", started_at=now)
        with transaction.atomic():
            runs.record_run(EventName.RUN_STARTED, run, "assay", digest=run.digest)
            record_launch(permission, actor, kind="run", target_id=str(run.pk), runtime=run.runtime)
        with time_machine.travel(now + timedelta(minutes=2), tick=False):
            runs.end_run(run, "succeeded", exit_code=0, seconds=120.0, peak_memory=150_000_000)

    return step


def _deprecating(slug: str, successor: str) -> Step:
    def step() -> None:
        from assay.flow.access import find_reference  # noqa: PLC0415 - after the settings
        from assay.flow.retire import deprecate  # noqa: PLC0415

        reviewer = _actor(REVIEWERS[0])
        version = find_reference(reviewer, slug)
        to = find_reference(reviewer, successor).reference
        deprecate(reviewer, slug, version.number, reason=f"{to} replaces it.", successor=to)
        _permission.cache_clear()

    return step


def main() -> None:
    """Write the history into the database of the settings, which is migrated first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--advisories", default="", help="a feed to load")
    given = parser.parse_args()
    import django  # noqa: PLC0415 - the settings come from the environment

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    if connection.vendor == "sqlite":
        connection.cursor().execute("PRAGMA synchronous = OFF")  # a history cut short is written anew
    make_history(datetime.now(UTC), given.advisories)


if __name__ == "__main__":
    main()
