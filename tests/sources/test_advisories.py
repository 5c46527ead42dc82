"""Reading feeds: what is told, what is passed over, and what hostile archives cannot do."""

from __future__ import annotations

import json
import os
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from support.feed import CRITICAL, MEDIUM, record, write_feed

from assay.core.advisories.advisory import Advisory, AdvisoryIndex, Severity
from assay.core.errors import InvalidInputError, UnavailableError
from assay.sources import advisories
from assay.sources.advisories import MalformedRecordError, open_feed, parse_record, source_name


def read(source: str) -> tuple[list[Advisory], list[str]]:
    """Return the records of a feed, and the names of those passed over as malformed."""
    good, bad = [], []
    with open_feed(source) as feed:
        for raw in feed.records():
            try:
                found = parse_record(raw)
            except MalformedRecordError:
                bad.append(raw.id)
            else:
                good += [found] if found else []
    return good, bad


def test_records_are_read_and_written_back(tmp_path: Path) -> None:
    """Severity is the score's word or the database's, names are normalised, other ecosystems are left out."""
    other = record("GHSA-o", "left-pad", ("introduced", "0"))
    other["affected"][0]["package"]["ecosystem"] = "npm"
    good, bad = read(
        write_feed(
            tmp_path / "all.zip",
            record("PYSEC-1", "Pillow_Big", ("introduced", "0"), ("fixed", "2.0"), aliases=("CVE-1",), cvss=CRITICAL),
            record("GHSA-2", "a", ("introduced", "1.0"), cvss=MEDIUM, database_specific={"severity": "HIGH"}),
            record("PYSEC-3", "a", versions=("1.0",), cvss="CVSS:3.1/nonsense", withdrawn="2026-02-01T00:00:00Z"),
            other,
        )
    )
    assert bad == []
    assert [(one.id, one.severity, one.score) for one in good] == [
        ("PYSEC-1", Severity.CRITICAL, 9.8),
        ("GHSA-2", Severity.HIGH, 6.1),
        ("PYSEC-3", Severity.UNKNOWN, None),
    ]
    assert good[0].affected[0].library == "pillow-big"
    assert [Advisory.from_dict(json.loads(json.dumps(one.to_dict()))) for one in good] == good


def test_words_of_a_record_are_one_printable_line(tmp_path: Path) -> None:
    """Control characters, line breaks and endless texts do not reach logs and pages."""
    told = record(
        "PYSEC-1", "a", ("introduced", "0"), aliases=("CVE-1\x1b[31m",), details="one\n two\x00\x1b[0m " * 500
    )
    (found,), _ = read(
        write_feed(tmp_path / "all.zip", told | {"aliases": [*told["aliases"], *map(str, range(500))]})
    )
    assert found.summary.startswith("one two [0m one two")
    assert len(found.summary) == 300
    assert all(text.isprintable() for text in (found.summary, *found.aliases))
    assert len(found.aliases) == advisories.MAX_ALIASES


def test_malformed_records_are_passed_over_and_told(tmp_path: Path) -> None:
    """No record can break the reading of the others; an unreadable range beside listed versions is left out."""
    listed = record("PYSEC-7", "a", ("introduced", "not-a-version"), versions=("1.0",))
    source = write_feed(
        tmp_path / "all.zip",
        record("PYSEC-1", "a", ("introduced", "0")),
        listed,
        raw={
            "PYSEC-2.json": b"{",
            "PYSEC-3.json": b"[]",
            "PYSEC-4.json": json.dumps(record("PYSEC-other", "a", ("introduced", "0"))).encode(),
            "PYSEC-5.json": json.dumps(record("PYSEC-5", "a", ("introduced", "abc"))).encode(),
            "PYSEC-6.json": b"[" * 100_000,
            "PYSEC-8.json": json.dumps(record("PYSEC-8", "a", ("invented", "1.0"))).encode(),
            "PYSEC-9.json": b"\xff\xfe",
            "PYSEC-10.json": b'{"id": "PYSEC-10", "affected": [{"package": {"ecosystem": "PyPI", "name": 3}}]}',
            "readme.txt": b"not a record",
        },
    )
    good, bad = read(source)
    assert [one.id for one in good] == ["PYSEC-1", "PYSEC-7"]
    assert bad == [f"PYSEC-{number}" for number in (2, 3, 4, 5, 6, 8, 9, 10)]


def test_bombs_and_floods_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that unpacks to more than it may, too many records, too large a file: each refused with words."""
    bomb = write_feed(tmp_path / "bomb.zip", raw={"PYSEC-1.json": b" " * (advisories.MAX_RECORD + 1)})
    with pytest.raises(InvalidInputError, match="too large when unpacked"):
        read(bomb)
    flood = write_feed(tmp_path / "flood.zip", raw={f"P-{number}.json": b"{}" for number in range(300)})
    monkeypatch.setattr(advisories, "MAX_RECORDS", 20)
    with pytest.raises(InvalidInputError, match="more than 20 records"):
        read(flood)
    monkeypatch.setattr(advisories, "MAX_FEED", 10)
    with pytest.raises(InvalidInputError, match="more than 10 bytes"):
        read(flood)


def test_what_is_no_feed_is_told(tmp_path: Path) -> None:
    """No file, no archive, a cut archive, another scheme, nobody there: errors of our tree."""
    (tmp_path / "text.zip").write_text("hello")
    whole = Path(write_feed(tmp_path / "whole.zip", record("PYSEC-1", "a", ("introduced", "0")))).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    torn = bytearray(whole)
    torn[60:90] = b"\0" * 30
    (tmp_path / "torn.zip").write_bytes(bytes(torn))
    for name in ("nothing.zip", "text.zip", "cut.zip", "torn.zip"):
        with pytest.raises(InvalidInputError):
            read(str(tmp_path / name))
    with pytest.raises(InvalidInputError, match="http"):
        read("file:///etc/passwd")
    with pytest.raises(UnavailableError):
        read("http://127.0.0.1:9/all.zip")


def test_a_feed_is_fetched_by_address(tmp_path: Path) -> None:
    """The same records by address as by path; the recorded name holds no password."""
    write_feed(tmp_path / "all.zip", record("PYSEC-1", "a", ("introduced", "0")))

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        good, _ = read(f"http://127.0.0.1:{server.server_port}/all.zip")
    finally:
        server.shutdown()
        server.server_close()
    assert [one.id for one in good] == ["PYSEC-1"]
    assert source_name("https://me:secret@feeds.example/all.zip?key=1") == "https://feeds.example/all.zip"


def affected_by_hand(document: dict[str, Any], library: str, version: str) -> bool:
    """Read a raw record as it stands: listed, or between an `introduced` and the `fixed` after it."""
    if document.get("withdrawn"):
        return False
    here = Version(version)
    for entry in document["affected"]:
        if canonicalize_name(entry["package"]["name"]) != library:
            continue
        if any(_same(text, here) for text in entry.get("versions", ())):
            return True
        for told in entry.get("ranges", ()):
            if told["type"] == "GIT":
                continue
            if any(_inside(here, first, told["events"]) for first in told["events"] if "introduced" in first):
                return True
    return False


def _inside(here: Version, first: dict[str, str], events: list[dict[str, str]]) -> bool:
    """Say whether a version lies between this `introduced` and the first end after it."""
    if not all(_readable(text) for one in events for text in one.values()) or here < Version(first["introduced"]):
        return False
    begin = Version(first["introduced"])
    ends = [(Version(text), word) for one in events for word, text in one.items() if word != "introduced"]
    at, word = min((one for one in ends if one[0] > begin or one[1] == "last_affected"), default=(None, ""))
    return at is None or here < at or (here == at and word == "last_affected")


def _same(text: str, version: Version) -> bool:
    try:
        return Version(text) == version
    except InvalidVersion:
        return False


@pytest.mark.skipif("ASSAY_TEST_ADVISORIES" not in os.environ, reason="ASSAY_TEST_ADVISORIES names no feed")
def test_a_real_feed_agrees_with_its_records_read_by_hand() -> None:
    """Every library that the feed names, at versions around every bound, and at those that people install."""
    path = os.environ["ASSAY_TEST_ADVISORIES"]
    with zipfile.ZipFile(path) as archive:
        documents = [json.loads(archive.read(name)) for name in archive.namelist()]
    good, bad = read(path)
    assert len(good) + len(bad) == len(documents)
    assert len(bad) < 5, "few records have neither a readable range nor a list of versions"
    documents = [one for one in documents if one["id"] not in bad]
    index = AdvisoryIndex(good)
    pins = "pandas==1.3.5 scikit-learn==1.1.3 jinja2==2.11.2 requests==2.19.1 pillow==8.0.0 urllib3==1.24"
    asked = {tuple(pin.split("==")) for pin in pins.split()}
    by_library: dict[str, list[dict[str, Any]]] = {}
    for document in documents:
        for entry in document["affected"]:
            name = canonicalize_name(entry["package"]["name"])
            by_library.setdefault(name, []).append(document)
            asked |= {(name, text) for text in entry.get("versions", ())[-3:] if _readable(text)}
            for told in entry.get("ranges", ()):
                texts = [text for one in told["events"] for text in one.values() if told["type"] != "GIT"]
                asked |= {(name, text) for text in texts if _readable(text)}
    assert len(asked) > 2000
    for library, version in asked:
        expected = {one["id"] for one in by_library.get(library, ()) if affected_by_hand(one, library, version)}
        found = index.matches(library, version)
        names = {name for match in found for name in match.names}
        assert {name for name in names if name in expected} == expected, (library, version)
        assert all(match.id in expected for match in found), (library, version)


def _readable(text: str) -> bool:
    try:
        return str(Version(text)) != ""
    except InvalidVersion:
        return False
