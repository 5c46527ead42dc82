"""Locks that Hypothesis draws."""

from __future__ import annotations

from hypothesis import strategies as st

from assay.core.lock import File, Lock, LockedLibrary

names = st.text("abc", min_size=1, max_size=3)
versions = st.sampled_from(
    [
        "0.9",
        "0.10",
        "1",
        "1.0",
        "1.0.0",
        "1.0.1",
        "1.1",
        "2.0rc1",
        "2.0",
        "2.0.post1",
        "2.0+cu121",
        "1!0.1",
        "odd",
        "odder",
    ]
)


@st.composite
def libraries(draw: st.DrawFn) -> LockedLibrary:
    """Draw one locked library."""
    name, version = draw(names), draw(versions)
    return LockedLibrary(
        name=name,
        version=version,
        index=draw(st.sampled_from(["https://one.example/simple", "https://two.example/simple"])),
        file=File(
            name=f"{name}-{version}-py3-none-any.whl",
            url=f"https://files.example/{name}-{version}-py3-none-any.whl",
            size=draw(st.integers(0, 10**9)),
            sha256=draw(st.sampled_from("abc")) * 64,
            uploaded=draw(st.sampled_from(["", "2026-01-01T00:00:00Z"])),
        ),
        dependencies=tuple(sorted(draw(st.sets(names, max_size=3)))),
    )


locks = st.lists(libraries(), max_size=8, unique_by=lambda one: one.name).map(
    lambda found: Lock(python="3.11", platform="linux-x86_64", libraries=tuple(found))
)
