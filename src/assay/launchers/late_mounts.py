"""Directories that appear in a sandbox after it has started: bubblewrap itself mounts only at its start.

This process gets a mount namespace of its own with a small, empty file system that is shared with the sandboxes
started from it: what is mounted there later appears in them too, and nowhere else (mount_namespaces(7), "shared
subtrees"). Nothing of it is left on disk, and it ends with its last process. Standard library only.
"""

from __future__ import annotations

import ctypes
import os

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000  # linux/sched.h
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32  # linux/mount.h, as the next line
MS_BIND, MS_REC, MS_SLAVE, MS_SHARED = 1 << 12, 1 << 14, 1 << 19, 1 << 20
MNT_DETACH = 2
KEPT = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC  # statvfs has the same bits; an unprivileged mount keeps them


class LateMounts:
    """Mount points in a sandbox that are filled later, each below one of `targets`, which are absolute paths."""

    def __init__(self, folder: str, targets: tuple[str, ...]) -> None:
        """Give this process, which has only one thread, its own mounts, at an empty folder. Raises OSError."""
        _own_namespace()
        mount("none", "/", "", MS_REC | MS_SLAVE)
        mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700,size=64k")
        self._aside = os.path.join(folder, "aside")  # noqa: PTH118 - pathlib costs start-up time
        self._places = {target: os.path.join(folder, str(number)) for number, target in enumerate(targets)}  # noqa: PTH118 - as above
        for path in (self._aside, *self._places.values()):
            os.mkdir(path, 0o700)  # noqa: PTH102 - as above
        for path in self._places.values():
            mount(path, path, "", MS_BIND)
            mount("none", path, "", MS_SHARED)

    def binds(self) -> tuple[tuple[str, str], ...]:
        """Return the (source, target) pairs to which the sandbox must be given access, read-only."""
        return tuple((place, target) for target, place in self._places.items())

    def add(self, path: str, *, writable: bool) -> None:
        """Show a directory, which is directly below one of the targets, at its own path. Raises OSError."""
        target, name = os.path.split(os.path.realpath(path))
        place = os.path.join(self._places[target], name)  # noqa: PTH118 - as above
        os.mkdir(place)  # noqa: PTH102 - as above
        # Prepared aside: the flags of a mount must be set before it is shared.
        mount(path, self._aside, "", MS_BIND | MS_REC)
        flags = (os.statvfs(self._aside).f_flag & KEPT) | MS_NOSUID | MS_NODEV | (0 if writable else MS_RDONLY)
        mount("none", self._aside, "", MS_BIND | MS_REMOUNT | flags)
        mount(self._aside, place, "", MS_BIND | MS_REC)
        _call("umount2", os.fsencode(self._aside), MNT_DETACH)


def _own_namespace() -> None:
    """Leave the mount namespace of the parent; without privileges this takes a user namespace, too."""
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        _call("unshare", CLONE_NEWNS)
        return
    _call("unshare", CLONE_NEWUSER | CLONE_NEWNS)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - as above
            file.write(text)


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Call the kernel, which takes the flags above. Raises OSError."""
    words = [os.fsencode(one) for one in (source, target, kind)]
    _call("mount", *words, ctypes.c_ulong(flags), os.fsencode(options))


def _call(name: str, *arguments: object) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
