"""Libraries of one's own, where a workspace allows them: beside the approved ones, never in their place."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.index import LocalIndex
from support.people import person, published

from assay.core.roles import Role
from assay.engine import uv
from assay.engine.kernels.overlay import PIP
from assay.engine.kernels.pip_shim import LINE
from assay.flow.access import actor_in
from assay.flow.launch.launch import authorize_launch
from assay.flow.people import find_person, set_workspace
from assay.studio.kernels import kernel_document
from assay.studio.servers import own_libraries

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def index() -> Iterator[LocalIndex]:
    """Serve a few wheels."""
    index = LocalIndex()
    index.add("extra", requires=("base",))
    index.add("base", "2.0")
    index.add("base", "1.0")
    index.add("acme-core")
    index.add("sly", requires=("acme-core",))
    yield index
    index.close()


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """Return an environment that holds base 1.0."""
    prefix = tmp_path / "geo"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(prefix)], check=True)
    papers = next((prefix / "lib").glob("python3.*/site-packages")) / "base-1.0.dist-info"
    papers.mkdir()
    (papers / "METADATA").write_text("Metadata-Version: 2.1\nName: base\nVersion: 1.0\n")
    return prefix


def pip(environment: Path, home: Path, index: LocalIndex, *words: str) -> subprocess.CompletedProcess[str]:
    """Call the shim as a kernel would."""
    variables = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "ASSAY_ENVIRONMENT": "geo@4",
        "ASSAY_NEW_VERSION": "http://127.0.0.1:1/environments/geo/",
        "ASSAY_PERSONAL": index.url,
        "ASSAY_OWNED": "acme-*",
        "ASSAY_UV": uv.binary(),
    }
    python = str(environment / "bin" / "python")
    return subprocess.run([python, str(PIP), *words], env=variables, capture_output=True, text=True, check=False)


def test_it_goes_into_ones_home_at_the_approved_versions(
    environment: Path, tmp_path: Path, index: LocalIndex
) -> None:
    """What the environment holds too is taken at its version; the words say whose it is."""
    done = pip(environment, tmp_path, index, "install", "extra")
    assert done.returncode == 0, done.stderr
    assert "Installed for you alone" in done.stderr
    folder = tmp_path / ".assay" / "libraries" / "geo-4"
    assert {one.name for one in folder.glob("*.dist-info")} == {"extra-1.0.dist-info", "base-1.0.dist-info"}


@pytest.mark.parametrize("wanted", ["acme-core", "Acme_Core", "sly"])
def test_names_that_a_source_owns_are_not_taken_from_another(
    environment: Path, tmp_path: Path, index: LocalIndex, wanted: str
) -> None:
    """Neither directly nor as what something needs: nobody's name is shadowed by the public index."""
    done = pip(environment, tmp_path, index, "install", wanted)
    assert done.returncode == 1
    assert "acme-core" in done.stderr
    assert not list((tmp_path / ".assay").rglob("*.dist-info"))


@pytest.mark.parametrize(
    "line", ["--index-url=http://evil", "-r", "../wheel.whl", "x @ http://evil/x.whl", "git+https://x", "x; a", "."]
)
def test_names_and_versions_only(line: str) -> None:
    """No option, path or address."""
    assert not LINE.fullmatch(line)
    for good in ("x", "x==1.0", "X.y_z[a,b]>=1,<2", "x~=1.4"):
        assert LINE.fullmatch(good)


@pytest.mark.django_db
def test_it_is_off_unless_a_workspace_allows_it() -> None:
    """By default a kernel is told nothing that would let it install; with the setting it is."""
    published(person("ana"), person("ben", Role.REVIEWER), "geo", ["six"], {"six": "1.17.0"})
    eve = person("eve", Role.VIEWER)
    assert "ASSAY_PERSONAL" not in kernel_document(authorize_launch(eve, "geo"), "localhost")["kernel"]["env"]
    set_workspace("default", {"personal_overlays": True})
    told = kernel_document(authorize_launch(actor_in(find_person("eve"), "default"), "geo"), "localhost")["kernel"][
        "env"
    ]
    assert told["ASSAY_PERSONAL"].startswith("https://")
    assert told["ASSAY_NEW_VERSION"].endswith("/environments/geo/")


@pytest.mark.django_db
def test_my_servers_list_them(settings: Any, tmp_path: Path) -> None:  # noqa: ANN401 - pytest-django's
    """By name and version, of this person and this version only."""
    settings.HOME = tmp_path
    folder = tmp_path / "homes" / "eve" / ".assay" / "libraries" / "geo-4"
    (folder / "extra-1.0.dist-info").mkdir(parents=True)
    assert own_libraries("eve", "geo@4") == ["extra 1.0"]
    assert own_libraries("eve", "geo@5") == []
