"""Addresses to compare with; nothing but this machine is asked."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from modular_api.contracts.baselines import web
from modular_api.contracts.baselines.web import fetch
from modular_api.contracts.errors import NothingToCompareWith


class _Answers(BaseHTTPRequestHandler):
    """Answers by path."""

    def do_GET(self) -> None:
        """Answer a document, a redirection, or an error."""
        to = {"/moved": "/document", "/away": "ftp://127.0.0.1/x", "/loop": "/loop"}
        if self.path in to:
            self.send_response(302)
            self.send_header("Location", to[self.path])
            self.end_headers()
        elif self.path == "/document":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"openapi": "3.1.0"}')
        elif self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"{")
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server on this machine; its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as listening:
        Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


def test_a_document_is_fetched(server: str) -> None:
    """Redirections are followed."""
    assert fetch(f"{server}/document") == b'{"openapi": "3.1.0"}'
    assert fetch(f"{server}/moved") == b'{"openapi": "3.1.0"}'


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/missing", "404"),
        ("/cut", "the last 99 bytes are missing"),
        ("/loop", "redirect"),
        ("/away", "'ftp', expected http or https"),
    ],
)
def test_an_answer_that_is_none_is_refused(server: str, path: str, fault: str) -> None:
    """Errors, half answers, circles, and other protocols behind a redirection."""
    with pytest.raises(NothingToCompareWith, match=fault) as caught:
        fetch(server + path)
    assert caught.value.against == server + path


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://127.0.0.1/x", "://x"])
def test_only_the_web_is_read(address: str) -> None:
    """The standard library would open files, too."""
    with pytest.raises(NothingToCompareWith, match="expected http or https"):
        fetch(address)


@pytest.mark.parametrize("address", ["http://[::1", "http://127.0.0.1:x/", "http://"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    """No traceback."""
    with pytest.raises(NothingToCompareWith):
        fetch(address)


def test_a_silent_port_is_told() -> None:
    """Nobody listens there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(NothingToCompareWith, match="refused"):
            fetch(address)


def test_a_server_that_never_answers_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a while."""
    monkeypatch.setattr(web, "TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(NothingToCompareWith, match="timed out"):
            fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/")


def test_an_answer_without_end_is_given_up(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No document is that long."""
    monkeypatch.setattr(web, "LARGEST_BYTES", 5)
    with pytest.raises(NothingToCompareWith, match="over 5 bytes"):
        fetch(f"{server}/document")
