"""Benchmark of the API: server time, requests per second of two web processes, and what a request costs before."""

from __future__ import annotations

import json
import logging
import os
import resource
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import django
from report import ROOT, print_figure

SIZES = (10_000, 50_000)
LIST_LIMIT, LIST_QUERIES, LIST_RATE = 0.003, 4, 650  # seconds of server time, statements, requests per second
DOCUMENT_RATE = 400  # requests per second
BEFORE_LIMIT = 0.0005  # seconds until a request's own work begins
LIBRARIES = 150
PROCESSES, CONNECTIONS = 2, 8  # of the clients
SECONDS = 4.0  # of each measurement of requests per second
WORKSPACE = "/api/v1/workspaces/default"
LIST = f"{WORKSPACE}/environments?limit=100"
VERSION = f"{WORKSPACE}/environments/env-00005/versions/1"
DOCUMENTS = {
    "libraries": f"{VERSION}/libraries",
    "report": f"{VERSION}/report",
    "lock": f"{VERSION}/lock",
    "SBOM": f"{VERSION}/sbom",
    "compare": f"{WORKSPACE}/compare?versions=env-00005@1,env-00006@1",
}


def api_requests() -> None:
    """Fill a new SQLite database, and measure at each size in this process and over a real server."""
    django.setup()
    from django.conf import settings  # noqa: PLC0415 - after setup
    from django.core.management import call_command  # noqa: PLC0415 - as above
    from pages import Database  # noqa: PLC0415 - as above

    from assay.core.roles import Right  # noqa: PLC0415 - as above
    from assay.flow.people import create_token  # noqa: PLC0415 - as above

    logging.disable(logging.WARNING)  # of refused requests, which are measured
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    call_command("migrate", verbosity=0)
    database = Database(libraries=LIBRARIES)
    token, narrow = (create_token(database.ben, "bench", scope=one).secret for one in (Right.ADMINISTER, Right.SEE))
    for size in SIZES:
        database.fill(size)
        _server_time(size, token)
        if size == SIZES[0]:
            _before_own_work(database.ben, narrow)
        with _server(settings.HOME) as port:
            bare = _rate(port, "/healthz", token)
            if size == SIZES[0]:
                print_figure("bare page of the same server, requests/s", f"{bare:.0f}", "the peer")
            before = _cpu_of_server(), _cpu_of_clients()
            rate = _rate(port, LIST, token)
            _print_rate(f"list of 100 of {size:,}, requests/s", rate, LIST_RATE, bare)
            _print_cpu(before, rate)
            if size == SIZES[0]:
                for name, path in DOCUMENTS.items():
                    _print_rate(
                        f"{name}, {LIBRARIES} libraries, requests/s", _rate(port, path, token), DOCUMENT_RATE, bare
                    )
                    tag = _etag(port, path, token)
                    _print_rate("  304 to who has it", _rate(port, path, token, tag), DOCUMENT_RATE, bare)


def _print_cpu(before: tuple[float, float], rate: float) -> None:
    """Print what a request costs both sides: on a busy machine the rate is only as high as their share of it."""
    count = rate * SECONDS
    server, client = (_cpu_of_server() - before[0]) / count, (_cpu_of_clients() - before[1]) / count
    cores = PROCESSES / (server + client)
    print_figure(
        "  CPU of a request in the server", f"{server * 1000:.2f} ms", f"and {client * 1000:.2f} ms in the client"
    )
    print_figure(
        f"  requests/s of {PROCESSES} cores that do nothing else",
        f"{cores:.0f}",
        f"{cores / LIST_RATE:.2f} x of {LIST_RATE}",
    )


def _cpu_of_server() -> float:
    """Return the CPU seconds of the web processes, children of the server, the only child that is alive."""
    return sum(
        float(one) / os.sysconf("SC_CLK_TCK")
        for server in _children(os.getpid())
        for pid in _children(server)
        for one in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    )


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _cpu_of_clients() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _print_rate(what: str, rate: float, limit: int, bare: float) -> None:
    print_figure(
        what, f"{rate:.0f}", f"{rate / limit:.2f} x of {limit}; bare page / {bare / rate:.1f}", rate >= limit
    )


def _server_time(size: int, token: str) -> None:
    from pages import count_queries  # noqa: PLC0415 - after setup

    took = cpu_seconds(lambda: call(LIST, token))
    queries = count_queries(lambda: call(LIST, token))
    beside = f"{took / LIST_LIMIT:.2f} x of {LIST_LIMIT * 1000:.0f} ms"
    print_figure(f"list of 100 of {size:,}: server time (CPU)", f"{took * 1000:.2f} ms", beside, took <= LIST_LIMIT)
    print_figure("  queries", str(queries), f"limit {LIST_QUERIES}", queries <= LIST_QUERIES)
    walk = _walk(token)
    took = cpu_seconds(lambda: next(walk))
    beside = f"{took / LIST_LIMIT:.2f} x of {LIST_LIMIT * 1000:.0f} ms"
    print_figure("  of a page whose rows are not kept", f"{took * 1000:.2f} ms", beside, took <= LIST_LIMIT)


def _walk(token: str) -> Iterator[None]:
    """Ask for one page of the list after the other, from the second on."""
    cursor = json.loads(call(LIST, token))["next"]
    while cursor:
        cursor = json.loads(call(f"{LIST}&cursor={cursor}", token))["next"]
        yield


def _before_own_work(person: Any, narrow: str) -> None:  # noqa: ANN401 - a row, whose type is known only after setup
    """Measure requests that end where their own work would begin: the scope of the token, or a page without one."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: PLC0415 - after setup

    from assay.flow.authentication import signed_in  # noqa: PLC0415 - as above
    from assay.store.sessions import SessionStore  # noqa: PLC0415 - as above

    took = cpu_seconds(lambda: call(f"{WORKSPACE}/waivers", narrow, expect="403"))
    _print_before("token: whole request that is refused for its right (CPU)", took)
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(person.pk), person.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session.create()
    took = cpu_seconds(lambda: signed_in(SessionStore(session.session_key)))
    _print_before(
        "session: person, membership, workspace and bare page (CPU)", took + cpu_seconds(lambda: call("/healthz"))
    )


def _print_before(what: str, took: float) -> None:
    print_figure(what, f"{took * 1000:.2f} ms", f"{took / BEFORE_LIMIT:.2f} x of 0.5 ms", took <= BEFORE_LIMIT)


def cpu_seconds(action: Callable[[], object], times: int = 60) -> float:
    """Return the median CPU seconds of an action, after three warm-ups."""
    found = []
    for _ in range(times + 3):
        began = time.thread_time()
        action()
        found.append(time.thread_time() - began)
    return statistics.median(found[3:])


def call(path: str, token: str = "", expect: str = "200") -> bytes:
    """Answer a request in this process, through the WSGI application as the server calls it."""
    from assay.server.wsgi import application  # noqa: PLC0415 - after setup

    address, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": address,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "wsgi.input": BytesIO(),
        "wsgi.url_scheme": "http",
    }
    statuses: list[str] = []
    response = application(environ, lambda status, _headers: statuses.append(status))
    content = b"".join(response)
    response.close()
    assert statuses[0].startswith(expect), statuses  # noqa: S101 - a benchmark of errors measures nothing
    return content


@contextmanager
def _server(home: Path) -> Iterator[int]:
    """Run a web server with two processes on the filled database, and yield its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    env = {**os.environ, "ASSAY_HOME": str(home), "PORT": str(port), "ASSAY_WEB_PROCESSES": str(PROCESSES)}
    env |= {"ASSAY_HUB_PORT": str(port + 1), "ASSAY_APPS_PORT": str(port + 4)}
    server = subprocess.Popen([sys.executable, "-m", "assay.cli.main", "serve"], env=env, cwd=ROOT)
    try:
        _wait(port, server)
        yield port
    finally:
        server.terminate()
        server.wait()


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError("The web server did not start.")


def _etag(port: int, path: str, token: str) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
        return str(answer.headers["ETag"])


def _rate(port: int, path: str, token: str, tag: str = "") -> float:
    """Return the requests per second of clients that ask over kept connections, in processes of their own."""
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Authorization: Bearer {token}"]
    lines += [f"If-None-Match: {tag}"] if tag else []
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    expect = b"304" if tag else b"200"
    with get_context("spawn").Pool(PROCESSES) as pool:
        return sum(pool.starmap(_ask, [(port, request, expect, CONNECTIONS // PROCESSES)] * PROCESSES))


def _ask(port: int, request: bytes, expect: bytes, connections: int) -> float:
    """Ask over several connections in turn, and return the answers per second."""
    open_ones = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
    for one in open_ones:  # a connection stays with one process, whose statements are compiled now
        one.sendall(request)
        _read(one, expect)
    count, began = 0, time.perf_counter()
    for one in open_ones:
        one.sendall(request)
    while time.perf_counter() - began < SECONDS:
        for one in open_ones:
            _read(one, expect)
            one.sendall(request)
            count += 1
    took = time.perf_counter() - began
    for one in open_ones:
        one.close()
    return count / took


def _read(connection: socket.socket, expect: bytes) -> None:
    """Read one answer."""
    seen = b""
    while b"\r\n\r\n" not in seen:
        seen += connection.recv(1 << 16)
    head, _, rest = seen.partition(b"\r\n\r\n")
    assert head[9:12] == expect, head  # noqa: S101 - a benchmark of errors measures nothing
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    left = int(lengths[0]) - len(rest) if lengths and expect != b"304" else 0
    while left > 0:
        left -= len(connection.recv(min(left, 1 << 20)))
