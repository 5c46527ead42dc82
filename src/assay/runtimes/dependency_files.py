"""The dependency files of a project: what its files or its repository say about the libraries that it needs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings

from assay.core.errors import NotFoundError, UnavailableError
from assay.core.roles import Actor, Right, check_right
from assay.flow.compose.intake import MAX_FILES, Intake, read_files
from assay.flow.paths import home
from assay.runtimes import projects
from assay.sources.git_repository import repository_of
from assay.store.models import Runtime
from assay.studio.prefix import code_path

SECONDS = 45  # for the checkout; somebody waits
EXTRA_SECONDS = 20  # for the files, and until a checkout that does not end by itself is killed
MAX_BYTES = 8_000_000  # of one file
# Names of files, those that say what people want first; the first group with libraries counts.
GROUPS = (
    re.compile(r"pyproject\.toml|requirements\.(txt|in)|environment\.ya?ml|Pipfile|pixi\.toml|setup\.cfg"),
    re.compile(r"pylock(\..+)?\.toml|(uv|poetry|pdm|Pipfile|pixi)\.lock|(.+[.-])?conda-lock\.ya?ml"),
    re.compile(r"requirements.*\.(txt|in)|environment.*\.ya?ml|setup\.py|Dockerfile"),
)


@dataclass(frozen=True, kw_only=True)
class ProjectFiles:
    """What was read of a project: the names of the files, and their libraries."""

    title: str
    names: tuple[str, ...]
    intake: Intake


def read_project(actor: Actor, slug: str) -> ProjectFiles:
    """Read the dependency files of one of the actor's projects, else the imports of the file that it runs.

    The files of a repository are those of its newest commit: in the folder of the project, else at its root. Raises
    NotFoundError where nothing names a library, and UnavailableError.
    """
    check_right(actor, Right.COMPOSE)
    runtime = projects.find(actor, slug)
    found: ProjectFiles | None = None
    for folder in _folders(runtime):
        for names in _groups(folder, runtime.entry):
            intake = read_files(actor, [(name, folder[name]) for name in names])
            found = ProjectFiles(title=runtime.title, names=tuple(names), intake=intake)
            if intake.combined.libraries:
                return found
    raise NotFoundError(
        f"No file of {slug} names a library.",
        hint="Import a file instead, or list the libraries.",
        path="project",
    )


def _groups(folder: dict[str, bytes], entry: str) -> list[list[str]]:
    """Return the names of files to try together, the most telling group first, the file that runs last."""
    found = [sorted(name for name in folder if pattern.fullmatch(name))[:MAX_FILES] for pattern in GROUPS]
    found.append([entry] if entry in folder else [])
    return [names for names in found if names]


def _folders(runtime: Runtime) -> list[dict[str, bytes]]:
    """Return the files of the folders to look into, by name."""
    if runtime.source["kind"] != "git":
        return [{name: text.encode() for name, text in runtime.source.get("files", {}).items()}]
    (home() / "tmp").mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="project-", dir=home() / "tmp") as place:
        root = _checked_out(runtime, Path(place))
        folder = runtime.source.get("folder", "").strip("/")
        return [_files(one, runtime.entry) for one in dict.fromkeys((root / folder, root))]


def _files(folder: Path, entry: str) -> dict[str, bytes]:
    """Read the files of a folder that may name libraries, and the one that runs; links are left out."""
    wanted = [one for one in sorted(folder.iterdir()) if any(pattern.fullmatch(one.name) for pattern in GROUPS)]
    paths = {one.name: one for one in wanted} | {entry: folder / entry}
    return {
        name: path.read_bytes()
        for name, path in paths.items()
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= MAX_BYTES
    }


def _checked_out(runtime: Runtime, place: Path) -> Path:
    """Check out a repository in a process of its own, as a run does; return its root. Raises UnavailableError."""
    repository = repository_of({**runtime.source, "folder": ""}, settings.GIT_ALLOW)
    entry = "/".join(part for part in (runtime.source.get("folder", "").strip("/"), runtime.entry) if part)
    job, target = place / "job.json", place / "source"
    request = {"repository": repository.to_dict(), "target": str(target), "entry": entry, "seconds": SECONDS}
    job.write_text(json.dumps(request))
    variables = {"PYTHONPATH": str(code_path()), "PATH": "/usr/local/bin:/usr/bin:/bin", **settings.GIT_CERTIFICATES}
    try:
        done = subprocess.run(  # noqa: S603 - our own module; the address is in a checked file
            [sys.executable, "-m", "assay.sources.git_checkout", str(job)],
            cwd=place,
            env=variables,
            capture_output=True,
            text=True,
            timeout=SECONDS + EXTRA_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(
            f"The repository of {runtime.slug} does not respond.", hint="Try later.", path="project"
        ) from error
    if done.returncode:
        lines = (done.stdout or done.stderr).strip().splitlines()
        raise UnavailableError(
            f"The repository of {runtime.slug} cannot be read: {lines[-1][:300] if lines else 'no output'}",
            hint="Check its address on the project's page.",
            path="project",
        )
    return target
