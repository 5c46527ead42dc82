"""`python -m assay.sources.git_checkout JOB`: check out the files of one commit, with the machine's git.

It is a separate process, since a repository may be slow, huge or hostile. It fetches one commit of one branch,
without hooks, filters, submodules or links, with our configuration only, without prompts, by the checked protocol,
and within limits of bytes, files and time. JOB is a JSON file with `repository`, `target` (must not exist), `entry`
and, if others than usual, `seconds`. The commit's ID is written beside it as `commit`. After a failure the last line
of the output is the error.
"""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from assay.core.errors import AssayError, InvalidInputError, UnavailableError
from assay.sources.git_repository import Repository

MAX_BYTES = 500 * 2**20  # of the working copy and git's own files together
MAX_FILES = 20_000
TIMEOUT = 120  # seconds
POLL_SECONDS = 0.2  # between two checks of the size


def checkout(repository: Repository, target: Path, entry: str, seconds: float = TIMEOUT) -> str:
    """Write the files of a repository's folder to `target`; return the commit's ID. Raises AssayError."""
    whole = target.with_name(target.name + ".whole")
    _clone(repository, whole, seconds)
    commit = _output(whole, "rev-parse", "HEAD").strip()
    shutil.rmtree(whole / ".git")
    wanted = whole / repository.folder
    if not wanted.is_dir():
        raise InvalidInputError(f"The repository has no folder {repository.folder!r}.", hint="Check its name.")
    if not (wanted / entry).is_file():
        raise InvalidInputError(
            f"The repository has no file {entry!r} in that folder.", hint="Name the file to start."
        )
    wanted.rename(target)
    shutil.rmtree(whole, ignore_errors=True)
    return commit


def _clone(repository: Repository, whole: Path, seconds: float) -> None:
    command = ["clone", "--quiet", "--depth=1", "--single-branch", "--no-tags", "--no-recurse-submodules"]
    command += ["--no-local", "--template=", *([f"--branch={repository.branch}"] if repository.branch else [])]
    command += ["--", repository.url, str(whole)]
    process = subprocess.Popen(  # noqa: S603 - the machine's git with our options; user input comes after --
        _git(repository, *command),
        env=_variables(repository),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    deadline = time.monotonic() + seconds
    try:
        while process.poll() is None:
            _check_size(whole)
            if time.monotonic() > deadline:
                raise UnavailableError(
                    f"The repository took longer than {seconds:g} seconds.", hint="Use a smaller repository."
                )
            time.sleep(POLL_SECONDS)
        _check_size(whole)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.returncode:
        raise UnavailableError("git could not clone the repository.", hint="The output of git is above.")


def _git(repository: Repository, *arguments: str) -> list[str]:
    program = shutil.which("git")
    if program is None:
        raise UnavailableError("git is not installed on the server.", hint="Install git, or send the files inline.")
    settings = {
        "core.hooksPath": os.devnull,
        "core.symlinks": "false",
        "core.fsmonitor": "false",
        "credential.helper": "",
        "http.followRedirects": "false",
        "http.lowSpeedLimit": "1000",
        "http.lowSpeedTime": "20",
        "safe.directory": "*",
    }
    pinned = [] if repository.trusted else ["-c", f"http.curloptResolve={_pinned(repository)}"]
    return [
        program,
        *[part for name, value in settings.items() for part in ("-c", f"{name}={value}")],
        *pinned,
        *arguments,
    ]


def _pinned(repository: Repository) -> str:
    """Return the host's public addresses for git to connect to. Raises InvalidInputError for any other address."""
    parts = urlsplit(repository.url)
    host, port = parts.hostname or "", parts.port or 443
    try:
        found = {str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise UnavailableError(f"The host {host!r} does not exist.", hint="Check the address.") from error
    for address in found:
        if not ipaddress.ip_address(address.partition("%")[0]).is_global:
            raise InvalidInputError(
                f"{host} is not a public address.",
                hint="An administrator can allow the address in ASSAY_GIT_ALLOW.",
            )
    return f"{host}:{port}:{','.join(sorted(found))}"


def _variables(repository: Repository) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LANG": "C.UTF-8",
        "HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "SSH_ASKPASS": "/bin/false",
        "GIT_ALLOW_PROTOCOL": urlsplit(repository.url).scheme,
        "GIT_LFS_SKIP_SMUDGE": "1",
    } | {name: os.environ[name] for name in ("SSL_CERT_FILE", "GIT_SSL_CAINFO") if name in os.environ}


def _output(whole: Path, *arguments: str) -> str:
    program = shutil.which("git") or "git"
    done = subprocess.run(  # noqa: S603 - as above, with our own arguments only
        [program, "-C", str(whole), "-c", "safe.directory=*", *arguments],
        env=_variables(Repository(url="file:///")),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=True,
    )
    return done.stdout


def _check_size(whole: Path) -> None:
    """Raise InvalidInputError where a limit is exceeded. Files may come and go meanwhile."""
    size = files = 0
    for place, _, names in os.walk(whole):
        for name in names:
            try:
                seen = os.lstat(os.path.join(place, name))  # noqa: PTH118 - in a loop over thousands
            except FileNotFoundError:
                continue
            size += seen.st_size if stat.S_ISREG(seen.st_mode) else 0
            files += 1
    if size > MAX_BYTES or files > MAX_FILES:
        raise InvalidInputError(
            f"The repository has more than {MAX_BYTES >> 20} MiB or {MAX_FILES:,} files.",
            hint="Use a smaller repository.",
        )


def main(job: Path) -> int:
    """Run the job; write the commit's ID beside it, or print the error. Return the exit code."""
    request = json.loads(job.read_text())
    target = Path(request["target"])
    try:
        repository, seconds = Repository(**request["repository"]), request.get("seconds", TIMEOUT)
        commit = checkout(repository, target, request["entry"], seconds)
    except AssayError as error:
        shutil.rmtree(target.with_name(target.name + ".whole"), ignore_errors=True)
        sys.stdout.write(f"{error.detail} {error.hint}\n")
        return 1
    job.with_name("commit").write_text(commit)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
