"""Commands of libraries that shadow those of the system, of Python or of its installers."""

from __future__ import annotations

from assay.core.report import LibraryFacts

# Utilities of POSIX and common systems that are usually called without a path.
POSIX = frozenset(
    """
    awk bash cat chmod chown cp curl cut date dd df du echo env find git grep gzip head kill less ln ls make mkdir mv
    nice nohup ps pwd rm rmdir scp sed sh sleep sort ssh su sudo tail tar tee test touch tr true wget xargs
    """.split()  # noqa: SIM905 - read as a line of words
)
# Commands of Python, each with the one library that owns it.
OWNERS = {
    **dict.fromkeys(("python", "python3", "pydoc", "pydoc3"), ""),
    **dict.fromkeys(("pip", "pip3"), "pip"),
    **dict.fromkeys(("uv", "uvx"), "uv"),
    "conda": "conda",
    "jupyter": "jupyter-core",
    "ipython": "ipython",
}


def shadowed_commands(library: LibraryFacts) -> list[str]:
    """Return the commands of a library that shadow those of the system, of Python or of its installers."""
    return [name for name in library.scripts if name in POSIX or OWNERS.get(name, library.name) != library.name]
