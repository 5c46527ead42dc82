"""Downloading the files of a lock: in parallel, each verified against its hash while it arrives, and resumed."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Protocol

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from assay.core.errors import BuildError
from assay.core.formatting import format_bytes
from assay.core.lock import File
from assay.engine.fetching.network import Network

PARALLEL = 8  # downloads at the same time
CHUNK = 1 << 20  # bytes per read
MAX_SIZE = 8 << 30  # bytes of one file; the largest wheels in use are about 3 GB
PARTS = "parts"  # the folder of incomplete files: uv lists the complete ones while others arrive
ATTEMPTS = 3  # an interrupted transfer resumes where it stopped
UNPACKED = 5  # an unpacked wheel takes at most this many times its own size, in practice


class OnBytes(Protocol):
    """A callback for received bytes and complete files."""

    def __call__(self, count: int, *, complete: bool) -> None:
        """Count received bytes, or a complete file."""
        ...


def fetch(files: Sequence[File], folder: Path, network: Network, on_bytes: OnBytes) -> None:
    """Download files into a folder under their own names. Raises BuildError."""
    deque(fetch_each(files, folder, network, on_bytes), maxlen=0)


def fetch_each(files: Sequence[File], folder: Path, network: Network, on_bytes: OnBytes) -> Generator[File]:
    """Download files as `fetch` does, the largest first, and yield each when it is complete. Raises BuildError."""
    (folder / PARTS).mkdir(parents=True, exist_ok=True)
    check_space(sum(file.size for file in files), folder)
    stop = threading.Event()
    with ThreadPoolExecutor(PARALLEL, thread_name_prefix="fetch") as pool:
        ordered = sorted(files, key=lambda one: one.size, reverse=True)
        running = {pool.submit(_fetch, file, folder, network, on_bytes, stop): file for file in ordered}
        try:
            for one in as_completed(running):
                one.result()
                yield running[one]
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)


def check_space(size: int, folder: Path) -> None:
    """Raise BuildError when the disk lacks the space to download and unpack files of `size` bytes."""
    needed, free = size * (1 + UNPACKED), shutil.disk_usage(folder).free
    if needed > free:
        raise BuildError(
            f"The disk is full: the build needs about {format_bytes(needed)}, and {format_bytes(free)} are free.",
            hint="Free space (`assay admin collect` removes unused files), then build again.",
        )


def _fetch(file: File, folder: Path, network: Network, on_bytes: OnBytes, stop: threading.Event) -> None:
    part = folder / PARTS / file.name
    part.unlink(missing_ok=True)
    digest = hashlib.sha256()
    for attempt in range(ATTEMPTS):
        try:
            _transfer(file, part, digest, network, on_bytes, stop)
            break
        except (HTTPError, TimeoutError) as error:
            if attempt == ATTEMPTS - 1:
                raise _download_failed(file, error) from error
            time.sleep(0.3 * 2**attempt)
    if digest.hexdigest() != file.sha256:
        part.unlink(missing_ok=True)
        raise BuildError(
            f"A downloaded file does not match the lock: {file.name} has SHA-256 {digest.hexdigest()[:12]}…, "
            f"the lock has {file.sha256[:12]}….",
            hint="The index served a different file than it listed. Do not use it, and inform its administrator.",
        )
    part.replace(folder / file.name)
    on_bytes(0, complete=True)


def _transfer(
    file: File, part: Path, digest: hashlib._Hash, network: Network, on_bytes: OnBytes, stop: threading.Event
) -> None:
    """Append the missing bytes to the part; an index that cannot resume sends the file again from its start."""
    have = part.stat().st_size if part.exists() else 0
    response = network.open(file.url, {"Range": f"bytes={have}-"} if have else {})
    try:
        _receive(response, file, part, digest, have, on_bytes, stop)
    except BaseException:
        response.close()  # its remaining bytes would mix with the next response
        raise


def _receive(
    response: BaseHTTPResponse,
    file: File,
    part: Path,
    digest: hashlib._Hash,
    have: int,
    on_bytes: OnBytes,
    stop: threading.Event,
) -> None:
    if response.status not in {200, 206}:
        raise HTTPError(f"status {response.status}")
    skip = have if response.status == 200 else 0  # noqa: PLR2004 - OK: the whole file again
    with part.open("ab") as target:
        for chunk in response.stream(CHUNK):
            fresh, skip = chunk[skip:], max(0, skip - len(chunk))
            target.write(fresh)
            digest.update(fresh)
            have += len(fresh)
            on_bytes(len(fresh), complete=False)
            _check_size(file, have)
            if stop.is_set():
                raise BuildError("Another download failed.", hint="See the log.")


def _check_size(file: File, have: int) -> None:
    if have > (file.size or MAX_SIZE):
        raise BuildError(
            f"{file.name} is larger than its index lists ({file.size:,} bytes).",
            hint="The index served a different file than it listed. Do not use it, and inform its administrator.",
        )


def _download_failed(file: File, error: Exception) -> BuildError:
    return BuildError(
        f"{file.name} could not be downloaded from {os.path.dirname(file.url)}: {error}",  # noqa: PTH120 - a URL, not a path
        hint="The package index is not available or refused the request. Build again in a moment.",
    )
