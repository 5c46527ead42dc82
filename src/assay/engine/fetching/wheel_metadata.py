"""The METADATA of a wheel on an index without metadata files: read from inside the archive by range requests."""

from __future__ import annotations

import contextlib
import io
import zipfile
from http import HTTPStatus

from urllib3.exceptions import HTTPError

from assay.engine.fetching.network import Network

BLOCK = 64 << 10  # bytes of one request; the directory of most archives fits into the last block
MAX_BYTES = 4 << 20  # of one wheel; archives with very many files have larger directories
MAX_METADATA = 2 << 20  # bytes, unpacked
# What zipfile raises for no archive, an unknown compression, an encrypted member, and a member that ends early.
BROKEN = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError)


def read_wheel_metadata(network: Network, url: str, size: int) -> bytes | None:
    """Return the METADATA of a wheel of `size` bytes; None when the server has no ranges or the wheel is none."""
    try:
        with contextlib.closing(_Ranges(network, url, size)) as file, zipfile.ZipFile(file) as archive:
            names = [one for one in archive.infolist() if _is_metadata(one.filename)]
            if len(names) != 1 or names[0].file_size > MAX_METADATA:
                return None
            return archive.read(names[0])
    except (HTTPError, OSError, *BROKEN):
        return None


def _is_metadata(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return name == "METADATA" and folder.endswith(".dist-info") and "/" not in folder


class _Ranges(io.RawIOBase):
    """A file at an index, of which only the blocks that are read are fetched."""

    def __init__(self, network: Network, url: str, size: int) -> None:
        super().__init__()
        self._network, self._url, self._size = network, url, size
        self._blocks: dict[int, bytes] = {}
        self._at = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        end = self._size if size < 0 else min(self._size, self._at + size)
        found = b""
        while self._at + len(found) < end:
            at = self._at + len(found)
            found += self._block(at // BLOCK)[at % BLOCK : at % BLOCK + end - at]
        self._at += len(found)
        return found

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            if len(self._blocks) * BLOCK >= MAX_BYTES:
                raise OSError("too many blocks")
            first, last = number * BLOCK, min(self._size, (number + 1) * BLOCK) - 1
            with contextlib.closing(self._network.open(self._url, {"Range": f"bytes={first}-{last}"})) as response:
                content = response.read(BLOCK + 1) if response.status == HTTPStatus.PARTIAL_CONTENT else b""
            if len(content) != last - first + 1:
                raise OSError("no ranges")
            self._blocks[number] = content
        return self._blocks[number]
