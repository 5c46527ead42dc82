"""Fetching the files of a lock: side by side, each checked against its hash while it arrives, and resumed."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from assay.core.errors import BuildError
from assay.core.format_bytes import format_bytes
from assay.core.lock import File
from assay.engine.fetching.network import Network

AT_ONCE = 8  # downloads side by side
PIECE = 1 << 20  # bytes read at once
LARGEST = 8 << 30  # bytes of one file; the largest wheels in use are about 3 GB
ATTEMPTS = 3  # a transfer that breaks off goes on where it broke
UNPACKED = 5  # times its own size that a wheel takes on the disk, at most in practice


class OnBytes(Protocol):
    """Is told of bytes that have just arrived, and when a file is whole."""

    def __call__(self, count: int, *, whole: bool) -> None:
        """Take it into account."""
        ...


def fetch(files: Sequence[File], folder: Path, network: Network, on_bytes: OnBytes) -> None:
    """Fetch files into a folder under their own names. Raises BuildError; what came is kept for a retry."""
    folder.mkdir(parents=True, exist_ok=True)
    check_space(sum(file.size for file in files), folder)
    stop = threading.Event()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fetch") as pool:
        running = [pool.submit(_fetch, file, folder, network, on_bytes, stop) for file in files]
        try:
            for one in running:
                one.result()
        finally:
            stop.set()


def check_space(size: int, folder: Path) -> None:
    """Raise BuildError when files of so many bytes cannot be unpacked here."""
    needed, free = size * (1 + UNPACKED), shutil.disk_usage(folder).free
    if needed > free:
        raise BuildError(
            f"The disk is too full: about {format_bytes(needed)} are needed, {format_bytes(free)} are free.",
            hint="Free space (`assay admin collect` removes what nothing needs), then build again.",
        )


def _fetch(file: File, folder: Path, network: Network, on_bytes: OnBytes, stop: threading.Event) -> None:
    part = folder / f".{file.name}.part"
    part.unlink(missing_ok=True)
    told = hashlib.sha256()
    for attempt in range(ATTEMPTS):
        try:
            _transfer(file, part, told, network, on_bytes, stop)
            break
        except (HTTPError, TimeoutError) as error:
            if attempt == ATTEMPTS - 1:
                raise _not_fetched(file, error) from error
            time.sleep(0.3 * 2**attempt)
    if told.hexdigest() != file.sha256:
        part.unlink(missing_ok=True)
        raise BuildError(
            f"A downloaded file is not the one that was locked: {file.name} has SHA-256 {told.hexdigest()[:12]}…, "
            f"the lock says {file.sha256[:12]}….",
            hint="The index served another file than it announced. Do not use it; tell its administrator.",
        )
    part.replace(folder / file.name)
    on_bytes(0, whole=True)


def _transfer(
    file: File, part: Path, told: hashlib._Hash, network: Network, on_bytes: OnBytes, stop: threading.Event
) -> None:
    """Append what is missing to the part. An index that cannot go on in the middle begins again."""
    have = part.stat().st_size if part.exists() else 0
    answer = network.open(file.url, {"Range": f"bytes={have}-"} if have else {})
    try:
        _receive(answer, file, part, told, have, on_bytes, stop)
    except BaseException:
        answer.close()  # what is left of it would mix with the next answer
        raise


def _receive(
    answer: BaseHTTPResponse,
    file: File,
    part: Path,
    told: hashlib._Hash,
    have: int,
    on_bytes: OnBytes,
    stop: threading.Event,
) -> None:
    if answer.status not in {200, 206}:
        raise HTTPError(f"status {answer.status}")
    skip = have if answer.status == 200 else 0  # noqa: PLR2004 - OK: all of it again
    with part.open("ab") as target:
        for piece in answer.stream(PIECE):
            fresh, skip = piece[skip:], max(0, skip - len(piece))
            target.write(fresh)
            told.update(fresh)
            have += len(fresh)
            on_bytes(len(fresh), whole=False)
            _check_size(file, have)
            if stop.is_set():
                raise BuildError("Another download failed.", hint="See the log.")


def _check_size(file: File, have: int) -> None:
    if have > (file.size or LARGEST):
        raise BuildError(
            f"{file.name} is larger than its index announced ({file.size:,} bytes).",
            hint="The index served another file than it announced. Do not use it; tell its administrator.",
        )


def _not_fetched(file: File, error: Exception) -> BuildError:
    return BuildError(
        f"{file.name} could not be fetched from {os.path.dirname(file.url)}: {error}",  # noqa: PTH120 - an address, no path
        hint="The package index did not answer as it should. Build again in a moment.",
    )
