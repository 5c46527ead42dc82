"""Files from a repository: the newest commit, recorded; nothing of the repository runs but what the project names."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from django.conf import LazySettings
from hypothesis import given
from hypothesis import strategies as st
from support.people import person
from support.projects import ended, published

from assay.core.errors import InvalidInputError
from assay.core.roles import Actor, Role
from assay.flow.paths import run_directory
from assay.runtimes import projects, run_queue, runs
from assay.runtimes.run_settings import ProjectSpec
from assay.sources import git_checkout
from assay.sources.git_repository import Repository, repository_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Actor:
    """Ana, with a published version."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "lab")
    return ana


def git(folder: Path, *arguments: str) -> str:
    """Run git in a repository of a test."""
    who = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, settings: LazySettings) -> Path:
    """Return a repository with a job, a link out of it, a hook and a second branch; an administrator allows it."""
    folder = tmp_path / "team"
    (folder / "jobs").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / "jobs" / "main.py").write_text("import words; print(words.word)")
    (folder / "jobs" / "words.py").write_text("word = 'first'")
    (folder / "jobs" / "passwd").symlink_to("/etc/passwd")
    (folder / ".gitattributes").write_text("* filter=evil\n")
    (folder / ".gitmodules").write_text('[submodule "x"]\n\tpath = x\n\turl = ext::sh -c touch% /tmp/owned\n')
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    git(folder, "checkout", "-qb", "next")
    (folder / "jobs" / "words.py").write_text("word = 'second'")
    git(folder, "commit", "-qam", "second")
    git(folder, "checkout", "-q", "main")
    hook = folder / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/hooked\n")
    hook.chmod(0o755)
    settings.GIT_ALLOW = (f"file://{tmp_path}",)
    return folder


def set_up(actor: Actor, repository: Path, **parts: str) -> None:
    """Set up a project named `job` from the repository."""
    source = {"kind": "git", "url": f"file://{repository}", "branch": "", "folder": "jobs"} | parts
    projects.create(actor, "job", ProjectSpec(environment="lab", source=source))


def test_a_run_takes_the_newest_commit_and_keeps_its_id(ana: Actor, repository: Path) -> None:
    """The commit is recorded; links are plain files, no hook ran, and the next run sees the next commit."""
    set_up(ana, repository)
    run = ended(runs.request_run(ana, "job"))
    assert run.state == "succeeded", run.message
    assert runs.read_log(run, 0)["text"] == "first\n"
    assert run.commit == git(repository, "rev-parse", "main")
    source = run_directory(run.pk) / "source"
    assert sorted(one.name for one in source.iterdir()) == ["main.py", "passwd", "words.py"]
    assert not (source / "passwd").is_symlink()
    assert not (repository.parent / "hooked").exists()
    (repository / "jobs" / "words.py").write_text("word = 'third'")
    git(repository, "commit", "-qam", "third")
    again = ended(runs.request_run(ana, "job"))
    assert runs.read_log(again, 0)["text"] == "third\n"
    assert again.commit != run.commit


def test_a_branch_can_be_named(ana: Actor, repository: Path) -> None:
    """A branch that is there is taken; one that is not fails the run with git's own words."""
    set_up(ana, repository, branch="next")
    assert runs.read_log(ended(runs.request_run(ana, "job")), 0)["text"] == "second\n"
    projects.change(
        ana,
        "job",
        ProjectSpec(environment="lab", source={"kind": "git", "url": f"file://{repository}", "branch": "none"}),
    )
    run = ended(runs.request_run(ana, "job"))
    assert run.state == "failed"
    assert "Remote branch none not found" in run.message


def test_what_is_not_there_is_told(ana: Actor, repository: Path) -> None:
    """A folder or file that the repository lacks is named."""
    set_up(ana, repository, folder="nowhere")
    assert "no folder 'nowhere'" in ended(runs.request_run(ana, "job")).message


def test_too_much_is_stopped(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository beyond the bounds is refused, and nothing of it is left."""
    monkeypatch.setattr(git_checkout, "MAX_FILES", 3)
    wanted = Repository(url=f"file://{repository}", trusted=True)
    with pytest.raises(InvalidInputError, match="more than"):
        git_checkout.checkout(wanted, tmp_path / "target", "main.py")
    assert not (tmp_path / "target").exists()


def test_cancelling_ends_a_checkout(ana: Actor, repository: Path) -> None:
    """A run that waits for its files can be cancelled."""
    set_up(ana, repository)
    run = runs.request_run(ana, "job")
    run_queue.advance()
    runs.cancel(ana, str(run.pk))
    assert ended(run).state == "cancelled"


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc",
        "http://example.org/x.git",
        "ssh://git@example.org/x.git",
        "ext::sh -c id",
        "git@example.org:x.git",
        "--upload-pack=id",
        "https://user:word@example.org/x.git",
        "https://example.org/x.git\n--config=a",
        "",
    ],
)
def test_only_https_without_a_password(url: str) -> None:
    """Everything that could run a program, read this machine or carry a password is refused."""
    with pytest.raises(InvalidInputError):
        repository_of({"url": url}, ("file:///srv/git/",))


@given(st.text(max_size=30))
def test_allowed_beginnings_end_at_a_slash(rest: str) -> None:
    """What an administrator allowed is that folder and what lies below it, nothing beside or above it."""
    try:
        found = repository_of({"url": f"file:///srv/git{rest}"}, ("file:///srv/git",))
    except InvalidInputError:
        return
    assert found.trusted
    assert rest == "" or rest.startswith("/")
    assert ".." not in found.url


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]", "0.0.0.0"])  # noqa: S104 - an address to refuse
def test_the_own_network_is_out_of_reach(host: str) -> None:
    """Addresses of loopback, private and link-local networks are refused where they are connected to (case 16)."""
    with pytest.raises(InvalidInputError, match="is not a public address"):
        git_checkout._pinned(Repository(url=f"https://{host}/x.git"))


@pytest.mark.parametrize(
    "parts", [{"branch": "--upload-pack=x"}, {"branch": "a..b"}, {"folder": "../x"}, {"folder": ".git"}]
)
def test_branches_and_folders_are_names(parts: dict[str, str]) -> None:
    """A branch is no option, a folder lies below the top."""
    with pytest.raises(InvalidInputError):
        repository_of({"url": "https://example.org/x.git"} | parts, ())
