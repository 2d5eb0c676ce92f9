"""All of FastAPI works in a module, alone and beside others, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from modular_api import AppFactory

MODULES = Path(__file__).parent / "modules"
PREFIX = "/api/v1/features"


@pytest.fixture
def client() -> Iterator[TestClient]:
    """The module beside its neighbour."""
    with TestClient(AppFactory(MODULES, generation="off").create_app()) as client:
        yield client


def test_bodies_and_response_models(client: TestClient) -> None:
    """Validated in, serialised out, prices as strings."""
    answer = client.post(f"{PREFIX}/items", json={"name": "pen", "price": "1.50"})
    assert (answer.status_code, answer.json()) == (
        201,
        {"name": "pen", "price": "1.50"},
    )
    assert client.post(f"{PREFIX}/items", json={"name": "pen"}).status_code == 422


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_json_does_not_have_is_a_validation_error(
    client: TestClient, number: str
) -> None:
    """The answer repeats the input, so it has to survive being JSON."""
    body = f'{{"name": "pen", "price": {number}}}'
    headers = {"Content-Type": "application/json"}
    answer = client.post(f"{PREFIX}/items", content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "price"]


def test_the_modules_dependencies_guard_its_routes_only(client: TestClient) -> None:
    """Its routes, not its health and not its neighbour's."""
    stranger = {"X-Caller": "stranger"}
    assert client.get(f"{PREFIX}/page", headers=stranger).status_code == 403
    assert client.get(f"{PREFIX}/health", headers=stranger).status_code == 200
    neighbour = client.get("/api/v1/neighbour/item", headers=stranger)
    assert neighbour.status_code == 200


def test_middleware_is_the_modules_own(client: TestClient) -> None:
    """The neighbour's answers are not stamped."""
    text = client.get(f"{PREFIX}/text", headers={"Accept-Encoding": "gzip"})
    assert text.headers["x-stamp"] == "features"
    assert text.headers["content-encoding"] == "gzip"
    assert text.text == "plain" * 200
    assert "x-stamp" not in client.get("/api/v1/neighbour/item").headers


def test_exception_handlers_are_the_modules_own(client: TestClient) -> None:
    """A handler declared by the module answers its exceptions."""
    answer = client.get(f"{PREFIX}/sold-out")
    assert (answer.status_code, answer.json()) == (410, {"sorry": "no items"})


def test_dependencies_with_yield_are_closed(client: TestClient) -> None:
    """Opened before the handler, closed after it."""
    assert client.get(f"{PREFIX}/path").json() == f"{PREFIX}/path"
    assert client.get(f"{PREFIX}/done").json()[:2] == ["opened", "closed"]


def test_urls_are_built_inside_the_module(client: TestClient) -> None:
    """`url_for` knows where the module is mounted."""
    assert client.get(f"{PREFIX}/url").json() == f"{PREFIX}/path"


def test_response_classes(client: TestClient) -> None:
    """HTML, redirects and raw streams."""
    assert client.get(f"{PREFIX}/page").headers["content-type"].startswith("text/html")
    moved = client.get(f"{PREFIX}/moved", follow_redirects=False)
    assert (moved.status_code, moved.headers["location"]) == (307, "/elsewhere")
    assert client.get(f"{PREFIX}/raw").text == "one,two"


def test_server_sent_events(client: TestClient) -> None:
    """Typed items as `text/event-stream`."""
    answer = client.get(f"{PREFIX}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert '"price":"2.20"' in answer.text.replace(" ", "")


def test_json_lines(client: TestClient) -> None:
    """Typed items, one a line."""
    lines = client.get(f"{PREFIX}/lines").text.splitlines()
    assert [line.replace(" ", "") for line in lines] == [
        '{"name":"line","price":"3.30"}',
        '{"name":"line","price":"4.40"}',
    ]


def test_background_tasks_run_after_the_answer(client: TestClient) -> None:
    """The task has run once the answer is complete."""
    assert client.post(f"{PREFIX}/later").status_code == 202
    assert client.get(f"{PREFIX}/done").json()[-1] == "later"


def test_uploads(client: TestClient) -> None:
    """Files and form fields together."""
    answer = client.post(
        f"{PREFIX}/upload", files={"file": ("a.txt", b"12345")}, data={"note": "five"}
    )
    assert answer.json() == "a.txt: 5 bytes, five"


REQUESTS = [
    ("GET", "/health", {}),
    ("GET", "/versions", {}),
    ("GET", "/openapi.json", {}),
    ("POST", "/items", {"json": {"name": "pen", "price": "1.50"}}),
    ("POST", "/items", {"json": {"name": 3}}),
    ("GET", "/page", {}),
    ("GET", "/page", {"headers": {"X-Caller": "stranger"}}),
    ("GET", "/text", {"headers": {"Accept-Encoding": "gzip"}}),
    ("GET", "/moved", {"follow_redirects": False}),
    ("GET", "/raw", {}),
    ("GET", "/events", {}),
    ("GET", "/lines", {}),
    ("GET", "/sold-out", {}),
    ("GET", "/nowhere", {}),
    ("DELETE", "/items", {}),
    ("GET", "/url", {}),
]


@pytest.mark.parametrize(("method", "path", "options"), REQUESTS)
def test_alone_and_beside_others_the_bytes_are_equal(
    method: str, path: str, options: dict[str, object]
) -> None:
    """Status, headers and body of every kind of answer."""
    factory = AppFactory(MODULES, generation="off")
    answers = []
    for enabled in (["features"], ["features", "neighbour"]):
        with TestClient(factory.create_app(enabled)) as client:
            options = {**options, "headers": {"X-Request-ID": "1"} | options.get("headers", {})}  # type: ignore[operator]
            answer = client.request(method, PREFIX + path, **options)  # type: ignore[arg-type]
            answers.append((answer.status_code, answer.headers.raw, answer.content))
    assert answers[0] == answers[1]
