"""Receivers on loopback: a mail server and an HTTP one that keep what they were sent."""

from __future__ import annotations

import contextlib
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class MailServer:
    """What a mail server took. While `broken` it refuses."""

    port: int = 0
    mails: list[tuple[str, str]] = field(default_factory=list)
    broken: bool = False


@contextlib.contextmanager
def mail_server() -> Iterator[MailServer]:
    """Speak as much SMTP (RFC 5321) as a client needs."""
    kept = MailServer()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 tests")
            to = ""
            while line := self.rfile.readline().decode().strip():
                word = line.upper()
                if kept.broken:
                    self.say("451 not now")
                elif word.startswith("RCPT"):
                    to = line.partition(":")[2].strip("<> ")
                    self.say("250 ok")
                elif word == "DATA":
                    self.say("354 go on")
                    kept.mails.append((to, self.text()))
                    self.say("250 ok")
                elif word == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok")

        def text(self) -> str:
            lines = []
            while (line := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                lines.append(line)
            return "\n".join(lines)

        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        server.daemon_threads = True
        kept.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield kept
        server.shutdown()


@dataclass
class HttpReceiver:
    """What was posted: headers and body. It answers `status`."""

    url: str = ""
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    status: int = 204
    paths: list[str] = field(default_factory=list)  # that were read


@contextlib.contextmanager
def http_receiver() -> Iterator[HttpReceiver]:
    """Take posts."""
    kept = HttpReceiver()

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.posts.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(kept.status)
            self.end_headers()

        def do_GET(self) -> None:
            kept.paths.append(self.path)
            self.send_response(kept.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
            del format, arguments

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    kept.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield kept
    server.shutdown()
    server.server_close()
