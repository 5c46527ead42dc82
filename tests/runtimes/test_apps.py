"""Apps come up, are looked after, are replaced without a gap, and let in only who may."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import pairwise
from queue import Queue
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from support.people import PASSWORD, person
from support.projects import published

from assay.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from assay.core.roles import Actor, Role
from assay.launchers.ports import free_port
from assay.runtimes import app_tickets, applications, apps, projects, run_queue, runs
from assay.runtimes.app_proxy import AppProxy
from assay.runtimes.kinds import host_of
from assay.runtimes.run_settings import ProjectSpec
from assay.store.models import Event, Launch, Run, Runtime

pytestmark = pytest.mark.django_db(transaction=True)

# Says who it was that came; speaks to whoever upgrades; falls when told so.
APP = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        if self.path == '/fall':
            os._exit(3)
        if self.headers.get('Upgrade'):
            self.wfile.write(b'HTTP/1.1 101 Switching Protocols\\r\\n\\r\\n')
            self.wfile.write(b'echo ' + self.rfile.readline())
            self.close_connection = True
            return
        self.answer(b'VERSION ' + str(dict(self.headers)).encode())
    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers['Content-Length'])))
    def answer(self, body):
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(('127.0.0.1', int(os.environ['PORT'])), Handler).serve_forever()
"""


@pytest.fixture
def ana() -> Iterator[Actor]:
    """Ana with a published version; whatever runs at the end is ended."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "lab")
    yield ana
    Runtime.objects.update(enabled=False)
    Run.objects.update(cancel_requested=True)
    work(lambda: not Run.objects.filter(state__in=runs.OPEN).exists())
    apps._checks.clear()


def work(until: Callable[[], object], seconds: float = 20.0) -> None:
    """Be the worker until something is so."""
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, list(Run.objects.values_list("state", "message", "healthy_at"))
        run_queue.advance()
        apps.advance()
        time.sleep(0.02)


def set_up(actor: Actor, code: str = APP, **parts: object) -> Runtime:
    """Set up an app named `board`."""
    source = {"kind": "inline", "files": {"main.py": code}}
    plan = ProjectSpec(kind="app", app="plain", environment="lab", source=source, **parts)  # type: ignore[arg-type]  # passed on
    return projects.create(actor, "board", plan)


def serving(runtime: Runtime) -> Run | None:
    """Return the process that serves now."""
    return Runtime.objects.get(pk=runtime.pk).serving_run


@contextmanager
def door(settings: LazySettings) -> Iterator[int]:
    """Run the door in a thread of this process."""
    port = free_port()
    settings.APPS_URL = f"http://apps.localhost:{port}"
    ends: Queue[Callable[[], None]] = Queue()

    async def serve() -> None:
        serving = asyncio.ensure_future(AppProxy().serve(port))
        ends.put(partial(asyncio.get_running_loop().call_soon_threadsafe, serving.cancel))
        with suppress(asyncio.CancelledError):
            await serving

    # `asyncio.run` also ends the connections that are open.
    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    end = ends.get(timeout=10)
    deadline = time.monotonic() + 10
    while not _listens(port):
        assert time.monotonic() < deadline
    try:
        yield port
    finally:
        end()
        thread.join(10)


def _listens(port: int) -> bool:
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0


def ask(
    port: int, host: str, path: str, method: str = "GET", body: bytes = b"", **headers: str
) -> http.client.HTTPResponse:
    """Ask the door for a page of one host."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, body=body or None, headers={"Host": host, **headers})
    answer = connection.getresponse()
    answer.text = answer.read().decode(errors="replace")  # type: ignore[attr-defined]  # for tests to look at
    connection.close()
    return answer


def cookie_for(port: int, runtime: Runtime, actor: Actor) -> str:
    """Show a ticket at the door and return the cookie that it keeps."""
    answer = ask(port, host_of(runtime), f"/-/enter?ticket={app_tickets.issue_ticket(actor, runtime.pk, '/x')}")
    assert (answer.status, answer.headers["Location"]) == (303, "/x")
    return str(answer.headers["Set-Cookie"]).split(";")[0]


def test_an_app_comes_up_and_serves_who_may(ana: Actor, settings: LazySettings) -> None:
    """The desk signs people in once; the app learns who came; strangers, forgers and other pages stay out."""
    runtime = set_up(ana)
    apps.start(ana, "board")
    work(lambda: serving(runtime))
    assert Launch.objects.get().kind == "app"
    with door(settings) as port:
        host = host_of(runtime)
        outside = ask(port, host, "/page?x=1")
        assert outside.status == 303
        assert outside.headers["Location"].endswith(f"/runtimes/apps/{runtime.pk}/open?next=/page%3Fx%3D1")
        kept = cookie_for(port, runtime, ana)
        forged = {"X-Forwarded-User": "root", "X-Forwarded-For": "10.0.0.66", "Forwarded": "for=10.0.0.66"}
        inside = ask(port, host, "/", Cookie=f"{kept}; other=1", **forged)
        assert inside.status == 200
        assert "'X-Forwarded-User': 'ana'" in inside.text  # type: ignore[attr-defined]  # set by ask
        assert "root" not in inside.text  # type: ignore[attr-defined]  # as above
        assert "10.0.0.66" not in inside.text  # type: ignore[attr-defined]  # as above
        assert "assay-app" not in inside.text  # type: ignore[attr-defined]  # as above
        assert "other=1" in inside.text  # type: ignore[attr-defined]  # as above
        posted = ask(port, host, "/", "POST", b"x" * 100_000, Cookie=kept, Origin=f"http://{host}")
        assert len(posted.text) == 100_000  # type: ignore[attr-defined]  # as above
        assert ask(port, host, "/", "POST", b"x", Cookie=kept, Origin="http://evil.apps.localhost").status == 403
        assert ask(port, host, "/", Cookie=kept + "0").status == 303
        assert ask(port, "nobody-999.apps.localhost", "/", Cookie=kept).status == 303
        assert ask(port, "elsewhere.example", "/", Cookie=kept).status == 404
        _speaks(port, host, kept)
        _smuggles_nothing(port, host, kept)


def _speaks(port: int, host: str, kept: str) -> None:
    """Check that a WebSocket passes both ways, from the app's own pages only."""
    head = f"GET / HTTP/1.1\r\nHost: {host}\r\nCookie: {kept}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(f"{head}Origin: http://{host}\r\n\r\n".encode() + b"hello\n")
        answer = b""
        while chunk := line.recv(1000):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 101")
    assert answer.endswith(b"echo hello\n")
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(f"{head}Origin: http://evil.apps.localhost\r\n\r\n".encode())
        assert line.recv(1000).startswith(b"HTTP/1.1 403")


def _smuggles_nothing(port: int, host: str, kept: str) -> None:
    """Check that what follows a request on the same connection never reaches the app, and ambiguity is refused."""
    first = f"GET / HTTP/1.1\r\nHost: {host}\r\nCookie: {kept}\r\n"
    second = f"GET / HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-User: root\r\n\r\n"
    for more in ("\r\n", "Content-Length: 0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
            line.sendall((first + more + second).encode())
            answer = b""
            while chunk := line.recv(10_000):
                answer += chunk
        assert answer.count(b"HTTP/1.1") == 1
        assert b"root" not in answer
    for bad in (
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: +1\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "X: 1\r\n folded\r\n",
        f"Host: {host}\r\n",
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
            line.sendall((first + bad + "\r\n").encode())
            assert line.recv(1000).startswith(b"HTTP/1.1 400"), bad


def test_a_ticket_is_good_once_and_for_one_app(ana: Actor) -> None:
    """Used, forged or for another app it is refused; where it leads stays at the app's own host."""
    runtime = set_up(ana)
    text = app_tickets.issue_ticket(ana, runtime.pk, "//evil.example/x")
    with pytest.raises(ForbiddenError):
        app_tickets.redeem_ticket(text, runtime.pk + 1)
    _, target = app_tickets.redeem_ticket(text, runtime.pk)
    assert target == "/"
    with pytest.raises(ForbiddenError, match="already used"):
        app_tickets.redeem_ticket(text, runtime.pk)


def test_sharing_and_leaving_count_at_once(ana: Actor) -> None:
    """An app is its owner's until it is shared; who leaves the workspace is out at the next request."""
    eve = person("eve", Role.VIEWER)
    runtime = set_up(ana)
    with pytest.raises(NotFoundError):
        app_tickets.issue_ticket(eve, runtime.pk, "/")
    Runtime.objects.update(shared=True)
    cookie, _ = app_tickets.redeem_ticket(app_tickets.issue_ticket(eve, runtime.pk, "/"), runtime.pk)
    assert app_tickets.visitor_name(cookie, runtime.pk) == "eve"
    with pytest.raises(ForbiddenError):
        app_tickets.visitor_name(cookie, runtime.pk + 1)
    Runtime.objects.update(shared=False)
    with pytest.raises(ForbiddenError):
        app_tickets.visitor_name(cookie, runtime.pk)
    Runtime.objects.update(shared=True)
    person("zoe", Role.VIEWER, "elsewhere")
    with pytest.raises(NotFoundError):
        app_tickets.issue_ticket(person("yan", Role.VIEWER, "elsewhere"), runtime.pk, "/")


def test_an_app_that_falls_is_started_again_later_each_time(ana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that cannot run is tried with growing patience, says so, and stops when told to."""
    monkeypatch.setattr(apps, "FIRST_DELAY", 0.1)
    runtime = set_up(ana, "raise SystemExit(3)")
    apps.start(ana, "board")
    work(lambda: Run.objects.filter(state="failed").count() >= 3)
    ends = list(Run.objects.order_by("created_at").values_list("started_at", "finished_at"))
    waits = [(later[0] - earlier[1]).total_seconds() for earlier, later in pairwise(ends)]
    assert waits[0] >= 0.1
    assert waits[1] >= 0.2
    work(lambda: "restarts in" in Runtime.objects.get(pk=runtime.pk).message)
    apps.stop(ana, "board")
    work(lambda: not Run.objects.filter(state__in=runs.OPEN).exists())
    count = Run.objects.count()
    apps.advance()
    assert Run.objects.count() == count
    assert [apps.backoff(failures) / 0.1 for failures in (1, 2, 3, 4)] == pytest.approx([1, 2, 4, 8])
    assert apps.backoff(1000) == apps.LONGEST_DELAY


def test_a_killed_app_comes_back(ana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """After `kill -9` of its process another one serves."""
    monkeypatch.setattr(apps, "FIRST_DELAY", 0.1)
    runtime = set_up(ana)
    apps.start(ana, "board")
    work(lambda: serving(runtime))
    first = serving(runtime)
    assert first is not None
    assert first.handle is not None
    os.kill(first.handle["pid"], signal.SIGKILL)
    work(lambda: (now := serving(runtime)) and now.pk != first.pk)
    first.refresh_from_db()
    assert first.state == "lost"


def test_restart_leaves_no_gap(ana: Actor, settings: LazySettings) -> None:
    """The old process answers until the new one does, in the newer version; not one visitor is turned away."""
    runtime = set_up(ana)
    apps.start(ana, "board")
    work(lambda: serving(runtime))
    old = serving(runtime)
    assert old is not None
    statuses: list[int] = []
    done = threading.Event()
    with door(settings) as port:
        kept, host = cookie_for(port, runtime, ana), host_of(runtime)

        def visit() -> None:
            while not done.is_set():
                statuses.append(ask(port, host, "/", Cookie=kept).status)

        visitor = threading.Thread(target=visit, daemon=True)
        visitor.start()
        projects.change(
            ana,
            "board",
            ProjectSpec(
                kind="app",
                app="plain",
                environment="lab",
                source={"kind": "inline", "files": {"main.py": "import time; time.sleep(1)\n" + APP}},
            ),
        )
        new = apps.restart(ana, "board")
        with pytest.raises(ConflictError, match="already starting"):
            apps.restart(ana, "board")
        work(lambda: (now := serving(runtime)) and now.pk == new.pk)
        work(lambda: Run.objects.get(pk=old.pk).state == "cancelled")
        done.set()
        visitor.join()
    assert set(statuses) == {200}
    assert len(statuses) > 10
    assert Event.objects.filter(name="app.serving").count() == 2


def test_a_new_one_that_fails_changes_nothing(ana: Actor) -> None:
    """When the new process does not come up, the old one goes on."""
    runtime = set_up(ana)
    apps.start(ana, "board")
    work(lambda: serving(runtime))
    old = serving(runtime)
    Runtime.objects.update(source={"kind": "inline", "files": {"main.py": "raise SystemExit(9)"}})
    new = apps.restart(ana, "board")
    work(lambda: Run.objects.get(pk=new.pk).state == "failed")
    work(lambda: True)
    assert serving(runtime) == old
    assert apps.is_healthy(old.port or 0, "/")  # type: ignore[union-attr]  # it serves, above


def test_one_that_never_answers_is_ended(ana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """An app has so long to answer at all."""
    monkeypatch.setattr(apps, "START_TIMEOUT", timezone.timedelta(seconds=0.3))
    set_up(ana, "import time; time.sleep(600)")
    apps.start(ana, "board")
    work(lambda: Run.objects.filter(state="cancelled", message="The app did not respond in time.").exists())


def test_pages_open_start_and_stop(ana: Actor, settings: LazySettings) -> None:
    """The desk's pages work for the owner; another member is sent nowhere."""
    runtime = set_up(ana)
    client = Client(HTTP_HOST=f"{settings.PUBLIC_HOST}:{settings.PORT}")
    assert client.login(username="ana", password=PASSWORD)
    assert client.post("/runtimes/scripts/board/start").status_code == 302
    work(lambda: serving(runtime))
    assert b"serving in" in client.get("/runtimes/scripts/board/").content
    sent = client.get(f"/runtimes/apps/{runtime.pk}/open?next=/deep")
    assert sent["Location"].startswith(apps.address_of(runtime) + "-/enter?ticket=")
    ticket = parse_qs(urlsplit(sent["Location"]).query)["ticket"][0]
    assert app_tickets.redeem_ticket(ticket, runtime.pk)[1] == "/deep"
    assert client.get("/runtimes/apps/").status_code == 200
    restarted = client.post("/runtimes/scripts/board/restart")
    assert restarted.status_code == 302, restarted.content.decode()
    assert client.post("/runtimes/scripts/board/stop").status_code == 302
    person("eve")
    assert client.login(username="eve", password=PASSWORD)
    assert client.get(f"/runtimes/apps/{runtime.pk}/open").status_code == 404


def test_applications_are_records(ana: Actor) -> None:
    """An administrator adds one; it needs its library; what cannot be filled in is refused."""
    root = person("root", Role.ADMIN)
    wanted = applications.Template(slug="bokeh", argv=("{python}", "-m", "bokeh", "{entry}"), needs="bokeh")
    with pytest.raises(ForbiddenError):
        applications.save(ana, wanted)
    applications.save(root, wanted)
    assert applications.template(root.workspace_id, "bokeh") == wanted
    source = {"kind": "inline", "files": {"main.py": ""}}
    applications.save(root, applications.Template(slug="six", argv=("{python}", "{entry}"), needs="SIX"))
    projects.create(ana, "sx", ProjectSpec(kind="app", app="six", environment="lab", source=source))
    with pytest.raises(InvalidInputError, match="bokeh is not in lab@1"):
        projects.create(ana, "bb", ProjectSpec(kind="app", app="bokeh", environment="lab", source=source))
    for argv in (("{python.__class__}",), ("{nowhere}",), ("{",), (), ("a\0b",), ("x" * 500,)):
        with pytest.raises(InvalidInputError):
            applications.save(root, applications.Template(slug="odd", argv=argv))
    for needs in ("a\0b", "two words", "n" * 300):
        with pytest.raises(InvalidInputError, match="is not a library name"):
            applications.save(root, applications.Template(slug="odd", argv=("{python}",), needs=needs))
    with pytest.raises(InvalidInputError):
        projects.create(ana, "bb", ProjectSpec(environment="lab", source=source, app="plain"))
