"""From the store to a directory: hard links into an empty environment, and its manifests. Shared by all engines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from assay.engine.installing.manifest import own_files, tree_digest, write_manifests
from assay.engine.interface import Installed
from assay.engine.wheel_store.store import StoredWheel, link_wheels


def link_into(prefix: Path, wheels: Sequence[StoredWheel], store: Path, *, added: Collection[str] = ()) -> Installed:
    """Link all wheels into an empty environment and write its manifests. Raises BuildError.

    `added` are the keys of the wheels that this build added to the store: their bytes are new on the disk.
    """
    own = own_files(prefix)
    link_wheels(wheels, store, prefix)
    write_manifests(prefix, store, own, wheels)
    return Installed(
        wheels=tuple(wheels),
        size=sum(size for _, size, _ in own) + sum(one.size for one in wheels),
        files=len(own) + sum(len(one.files) + len(one.compiled) for one in wheels),
        new_size=sum(one.size for one in wheels if one.key in added),
        tree=tree_digest(wheels),
    )
