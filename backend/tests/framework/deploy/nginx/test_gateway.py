"""What a real nginx with our configuration does with requests, good and bad ones."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from threading import Thread
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from modular_api.deploy.logs.label import module_of

PROBLEM = "application/problem+json"
FILES = "/api/v1/files"
TICKS = "/api/v1/ticks"


def problem_of(response: httpx.Response) -> dict[str, Any]:
    """Return the problem an answer is; it carries the request's id as any other."""
    assert response.headers["content-type"] == PROBLEM, response.text
    assert response.headers["x-request-id"]
    body: dict[str, Any] = response.json()
    assert body["status"] == response.status_code
    assert body.keys() == {"type", "title", "status", "detail"}
    return body


class TestRouting:
    """Each request reaches the process that can answer it."""

    def test_every_version_of_a_module_answers(self, through) -> None:
        """v2 stands beside v1."""
        assert through.get(f"{TICKS}/health").json()["version"] == "v1"
        assert through.get("/api/v2/ticks/last").json() == {"number": 2}

    @pytest.mark.parametrize(
        "path",
        [
            "openapi.json",
            "asyncapi.json",
            "docs",
            "asyncapi",
            "docs/assets/swagger-ui.css",
        ],
    )
    @pytest.mark.parametrize("version", ["v1", "v2"])
    def test_the_apps_own_pages_are_the_same_bytes(
        self, gateway, through, version: str, path: str
    ) -> None:
        """With the same type, and the same policy of content."""
        ours = through.get(f"/api/{version}/{path}")
        with gateway.direct.client() as client:
            its = client.get(f"/api/{version}/{path}")
        assert its.status_code == ours.status_code == 200
        assert ours.content == its.content
        for name in ("content-type", "content-length", "content-security-policy"):
            assert ours.headers.get(name) == its.headers.get(name)

    @pytest.mark.parametrize("path", ["/api/v1/nobody", "/api/v9/files/health", "/api"])
    def test_what_no_module_has_is_the_apps_own_404(
        self, gateway, through, path: str
    ) -> None:
        """A client cannot tell the gateway's answer from the app's."""
        ours = through.get(path)
        with gateway.direct.client() as client:
            its = client.get(path)
        assert problem_of(ours)["detail"] == "Not Found"
        assert (ours.status_code, ours.content) == (its.status_code, its.content)

    def test_a_modules_own_problem_passes_as_it_is(self, through) -> None:
        """nginx puts nothing in its place."""
        assert problem_of(through.get(f"{FILES}/missing"))["detail"] == (
            "there is no such sum"
        )

    def test_a_path_arrives_as_it_was_sent(self, through) -> None:
        """An escaped slash is no slash, and two of them are not one."""
        seen = through.get(f"{FILES}/seen/a%2Fb//c%20d").json()
        assert seen["path"] == "a/b//c d"

    def test_a_redirect_leads_back_to_the_gateway(self, gateway, through) -> None:
        """The app knows the address its client used."""
        answer = through.get(f"{FILES}")
        assert answer.status_code == 307
        assert answer.headers["location"] == f"{gateway.url}{FILES}/"

    def test_the_gateway_tells_that_it_is_alive(self, through) -> None:
        """For whoever supervises it; no process is asked."""
        assert through.get("/health/live").json() == {"status": "ok"}


class TestIdentity:
    """One request has one id, in the answer, in the app and in both logs."""

    def test_the_id_of_a_client_is_kept(self, gateway, through) -> None:
        """As the app alone does."""
        answer = through.get(f"{FILES}/seen/x", headers={"x-request-id": "abc-1"})
        assert answer.headers.get_list("x-request-id") == ["abc-1"]
        assert answer.json()["request_id"] == "abc-1"
        line = gateway.logged("[abc-1]")
        assert f"GET {FILES}/seen/x 200" in line
        assert module_of(line) == "nginx"
        assert re.match(
            r"[\d-]{10} [\d:]{8},\d{3} INFO    nginx\[\d+\] nginx access ", line
        )

    @pytest.mark.parametrize("given", [None, "two words", "x" * 129, "ümlaut"])
    def test_else_there_is_a_new_one(self, gateway, through, given) -> None:
        """What could break a line of the log is no id."""
        headers = {} if given is None else {"x-request-id": given.encode()}
        answer = through.get(f"{FILES}/seen/x", headers=headers)
        id_ = answer.headers["x-request-id"]
        assert len(id_) == 32 and id_ == answer.json()["request_id"]
        assert gateway.logged(id_)

    def test_a_query_is_not_logged(self, gateway, through) -> None:
        """It may hold a token."""
        through.get(f"{FILES}/seen/q?token=s3cret", headers={"x-request-id": "query-1"})
        assert gateway.logged("[query-1]")
        assert "s3cret" not in gateway.access_log

    def test_the_address_of_a_client_cannot_be_claimed(self, through) -> None:
        """The gateway is the first machine of ours that sees it."""
        headers = {"x-forwarded-for": "6.6.6.6"}
        seen = through.get(f"{FILES}/seen/x", headers=headers).json()
        assert seen["client"] == "127.0.0.1"

    def test_json_lines_are_json(self, new_gateway: Callable[..., Any]) -> None:
        """Whatever a client writes into its request."""
        gateway = new_gateway(log_format="json")
        httpx.get(
            f"{gateway.url}{FILES}/seen/a%22b",
            headers={"x-request-id": 'q"uote'},
            trust_env=False,
        )
        line = gateway.logged("uote")
        assert module_of(line) == "nginx"
        entry = json.loads(line)
        assert entry["request_id"] == 'q"uote' and entry["status"] == 200
        assert entry["path"] == f"{FILES}/seen/a%22b"


class TestStreams:
    """What comes item by item leaves item by item."""

    @pytest.mark.parametrize("path", ["events", "lines"])
    def test_items_are_not_held_back(self, through, path: str) -> None:
        """The first is here long before the last is made."""
        begun = time.monotonic()
        times = []
        with through.stream("GET", f"{TICKS}/{path}?pause_s=0.15") as answer:
            for part in answer.iter_raw():
                times += [time.monotonic() - begun] * part.count(b'"number"')
        assert len(times) == 3
        assert times[0] < 0.15 and times[2] > 0.28

    def test_a_stream_outlives_the_time_for_an_answer(self, through) -> None:
        """A pause of more than answer_s cuts nothing."""
        with through.stream("GET", f"{TICKS}/lines?pause_s=1.05") as answer:
            first = next(answer.iter_lines())
            assert first == '{"number":0}'
            time.sleep(1.02)

    def test_a_socket_works_and_has_the_requests_id(self, gateway) -> None:
        """The handshake's answer carries it."""
        url = f"ws://127.0.0.1:{gateway.port}{TICKS}/ws"
        with connect(url, additional_headers={"x-request-id": "ws-1"}) as socket_:
            subscribe = {"type": "count.subscribe", "payload": {"first": 7}}
            socket_.send(json.dumps(subscribe))
            answer, update = (json.loads(socket_.recv(2)) for _ in range(2))
            assert answer["payload"]["success"] is True
            assert update["payload"] == {"number": 7}
            assert socket_.response is not None
            assert socket_.response.headers["x-request-id"] == "ws-1"

    def test_an_upload_arrives_whole(self, through) -> None:
        """Larger than nginx's buffers, smaller than the limit."""
        import hashlib

        content = bytes(range(256)) * 300
        answer = through.post(f"{FILES}/uploads", files={"file": ("a.bin", content)})
        assert answer.status_code == 201
        assert answer.json()["sha256"] == hashlib.sha256(content).hexdigest()


class TestFrontend:
    """A built frontend at `/`."""

    @pytest.mark.parametrize("path", ["/", "/orders/7", "/index.html", "/apiary"])
    def test_its_routes_get_the_page(self, through, path: str) -> None:
        """The page itself is asked for anew each time."""
        answer = through.get(path)
        assert "The frontend" in answer.text
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache"

    def test_files_named_after_their_content_are_kept(self, through) -> None:
        """By browsers, for a year."""
        answer = through.get("/assets/app-1a2b.js")
        assert answer.text == "let x = 1;\n"
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert "immutable" in answer.headers["cache-control"]

    @pytest.mark.parametrize(
        "path", ["/assets/old.js", "/assets/.x", "/gone.png", "/.secret", "/.git/x"]
    )
    def test_a_missing_or_hidden_file_is_no_page(self, through, path: str) -> None:
        """A script that is gone must not turn out to be HTML."""
        assert problem_of(through.get(path))["status"] == 404

    def test_a_file_cannot_be_posted_to(self, through) -> None:
        """The answer says what can be done, as the app's does."""
        answer = through.post("/")
        assert problem_of(answer)["status"] == 405
        assert answer.headers["allow"] == "GET, HEAD"


TRAVERSALS = [
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/%2e%2e%2fsecret.txt",
    "/assets/../../secret.txt",
    "/assets/..%2f..%2fsecret.txt",
    "/assets../secret.txt",
    "/..%5csecret.txt",
    "/%252e%252e/secret.txt",
    "//../secret.txt",
    "/api/v1/docs/assets/../../../../etc/passwd",
    "/api/v1/docs/assets../asyncapi.json",
    "/api/v1/docs/assets/%2e%2e/%2e%2e/nginx.conf",
    "/leak",
    "/.problems/404/../../secret.txt",
]


class TestAttacks:
    """Refused or cut off, and the next client is served."""

    @pytest.mark.parametrize("path", TRAVERSALS)
    def test_no_path_leads_out_of_the_folder(self, gateway, path: str) -> None:
        """Neither the file beside it, nor a link to one, is ever sent."""
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        answer = gateway.raw(request.encode())
        assert answer.startswith(b"HTTP/1.1 ")
        assert b"secret" not in answer and b"root:" not in answer
        assert b"worker_processes" not in answer

    def test_a_body_that_is_too_large_is_refused(self, through) -> None:
        """Before the app sees it."""
        answer = through.post(f"{FILES}/sums", content=b"x" * 100_001)
        assert problem_of(answer)["status"] == 413

    def test_a_chunked_body_that_grows_too_large_is_refused(self, through) -> None:
        """It says no length beforehand."""
        answer = through.post(
            f"{FILES}/sums", content=(b"x" * 10_000 for _ in range(11))
        )
        assert problem_of(answer)["status"] == 413

    def test_headers_that_are_too_large_are_refused(self, gateway) -> None:
        """As a problem, too."""
        answer = gateway.raw(
            b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 3000 + b"\r\n\r\n"
        )
        assert answer.startswith(b"HTTP/1.1 431 ") and PROBLEM.encode() in answer

    def test_an_address_that_is_too_long_is_refused(self, gateway) -> None:
        """nginx has no path to answer at yet."""
        answer = gateway.raw(b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 414 ") and PROBLEM.encode() in answer

    @pytest.mark.parametrize(
        "request_",
        [
            b"NONSENSE\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",  # no Host
            b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n",
            b"POST /api/v1/files/sums HTTP/1.1\r\nHost: x\r\n"
            b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"POST /api/v1/files/sums HTTP/1.1\r\nHost: x\r\n"
            b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        ],
    )
    def test_what_cannot_be_understood_is_refused(self, gateway, request_) -> None:
        """Two lengths, for one, which the app could read in another way than nginx."""
        answer = gateway.raw(request_)
        assert b" 400 " in answer.split(b"\r\n")[0] and PROBLEM.encode() in answer

    def test_bodies_that_come_byte_by_byte_are_counted(self, new_gateway) -> None:
        """Each is in time; one address has so many, and its other requests go on."""
        gateway = new_gateway(
            limits={"bodies_per_address": 2}, timeouts={"client_s": 0.5}
        )
        head = f"POST {FILES}/sums HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n\r\n"

        def post() -> httpx.Response:
            return httpx.post(
                f"{gateway.url}{FILES}/sums", json={"numbers": [1]}, trust_env=False
            )

        with ExitStack() as stack:
            for _ in range(2):
                slow = socket.create_connection(("127.0.0.1", gateway.port), 5)
                stack.enter_context(slow).sendall(head.encode())
            deadline = time.monotonic() + 2
            while (refused := post()).is_success and time.monotonic() < deadline:
                time.sleep(0.02)
            assert problem_of(refused)["status"] == 429
            assert get(gateway, f"{FILES}/health", 200)["status"] == "ok"
        deadline = time.monotonic() + 2
        while not post().is_success:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def test_a_client_that_is_slow_with_its_headers_is_cut_off(self, gateway) -> None:
        """However often it sends one more byte."""

        def one_more(slow: socket.socket) -> None:
            slow.sendall(b"a")
            time.sleep(0.03)

        head = b"GET / HTTP/1.1\r\nHost: x\r\n"
        assert 0.25 < seconds_until_cut_off(gateway.port, head, one_more) < 2

    def test_a_client_that_is_slow_with_its_body_is_cut_off(self, gateway) -> None:
        """And no process behind the gateway was kept waiting for it."""
        head = f"POST {FILES}/sums HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{{"
        assert 0.25 < seconds_until_cut_off(gateway.port, head.encode()) < 2


def seconds_until_cut_off(
    port: int,
    head: bytes,
    meanwhile: Callable[[socket.socket], object] = lambda slow: time.sleep(0.01),
) -> float:
    """Begin a request and wait until the gateway has had enough."""
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), 5) as slow:
        slow.sendall(head)
        slow.setblocking(False)
        while time.monotonic() - begun < 5:
            try:
                meanwhile(slow)
                if slow.recv(65536) == b"":
                    break
            except BlockingIOError:
                continue
            except (ConnectionResetError, BrokenPipeError):
                break
    return time.monotonic() - begun


class TestFailures:
    """What stands behind the gateway is gone, or silent."""

    def test_nobody_behind_it_is_a_502(self, behind) -> None:
        """The modules of other servers are served on."""
        gateway = behind({"files": [free_port()]})
        assert get(gateway, f"{FILES}/health", 502)["title"] == "Bad Gateway"
        assert get(gateway, f"{TICKS}/health", 200)["status"] == "ok"

    def test_no_log_repeats_a_query(self, behind) -> None:
        """It may hold a secret; the error log would repeat it with what failed."""
        gateway = behind({"files": [free_port()]})
        get(gateway, f"{FILES}/health?token=s3cret", 502)
        assert " 502 " in gateway.logged(f"GET {FILES}/health")
        for file in gateway.folder.rglob("*.log"):
            assert "s3cret" not in file.read_text(), file

    def test_silence_is_a_504(self, behind) -> None:
        """It is told after answer_s, twice: a GET is tried at both entries."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            gateway = behind({"files": [silent.getsockname()[1]]})
            assert get(gateway, f"{FILES}/health", 504)["title"] == "Gateway Timeout"

    def test_a_get_moves_on_to_the_instance_that_lives(self, behind) -> None:
        """One of two refuses connections: nobody notices."""
        gateway = behind({"files": [free_port(), None]})
        for _ in range(6):
            assert get(gateway, f"{FILES}/health", 200)["status"] == "ok"

    @pytest.mark.parametrize("lives", [0, 1, 2])
    def test_one_that_lives_of_three_is_enough(self, behind, lives: int) -> None:
        """The sockets of given-up instances refuse at once, and nothing was sent."""
        ports: list[int | None] = [free_port() for _ in range(3)]
        ports[lives] = None
        gateway = behind({"files": ports})
        for _ in range(30):
            assert get(gateway, f"{FILES}/health", 200)["status"] == "ok"
            answer = httpx.post(
                f"{gateway.url}{FILES}/sums", json={"numbers": [1]}, trust_env=False
            )
            assert answer.is_success, answer.text

    def test_a_get_waits_at_the_socket_of_a_process_that_died(self, behind) -> None:
        """The next process inherits it, and answers what the last one had begun."""
        with socket.create_server(("127.0.0.1", 0)) as outliving:
            outliving.settimeout(5)

            def die_then_answer() -> None:
                outliving.accept()[0].close()
                connection, _ = outliving.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
                    )

            thread = Thread(target=die_then_answer, daemon=True)
            thread.start()
            gateway = behind({"files": [outliving.getsockname()[1]]})
            assert get(gateway, f"{FILES}/health", 200) == {}
            thread.join(5)

    def test_a_post_is_never_sent_twice(self, behind) -> None:
        """Whoever took it may have done what it asks before it died."""
        with socket.create_server(("127.0.0.1", 0)) as dying:
            taken = []

            def take_and_die() -> None:
                while True:
                    try:
                        connection, _ = dying.accept()
                    except OSError:
                        return
                    with connection:
                        taken.append(connection.recv(65536))

            thread = Thread(target=take_and_die, daemon=True)
            thread.start()
            gateway = behind({"files": [dying.getsockname()[1]]})
            answer = httpx.post(
                f"{gateway.url}{FILES}/sums", json={"numbers": [1]}, trust_env=False
            )
            dying.shutdown(socket.SHUT_RDWR)
            thread.join(5)
        assert answer.status_code == 502
        assert len(taken) == 1


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def get(gateway, path: str, status: int) -> dict[str, Any]:
    """Ask for a path through a gateway, and expect this status."""
    answer = httpx.get(f"{gateway.url}{path}", trust_env=False, timeout=5)
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json() if status == 200 else problem_of(answer)
    return body


@pytest.fixture(scope="module")
def behind(new_gateway):
    """Start a gateway whose server `files` has these ports; None is the real one."""

    def start(ports: dict[str, list[int | None]]):
        return new_gateway(
            ports,
            servers={"files": {"modules": ["files"]}, "ticks": {"modules": ["ticks"]}},
            timeouts={"answer_s": 0.2, "connect_s": 0.2},
        )

    return start
