"""Messages that the pinned uv really writes, for each phrase that it has: read into facts without losing anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.bench import PYTHON
from support.index import LocalIndex

from assay.core.conflicts.message import Fact, Kind, parse
from assay.core.conflicts.words import chain
from assay.core.errors import ResolutionError
from assay.engine.interface import Index, ResolveRequest
from assay.engine.interpreters import find_interpreters
from assay.engine.resolving.uv import resolve

HERE = find_interpreters()[PYTHON]
TAG = f"cp{PYTHON.replace('.', '')}"


@pytest.fixture(scope="module")
def index() -> Iterator[LocalIndex]:
    """Serve libraries that conflict in every way."""
    index = LocalIndex()
    for version in ("1.0", "2.0"):
        index.add("shared", version)
    for version in ("1.0", "1.1", "1.2", "3.0"):
        index.add("many", version)
    index.add("app", requires=("shared<2",))
    index.add("other", "3.0", requires=("shared>=2",))
    index.add("ranged", requires=("many!=1.1,<3",))
    index.add("exact", requires=("many==1.1",))
    index.add("between", requires=("many>=2,<2.5",))
    index.add(
        "marked", "1.0", requires=("many>=1.2; python_full_version < '3.99'", "many>=3; python_version >= '3.99'")
    )
    index.add("marked", "0.9", requires=("many>=1.1; python_full_version < '3.99'",))
    index.add("extra", "1.0", requires=("shared>=2; extra == 'new'",))
    index.add("extra", "1.5", requires=("shared>=2; extra == 'new'",))
    index.add("abi", tag="cp39-cp39-manylinux_2_17_x86_64")
    index.add("windows", tag=f"{TAG}-{TAG}-win_amd64")
    index.add("pypy", tag="pp310-pypy310_pp73-manylinux_2_17_x86_64")
    index.add("future", "1.0", python=">=3.98")
    index.add("future", "2.0", python=">=3.99")
    index.yanked[index.add("yanked").filename] = "broken, do not use"
    index.add_source("source", backend="")
    index.add("fresh")
    index.uploaded["fresh"] = "2999-11-25T00:00:00Z"
    index.add("contrary", requires=("shared>=2,<1",))
    index.add("lost", requires=("nowhere>=1",))
    yield index
    index.close()


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one cache for all."""
    return tmp_path_factory.mktemp("cache")


def told(fact: Fact) -> str:
    """Return one line that shows all parts of a fact."""
    left = ", ".join(" or ".join(one.texts) for one in fact.subjects)
    right = ", ".join(" or ".join(one.texts) for one in fact.objects)
    return " ".join(filter(None, [f"({fact.step})" * bool(fact.step), left, str(fact.kind), right, fact.reason]))


CASES = {
    ("app==1.0", "other==3.0"): [
        "other requires shared>=2",
        "app requires shared<2",
        "requires app==1.0, other==3.0",
    ],
    ("ranged", "exact"): [
        "exact requires many==1.1",
        "ranged requires many<1.1 or many>1.1,<3",
        "requires ranged, exact",
    ],
    ("between",): ["between requires many>=2,<2.5", "many<2 or many>2.5 available", "requires between"],
    ("many>5",): ["many<=3.0 available", "requires many>5"],
    ("many==9.9",): ["many==9.9 missing", "requires many==9.9"],
    ("many>1.1,<1.2",): ["many<=1.1 or many>=1.2 available", "requires many>1.1,<1.2"],
    ("marked", "many<1.1"): [
        "marked<=0.9 requires many{python_full_version < '3.99'}>=1.1",
        "marked>=1.0 requires many{python_full_version < '3.99'}>=1.2",
        "requires marked, many<1.1",
    ],
    ("abi",): [
        "abi==1.0 unusable has no wheels with a matching Python ABI tag (e.g., `{tag}`)",
        "abi==1.0 available",
        "requires abi",
    ],
    ("pypy==1.0",): [
        "pypy==1.0 unusable has no wheels with a matching Python implementation tag (e.g., `{tag}`)",
        "requires pypy==1.0",
    ],
    ("future==1.0",): [
        "Python>=3.98 python {python}",
        "future==1.0 requires Python>=3.98",
        "future>=1.0 available",
        "requires future==1.0",
    ],
    ("yanked>=0.5",): ["yanked==1.0 unusable was yanked (reason: broken, do not use)", "requires yanked==1.0"],
    ("source",): ["source==1.0 unusable has no usable wheels", "source==1.0 available", "requires source"],
    ("contrary",): [
        "contrary==1.0 requires shared<1, shared>=2 which are incompatible",
        "contrary==1.0 available",
        "requires contrary",
    ],
    ("shared>=2,<1",): ["requires shared<1, shared>=2 which are incompatible"],
    ("lost",): [
        "nowhere unusable was not found in the package registry",
        "lost requires nowhere>=1",
        "requires lost",
    ],
    ("nowhere",): ["nowhere unusable was not found in the package registry", "requires nowhere"],
    ("many!=1.1,!=1.2,<3", "exact"): ["exact requires many==1.1", "requires many<1.1", "requires exact"],
    ("many<1 ; python_version < '4'",): [
        "many{python_full_version < '4'}>=1.0 available",
        "requires many{python_full_version < '4'}<1",
    ],
}  # fmt: skip


def explained(index: LocalIndex, cache: Path, workdir: Path, *libraries: str, cool_down_days: int = 0) -> str:
    """Return why libraries do not resolve."""
    request = ResolveRequest(
        python=PYTHON,
        python_path=HERE.path,
        libraries=libraries,
        index=Index(url=index.url, trusted=True),
        cool_down_days=cool_down_days,
    )
    with pytest.raises(ResolutionError) as raised:
        resolve(request, cache=str(cache), workdir=str(workdir))
    return raised.value.detail


@pytest.mark.parametrize("libraries", CASES, ids=" ".join)
def test_every_phrase_is_read(libraries: tuple[str, ...], index: LocalIndex, cache: Path, tmp_path: Path) -> None:
    """Each fact with its names, extras, markers and ranges; no clause is unknown, and each has words."""
    detail = explained(index, cache, tmp_path, *libraries)
    found = parse(detail)
    expected = [one.replace("{python}", HERE.version).replace("{tag}", TAG) for one in CASES[libraries]]
    assert sorted(told(fact) for fact in found.facts) == sorted(expected)
    assert all(step.conclusion is None or step.conclusion.kind is not Kind.OTHER for step in found.steps)
    assert len(chain(found)) >= len(expected)


def test_numbered_steps_and_notes(index: LocalIndex, cache: Path, tmp_path: Path) -> None:
    """A step that a later one names, wheels of other systems, and what the cool-down period keeps back."""
    found = parse(explained(index, cache, tmp_path, "extra[new]", "app"))
    assert found.steps[0].number == 1
    assert "(1) app, extra[new] incompatible" in [told(fact) for fact in found.facts]
    windows = parse(explained(index, cache, tmp_path, "windows"))
    assert next(windows.facts).reason.startswith("has no wheels with a matching platform tag (e.g., `")
    assert windows.notes == ("Wheels are available for `windows` (v1.0) on the following platform: `win_amd64`.",)
    fresh = parse(explained(index, cache, tmp_path, "fresh==1.0", cool_down_days=7))
    assert fresh.notes[0].startswith(
        "`fresh` v1.0 was published on 2999-11-25; the cool-down period of the policy admits what was"
    )
