"""Runs are fair, bounded, told truly, never repeated unasked, and end as a whole."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from django.utils import timezone
from support.people import person, quarantined_by_rule
from support.projects import ended, project, published, work_until_ended

from assay.core.errors import ConflictError, InvalidInputError, NotFoundError
from assay.core.roles import Actor, Role
from assay.flow.launch import secrets
from assay.flow.paths import home, run_directory
from assay.launchers.supervisor import start_time, tree
from assay.runtimes import projects, run_queue, runs
from assay.runtimes.run_settings import ProjectSpec
from assay.store.models import Event, Launch, Run, Secret

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Actor:
    """Ana, with a published version that everybody may run in."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "lab")
    return ana


def log_of(run: Run) -> str:
    """Return the whole log of a run."""
    return str(runs.read_log(run, 0)["text"])


def find_zombies() -> set[int]:
    """Return the ended processes below this one that nobody has waited for; other tests may leave some."""
    return {pid for pid in tree(os.getpid()) if not start_time(pid)}


def test_a_hundred_runs_of_two_people(ana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never more at once than there are places, none left behind, and the one of another person comes early."""
    monkeypatch.setattr(run_queue, "MAX_PARALLEL", 4)
    eve, zombies = person("eve"), find_zombies()
    project(ana, "many", "print(1)")
    project(eve, "one", "print(2)")
    asked = [runs.request_run(ana, "many") for _ in range(100)]
    other = runs.request_run(eve, "one")
    assert work_until_ended([*asked, other], 120) == 4
    assert set(Run.objects.values_list("state", flat=True)) == {"succeeded"}
    other.refresh_from_db()
    assert Run.objects.filter(started_at__lt=other.started_at).count() < 6
    run_queue.advance()
    deadline = time.monotonic() + 10  # the last supervisors have told their end and go
    while left := find_zombies() - zombies:
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


def test_too_many_waiting_are_refused(ana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue of one person is bounded, and says so."""
    monkeypatch.setattr(runs, "MAX_QUEUED", 2)
    project(ana, "job", "pass")
    for _ in range(2):
        runs.request_run(ana, "job")
    with pytest.raises(ConflictError, match="2 of your runs are waiting"):
        runs.request_run(ana, "job")


def test_limits_are_told_as_such(ana: Actor) -> None:
    """Too long is a time-out; too much memory is a failure that names the limit; a crash names its signal."""
    project(ana, "slow", "import time; time.sleep(600)", limits={"seconds": 0.3})
    project(ana, "big", "import time; b = b'x' * (200 << 20); time.sleep(600)", limits={"memory": 100 << 20})
    project(ana, "crash", "import os; os.kill(os.getpid(), 11)")
    slow, big, crash = (runs.request_run(ana, slug) for slug in ("slow", "big", "crash"))
    work_until_ended([slow, big, crash])
    slow, big, crash = (Run.objects.get(pk=run.pk) for run in (slow, big, crash))
    assert (slow.state, slow.message) == ("timeout", "The run exceeded its time limit of 0.3 seconds.")
    assert (big.state, big.message) == ("failed", "The run exceeded its memory limit of 100 MiB.")
    assert big.peak_memory is not None
    assert big.peak_memory > 100 << 20
    assert crash.state == "failed"
    assert "SIGSEGV" in crash.message


def test_ten_are_cancelled_within_two_seconds(ana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelling many at once ends every process of each, though they ignore being asked."""
    monkeypatch.setattr(run_queue, "MAX_PARALLEL", 10)
    code = (
        "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "if os.fork() == 0: os.setsid()\nprint('up', flush=True)\ntime.sleep(600)"
    )
    project(ana, "stubborn", code)
    took = []
    while not took or took[-1] >= 2.0:
        assert len(took) < 3, took  # whatever else the machine does can only make it slower
        asked = [runs.request_run(ana, "stubborn") for _ in range(10)]
        run_queue.advance()
        while not all(log_of(run).count("up") == 2 for run in asked):
            time.sleep(0.02)
        began = time.monotonic()
        for run in asked:
            runs.cancel(ana, str(run.pk))
        work_until_ended(asked)
        took.append(time.monotonic() - began)
        assert set(Run.objects.values_list("state", flat=True)) == {"cancelled"}


def test_what_runs_in_a_quarantined_version_ends(ana: Actor) -> None:
    """A rule that has found malware ends what runs, and the run says why."""
    project(ana, "long", "import time; print('up', flush=True); time.sleep(600)")
    run = runs.request_run(ana, "long")
    while "up" not in log_of(run):
        run_queue.advance()
        time.sleep(0.02)
    quarantined_by_rule(run.version, timezone.now())
    after = ended(run)
    assert (after.state, after.message) == ("cancelled", "lab@1 is quarantined; what ran in it is stopped.")


def test_retries_only_where_asked_for(ana: Actor) -> None:
    """A failed run is tried again as often as was asked for, each time as a run of its own; else never."""
    project(ana, "once", "raise SystemExit(4)")
    project(ana, "thrice", "raise SystemExit(4)", retries=2)
    assert ended(runs.request_run(ana, "once")).exit_code == 4
    first = ended(runs.request_run(ana, "thrice"))
    work_until_ended(Run.objects.filter(state__in=runs.OPEN))
    work_until_ended(Run.objects.filter(state__in=runs.OPEN))
    assert list(Run.objects.filter(runtime__slug="once").values_list("attempt", flat=True)) == [1]
    tried = Run.objects.filter(runtime__slug="thrice").order_by("attempt")
    assert [(run.attempt, run.state) for run in tried] == [(1, "failed"), (2, "failed"), (3, "failed")]
    assert tried[1].retry_of == first
    assert Event.objects.filter(name="run.retried").count() == 2


def test_a_vanished_run_is_lost_and_not_repeated(ana: Actor) -> None:
    """A run whose supervisor is killed is lost, even with retries; nothing of it runs on."""
    project(ana, "long", "import time; print('up', flush=True); time.sleep(600)", retries=3)
    run = runs.request_run(ana, "long")
    while "up" not in log_of(run):
        run_queue.advance()
        time.sleep(0.02)
    run.refresh_from_db()
    assert run.handle is not None
    os.kill(run.handle["pid"], signal.SIGKILL)
    time.sleep(0.1)
    assert ended(run).state == "lost"
    assert Run.objects.count() == 1
    assert Launch.objects.get(target_id=str(run.pk)).ended_at is not None


def test_a_worker_killed_before_the_start_changes_nothing(ana: Actor) -> None:
    """Claimed but not started: the next worker starts it. Perhaps started: it is never started again."""
    project(ana, "job", "print('ran')")
    claimed, doubtful = runs.request_run(ana, "job"), runs.request_run(ana, "job")
    Run.objects.update(state="running", started_at=timezone.now())
    folder = run_directory(doubtful.pk)
    folder.mkdir(parents=True)
    (folder / "start.json").write_text("{}")
    long_ago = time.time() - 60
    os.utime(folder / "start.json", (long_ago, long_ago))
    assert ended(claimed).state == "succeeded"
    doubtful.refresh_from_db()
    assert doubtful.state == "lost"


def test_a_run_that_may_have_begun_before_a_power_failure_is_not_repeated(ana: Actor) -> None:
    """Its launch is on disk before it starts; of its own files, a power failure may leave nothing."""
    project(ana, "job", "print('ran')")
    run = runs.request_run(ana, "job")
    run_queue.advance()
    while log_of(run) != "ran\n":
        time.sleep(0.02)
    shutil.rmtree(run_directory(run.pk))
    Run.objects.update(state="running", handle=None, finished_at=None, exit_code=None)
    assert ended(run).state == "lost"
    assert "not repeated" in Run.objects.get().message
    assert not run_directory(run.pk).exists()


def test_a_flood_of_output_hurts_nobody(ana: Actor) -> None:
    """200 MB of log are kept up to the limit, read by offset in small pieces, from any place at once."""
    project(ana, "flood", "line = 'x' * 99 + chr(10)\nfor _ in range(210): print(line * 10000, end='')")
    run = ended(runs.request_run(ana, "flood"))
    assert run.state == "succeeded"
    log = run_directory(run.pk) / "log"
    assert log.stat().st_size < 201 * 2**20
    began = time.monotonic()
    last = runs.read_log(run, log.stat().st_size - 100)
    assert "the log is full" in last["text"]
    assert len(runs.read_log(run, 100 * 2**20)["text"]) <= 256 * 1024
    assert time.monotonic() - began < 0.1
    log.unlink()


def test_arguments_and_parameters_come_from_the_project_and_the_run(ana: Actor) -> None:
    """A run takes the project's arguments unless it brings its own; parameters add up; both are kept with it."""
    code = "import os, sys; print(sys.argv[1:], os.environ['ASSAY_PARAMETERS'])"
    project(ana, "job", code, arguments=("--fast",), parameters={"year": 2026, "unit": "km"})
    plain = ended(runs.request_run(ana, "job"))
    own = ended(runs.request_run(ana, "job", arguments=("a b",), parameters={"year": 1999}))
    assert log_of(plain) == '[\'--fast\'] {"year": 2026, "unit": "km"}\n'
    assert log_of(own) == '[\'a b\'] {"year": 1999, "unit": "km"}\n'
    assert own.parameters == {"year": 1999, "unit": "km"}


def test_a_secret_is_told_to_the_run_alone(ana: Actor) -> None:
    """It reaches the process; the database, files, log and trail hold nothing of it; removed, the run says so."""
    secrets.set_secret(ana, "DB_PASSWORD", "correct horse")
    code = "import os; w = os.environ['DB_PASSWORD']; print(w == 'correct ' + 'horse', w)"
    project(ana, "job", code, secrets=("DB_PASSWORD",))
    run = ended(runs.request_run(ana, "job"))
    assert log_of(run) == "True ***\n"
    assert "horse" not in Secret.objects.get().encrypted_value
    assert not any("correct horse" in str(event.detail) for event in Event.objects.all())
    files = [one for folder in (run_directory(run.pk), home() / "secrets") for one in folder.rglob("*")]
    assert not any(b"correct horse" in one.read_bytes() for one in files if one.is_file())
    secrets.remove_secret(ana, "DB_PASSWORD")
    again = ended(runs.request_run(ana, "job"))
    assert (again.state, again.message.startswith("The secret 'DB_PASSWORD' was removed")) == ("failed", True)


def test_anothers_secret_does_not_exist(ana: Actor) -> None:
    """One names only one's own secrets."""
    secrets.set_secret(person("eve"), "TOKEN_X", "hers alone")
    with pytest.raises(InvalidInputError, match="no secret 'TOKEN_X'"):
        project(ana, "job", "pass", secrets=("TOKEN_X",))
    with pytest.raises(NotFoundError):
        secrets.remove_secret(ana, "TOKEN_X")


@pytest.mark.parametrize("name", ["PATH", "LD_PRELOAD", "PYTHONPATH", "ASSAY_RUN", "lower", "A=B", "A\nB", ""])
def test_a_secret_cannot_decide_what_runs(ana: Actor, name: str) -> None:
    """Names that would change which program or library is started are refused."""
    with pytest.raises(InvalidInputError, match="not a valid secret name"):
        project(ana, "job", "pass", secrets=(name,))


@pytest.mark.parametrize(
    "parts",
    [
        {"limits": {"seconds": -1}},
        {"limits": {"minutes": 1}},
        {"limits": {"processors": 0}},
        {"parameters": {"not a name": 1}},
        {"arguments": ("a\0b",)},
        {"retries": 99},
        {"kind": "spaceship"},
    ],
)
def test_what_cannot_be_is_refused(ana: Actor, parts: dict[str, object]) -> None:
    """Each wrong part names its field."""
    with pytest.raises(InvalidInputError) as refused:
        project(ana, "job", "pass", **parts)
    assert refused.value.path


@pytest.mark.parametrize("name", ["../x.py", "/etc/passwd", "a/../../b", ".hidden", "a\0b", "x" * 300])
def test_files_stay_in_their_folder(ana: Actor, name: str) -> None:
    """A file's name cannot lead out of the run's own folder."""
    source = {"kind": "inline", "files": {"main.py": "pass", name: ""}}
    with pytest.raises(InvalidInputError, match="not a file name"):
        projects.create(ana, "job", ProjectSpec(environment="lab", source=source))
    assert not Path("/tmp/x.py").exists()  # noqa: S108 - where the first one would lead
