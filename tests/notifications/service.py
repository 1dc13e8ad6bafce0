"""A service on this machine that takes notifications as apprise sends them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any


class Service:
    """What has arrived, and what the next requests are answered with."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.statuses: list[int] = []
        self.open = True
        self.changed = Condition()
        self.port = 0

    @property
    def address(self) -> str:
        """Apprise's URL for it, with a password in it."""
        return f"json://somebody:hunter2@127.0.0.1:{self.port}/"

    @property
    def lines(self) -> list[str]:
        return [line for message in self.messages for line in message["message"].splitlines()]

    def wait(self, count: int) -> None:
        """Until so many messages have arrived."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.messages) >= count, timeout=10), self.messages

    def answer(self, message: dict[str, Any]) -> int:
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: self.open, timeout=10)
            return self.statuses.pop(0) if self.statuses else 200

    def hold(self) -> None:
        """Answer nobody until ``release``."""
        with self.changed:
            self.open = False

    def release(self) -> None:
        with self.changed:
            self.open = True
            self.changed.notify_all()


@contextmanager
def serving() -> Iterator[Service]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(service.answer(json.loads(body)))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  The base class names it.
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.port = server.server_port
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield service
    finally:
        service.release()
        server.shutdown()
        server.server_close()
        thread.join()
