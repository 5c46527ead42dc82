"""Package sources: each name from the source that owns it, credentials kept in, private addresses closed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.bench import Bench
from support.index import LocalIndex
from urllib3.exceptions import HTTPError

from assay.core.errors import ResolutionError
from assay.core.lock import Lock
from assay.engine.build import CREDENTIALS
from assay.engine.fetching.network import Network
from assay.engine.interface import Index, Outcome, ResolveRequest
from assay.engine.resolving.uv import resolve


@pytest.fixture
def own() -> Iterator[LocalIndex]:
    """Serve the team's own index, which wants a password."""
    index = LocalIndex()
    index.password = "hunter2"
    yield index
    index.close()


def asked(bench: Bench, own: LocalIndex, *libraries: str, private: bool = True) -> ResolveRequest:
    """Ask with the team's own index for acme names, and the other for the rest."""
    source = Index(name="own", url=own.url, patterns=("acme-*",), allow_private=private)
    default = Index(name="default", url=bench.index.url, allow_private=True)
    return replace(bench.request(*libraries), index=default, other_indexes=(source,))


def built(bench: Bench, request: ResolveRequest) -> tuple[Outcome, str]:
    """Build as the worker does, with credentials handed over."""
    folder = bench.workdir(request)
    (folder / CREDENTIALS).write_text(json.dumps({"own": ["ana", "hunter2"]}))
    bench.start(folder).wait(120)
    assert not (folder / CREDENTIALS).exists()
    for path in folder.rglob("*"):
        assert not path.is_file() or b"hunter2" not in path.read_bytes(), path
    outcome = Outcome.from_dict(json.loads((folder / "outcome.json").read_text()))
    return outcome, (folder / "log").read_text()


def test_each_name_comes_from_the_source_that_owns_it(bench: Bench, own: LocalIndex) -> None:
    """The team's name is never asked of the public index, though a newer one lies there; the report says so."""
    own.add("acme-core", "1.0", requires=("public",))
    bench.index.add("acme-core", "99.0", modules={"acme_core.py": "evil = True\n"})
    bench.index.add("public", "2.0")
    outcome, log = built(bench, asked(bench, own, "acme-core"))
    assert outcome.failure is None, log
    lock = Lock.from_toml(str(outcome.lock))
    assert {one.name: (one.version, one.index) for one in lock.libraries} == {
        "acme-core": ("1.0", own.url),
        "public": ("2.0", bench.index.url),
    }
    assert lock.by_name["acme-core"].file.url.startswith(own.url.removesuffix("/simple"))
    assert not any("acme_core" in path for path in bench.index.served)
    assert outcome.report is not None
    told = next(one for one in outcome.report["checks"] if one["name"] == "dependency confusion")
    assert (told["state"], "acme-core" in told["detail"]) == ("noted", True)
    assert "hunter2" not in log


def test_a_name_that_its_source_lacks_is_not_sought_elsewhere(bench: Bench, own: LocalIndex) -> None:
    """What the pattern claims and the source does not have does not exist, whoever published it elsewhere."""
    bench.index.add("acme-secret", "1.0")
    outcome, _ = built(bench, asked(bench, own, "acme-secret"))
    assert outcome.failure is not None
    assert "acme-secret" in outcome.failure.detail
    assert not any("acme-secret" in path for path in bench.index.served)


def test_credentials_go_to_their_source_only(bench: Bench, own: LocalIndex) -> None:
    """The public index never sees them; without them the source refuses, in words."""
    own.add("acme-core", "1.0")
    bench.index.add("public")
    built(bench, asked(bench, own, "acme-core", "public"))
    assert own.authorized
    assert not bench.index.authorized
    folder = bench.root / "resolving"
    folder.mkdir(exist_ok=True)
    with pytest.raises(ResolutionError):
        resolve(asked(bench, own, "acme-core"), cache=str(bench.root / "other-cache"), workdir=str(folder))


def test_private_addresses_are_closed_until_somebody_allows_them(bench: Bench, own: LocalIndex) -> None:
    """A source that an administrator did not allow to be private is not asked when it leads there."""
    own.add("acme-core", "1.0")
    closed = asked(bench, own, "acme-core", private=False)
    folder = bench.root / "resolving"
    folder.mkdir(exist_ok=True)
    different = replace(
        closed, other_indexes=(replace(closed.other_indexes[0], url=own.url.replace("127.0.0.1", "localhost")),)
    )
    with pytest.raises(ResolutionError):
        resolve(different, cache=bench.paths.cache, workdir=str(folder), credentials={"own": ("ana", "hunter2")})
    assert not any("acme-core" in path for path in own.served)


def test_a_redirect_into_a_private_network_is_not_followed(bench: Bench, own: LocalIndex) -> None:
    """An allowed source cannot send us to the machine's own services under another name."""
    own.password = ""
    bench.index.redirects["/simple/thing/"] = own.url.replace("127.0.0.1", "localhost") + "/thing/"
    network = Network((Index(name="default", url=bench.index.url, allow_private=True),))
    with pytest.raises(HTTPError, match="private address"):
        network.open(f"{bench.index.url}/thing/")
    assert own.served == []


def test_a_listing_in_html_is_understood(bench: Bench, own: LocalIndex, tmp_path: Path) -> None:
    """An index that knows only PEP 503 is one too."""
    own.add("acme-core", "1.0")
    own.html = True
    outcome, log = built(bench, asked(bench, own, "acme-core"))
    assert outcome.failure is None, log
    assert tmp_path
