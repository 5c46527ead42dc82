"""What must not work between people, hosts and sessions at a real Hub; each guard has its test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from studio.rig import SECRETS, Desk, Studio, eventually, serve_desk

if TYPE_CHECKING:
    from collections.abc import Iterator

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """Start a Hub where ana has a notebook server, and an application that shows what it is sent."""
    prefix = tmp_path_factory.mktemp("environments") / "geo"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(prefix)], check=True)
    desk = Desk(prefix)
    with serve_desk(desk) as server:
        with Studio(tmp_path_factory.mktemp("studio"), server.server_port) as studio:
            studio.start("ana", "lab")
            studio.seen("ana", "lab", "ready")  # a busy Hub asks the desk after it has answered
            argv = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "{port}"]
            desk.application = {"name": "Files", "path": "", "argv": argv, "strips": True}
            studio.start("ana", "app")
            studio.seen("ana", "app", "ready")
            yield studio
        server.shutdown()


@pytest.fixture
def ana(studio: Studio) -> Iterator[requests.Session]:
    """Return ana's browser, let into both servers."""
    with studio.browser("ana") as browser:
        for name in ("lab", "app"):
            assert browser.get(f"{studio.url}/user/ana/{name}/", timeout=30).status_code == 200
        yield browser


def status(session: requests.Session, address: str, **headers: str) -> int:
    """Return how a plain GET is answered, without following where it leads."""
    with session.get(address, headers=headers, allow_redirects=False, timeout=30, stream=True) as answer:
        return answer.status_code


@pytest.mark.parametrize(
    "path", ["lab/lab", "lab/api/contents", "lab/api/kernels", "lab/terminals/websocket/1", "app/"]
)
def test_anothers_server_is_closed(studio: Studio, path: str) -> None:
    """Somebody else who is signed in gets nothing, by address or after all redirects."""
    with studio.browser("eve") as eve:
        answer = eve.get(f"{studio.url}/user/ana/{path}", timeout=30)
    assert answer.status_code in {403, 404}, answer.url


def test_anothers_server_is_neither_seen_nor_stopped(studio: Studio, ana: requests.Session) -> None:
    """The Hub's API and forms with one's own session: 403 or 404, and the server goes on."""
    with studio.browser("eve") as eve:
        eve.get(f"{studio.url}/hub/home", timeout=30)
        given = {"X-XSRFToken": eve.cookies.get("_xsrf", path="/hub/") or ""}
        api = f"{studio.url}/hub/api/users/ana"
        for method, address in (("GET", api), ("DELETE", f"{api}/servers/lab"), ("POST", f"{api}/servers/new")):
            answer = eve.request(method, address, headers=given, json={"environment": "geo@4"}, timeout=30)
            assert answer.status_code in {403, 404}, (method, answer.text)
        assert eve.get(f"{studio.url}/hub/spawn/ana/new?environment=geo@4", timeout=30).status_code in {403, 404}
    assert ana.get(f"{studio.url}/user/ana/lab/api/status", timeout=30).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:8000", "null"])
def test_another_origin_reaches_neither_kernels_nor_applications(
    studio: Studio, ana: requests.Session, origin: str
) -> None:
    """Browsers send cookies along and say where a page comes from: the desk's own pages are strangers here."""
    made = studio.call("POST", "/user/ana/lab/api/kernels", json={}).json()
    channels = f"{studio.url}/user/ana/lab/api/kernels/{made['id']}/channels"
    assert status(ana, channels, **UPGRADE, Origin=origin) == 403
    assert status(ana, channels, **UPGRADE, Origin=studio.url) == 101
    assert status(ana, f"{studio.url}/user/ana/app/socket", **UPGRADE, Origin=origin) == 403
    answer = ana.get(f"{studio.url}/user/ana/lab/api/contents", headers={"Origin": origin}, timeout=30)
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_form_from_elsewhere_changes_nothing(studio: Studio, ana: requests.Session) -> None:
    """Cookies alone, without the token that only pages of the server know: refused."""
    for path in ("user/ana/lab/api/kernels", "user/ana/lab/api/contents", "user/ana/lab/api/terminals"):
        assert ana.post(f"{studio.url}/{path}", json={}, timeout=30).status_code == 403, path
    assert ana.post(f"{studio.url}/hub/api/users/ana/servers/x", json={}, timeout=30).status_code == 403


def test_a_stale_cookie_opens_nothing(studio: Studio) -> None:
    """Cookies that somebody kept from before a sign-out are refused within seconds, by servers of both kinds."""
    with studio.browser("ana") as browser, requests.Session() as thief:
        for name in ("lab", "app"):
            assert browser.get(f"{studio.url}/user/ana/{name}/", timeout=30).status_code == 200
        thief.cookies.update(browser.cookies)
        assert status(thief, f"{studio.url}/user/ana/lab/api/status") == 200
        browser.get(f"{studio.url}/hub/logout", timeout=30)
        for path in ("lab/api/status", "app/"):
            eventually(lambda path=path: status(thief, f"{studio.url}/user/ana/{path}") in {302, 403}, 20)  # type: ignore[misc]  # bound on purpose


def test_an_application_is_told_no_secret_of_the_installation(studio: Studio) -> None:
    """Neither its variables nor what it could read of the installation's home holds one."""
    server = next(pid for pid, one in studio.processes().items() if "-m http.server" in one and "env" not in one[:14])
    told = Path(f"/proc/{server}/environ").read_text()
    assert not [one for one in SECRETS.values() if one in told]
    answer = studio.call("GET", "/user/ana/app/../../../secrets/gate")
    assert SECRETS["gate"] not in answer.text
