"""The app made of modules: what is mounted, what it answers, how it fails."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from openapi_spec_validator import validate
from starlette.middleware.cors import CORSMiddleware

from modular_api import (
    AppFactory,
    ConfigurationError,
    ModularApp,
    ModuleLifespanError,
    ServiceNotRunning,
)
from modular_api.specs.errors import SchemaNameConflict

QUOTES = """
    from fastapi import APIRouter, HTTPException
    from modular_api import Module
    from pydantic import BaseModel

    router = APIRouter()

    class Quote(BaseModel):
        symbol: str

    @router.get("/quotes/{symbol}")
    async def get_quote(symbol: str) -> Quote:
        if symbol == "NONE":
            raise HTTPException(404, "no such symbol", headers={"X-Hint": "AAPL"})
        if symbol == "FAIL":
            raise RuntimeError("a secret of the server")
        return Quote(symbol=symbol)

    module = Module(routers={"v1": router})
"""

COUNTED = """
    from typing import Annotated
    from fastapi import APIRouter
    from modular_api import Module, Service

    log: list[str] = []

    class Counter:
        def __init__(self):
            self.count = 0

        async def __aenter__(self):
            log.append("entered")
            return self

        async def __aexit__(self, *exc_info):
            log.append("left")

    router = APIRouter()

    @router.post("/count")
    async def count(counter: Annotated[Counter, Service]) -> int:
        counter.count += 1
        return counter.count

    @router.get("/log")
    async def read_log() -> list[str]:
        return log

    module = Module(routers={"v1": router}, service=Counter)
"""


def started(app: FastAPI) -> TestClient:
    """A client that answers errors like a server instead of raising them."""
    return TestClient(app, raise_server_exceptions=False)


class TestMounting:
    def test_a_dropped_folder_is_served_and_specified(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> None:
        """No other edit than the folder itself."""
        write_module("quotes", QUOTES)
        with started(AppFactory(modules_dir, generation="off").create_app()) as client:
            answer = client.get("/api/v1/quotes/quotes/AAPL")
            paths = client.get("/api/v1/openapi.json").json()["paths"]
        assert answer.json() == {"symbol": "AAPL"}
        assert "/api/v1/quotes/quotes/{symbol}" in paths

    def test_a_removed_folder_is_gone(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> None:
        """Neither its path nor its specification stays."""
        write_module("other")
        folder = write_module("quotes", QUOTES)
        AppFactory(modules_dir, generation="off").create_app()
        shutil.rmtree(folder)
        with started(AppFactory(modules_dir, generation="off").create_app()) as client:
            assert client.get("/api/v1/quotes/quotes/AAPL").status_code == 404
            paths = client.get("/api/v1/openapi.json").json()["paths"]
        assert not [path for path in paths if "quotes" in path]

    def test_an_app_is_a_fastapi_with_its_modules_by_name(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> None:
        """`modules_apps` is sorted by name whatever the start order."""
        write_module("a", "from modular_api import Module\nmodule = Module(uses=['b'])")
        write_module("b")
        app = AppFactory(modules_dir, generation="off").create_app()
        assert isinstance(app, FastAPI) and isinstance(app, ModularApp)
        assert [module.name for module in app.modules_apps] == ["a", "b"]
        assert [module.ws_versions for module in app.modules_apps] == [[], []]

    def test_every_module_answers_health_and_versions(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> None:
        """The three built-in routes, per version."""
        write_module("quotes", QUOTES)
        with started(AppFactory(modules_dir, generation="off").create_app()) as client:
            health = client.get("/api/v1/quotes/health").json()
            version = client.get("/api/v1/quotes/version").json()
            versions = client.get("/api/v1/quotes/versions").json()
        assert health == {"status": "ok", "module": "quotes", "version": "v1"}
        assert version == {"module": "quotes", "version": "v1"}
        assert versions == {"module": "quotes", "versions": ["v1"]}

    def test_a_module_may_answer_health_itself(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> None:
        """The module's own route wins, and stands once in the specification."""
        own = """
            from fastapi import APIRouter
            from modular_api import Module
            router = APIRouter()

            @router.get("/health")
            async def own_health() -> str:
                return "mine"

            module = Module(routers={"v1": router})
        """
        write_module("quotes", own)
        with started(AppFactory(modules_dir, generation="off").create_app()) as client:
            assert client.get("/api/v1/quotes/health").json() == "mine"
            spec = client.get("/api/v1/openapi.json").json()
        operation = spec["paths"]["/api/v1/quotes/health"]["get"]
        assert operation["operationId"] == "quotes_own_health"

    def test_two_versions_stand_side_by_side(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> None:
        """Each version has its own routes, specification and page."""
        two = QUOTES.replace(
            'routers={"v1": router}', 'routers={"v1": router, "v2": APIRouter()}'
        )
        write_module("quotes", two)
        write_module("other")
        with started(AppFactory(modules_dir, generation="off").create_app()) as client:
            assert client.get("/api/v1/quotes/quotes/AAPL").status_code == 200
            assert client.get("/api/v2/quotes/quotes/AAPL").status_code == 404
            versions = client.get("/api/v2/quotes/versions").json()
            second = client.get("/api/v2/openapi.json").json()
            assert client.get("/api/v2/docs").status_code == 200
        assert versions == {"module": "quotes", "versions": ["v1", "v2"]}
        assert all(path.startswith("/api/v2/quotes/") for path in second["paths"])

    def test_an_app_of_no_modules_serves_an_empty_specification(
        self, modules_dir: Path
    ) -> None:
        """`[]` is an app without modules, not an error."""
        with started(
            AppFactory(modules_dir, generation="off").create_app([])
        ) as client:
            spec = client.get("/api/v1/openapi.json").json()
            assert client.get("/api/v1/quotes/health").status_code == 404
        assert spec["paths"] == {}

    def test_documentation_needs_no_internet(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> None:
        """The page and all it loads come from this app."""
        write_module("quotes", QUOTES)
        with started(AppFactory(modules_dir, generation="off").create_app()) as client:
            page = client.get("/api/v1/docs").text
            script = client.get("/api/v1/docs/assets/swagger-ui-bundle.js")
            style = client.get("/api/v1/docs/assets/swagger-ui.css")
        assert "http://" not in page and "https://" not in page
        assert script.status_code == style.status_code == 200
        assert len(script.content) > 500_000


class TestLifespan:
    def test_a_service_lives_once_per_lifespan(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> None:
        """Entered once, shared by requests, left once; a second lifespan begins anew."""
        write_module("counted", COUNTED)
        app = AppFactory(modules_dir, generation="off").create_app()
        for _ in range(2):
            with started(app) as client:
                counts = [client.post("/api/v1/counted/count").json() for _ in "ab"]
            assert counts == [1, 2]
        with started(app) as client:
            log = client.get("/api/v1/counted/log").json()
        assert log == ["entered", "left", "entered", "left", "entered"]

    def test_apps_do_not_share_services(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> None:
        """Many apps live in one process, each with services of its own."""
        write_module("counted", COUNTED)
        factory = AppFactory(modules_dir, generation="off")
        with started(factory.create_app()) as one, started(factory.create_app()) as two:
            assert one.post("/api/v1/counted/count").json() == 1
            assert two.post("/api/v1/counted/count").json() == 1

    def test_a_service_without_a_lifespan_is_a_typed_error(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> None:
        """The message says what is missing and how to get it."""
        write_module("counted", COUNTED)
        client = TestClient(AppFactory(modules_dir, generation="off").create_app())
        with pytest.raises(ServiceNotRunning, match="'counted'.*lifespan"):
            client.post("/api/v1/counted/count")

    def test_the_lifespan_of_a_router_runs_too(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> None:
        """What plain FastAPI ignores in a mounted app is entered, its state kept."""
        source = """
            from contextlib import asynccontextmanager
            from fastapi import APIRouter, Request
            from modular_api import Module

            @asynccontextmanager
            async def lifespan(app):
                yield {"started": "yes"}

            router = APIRouter(lifespan=lifespan)

            @router.get("/started")
            async def started(request: Request) -> str:
                return request.state.started

            module = Module(routers={"v1": router})
        """
        write_module("quotes", source)
        with started(AppFactory(modules_dir, generation="off").create_app()) as client:
            assert client.get("/api/v1/quotes/started").json() == "yes"


def service(name: str, *, fail: str = "", uses: str = "") -> str:
    """Source of a module whose service writes a log and may fail."""
    return f"""
        from modular_api import Module
        import builtins

        log = builtins.__dict__.setdefault("_modular_test_log", [])

        class Service:
            def __init__(self):
                if {fail == "creating"!r}:
                    raise ValueError("no luck")

            async def __aenter__(self):
                log.append("enter {name}")
                if {fail == "entering"!r}:
                    raise ValueError("no luck")
                return self

            async def __aexit__(self, *exc_info):
                log.append("leave {name}")
                if {fail == "leaving"!r}:
                    raise ValueError("no luck")

        module = Module(service=Service, uses={uses.split()!r})
    """


@pytest.fixture
def event_log() -> list[str]:
    """What the services of `service()` wrote, empty at the start."""
    import builtins

    log: list[str] = builtins.__dict__.setdefault("_modular_test_log", [])
    log.clear()
    return log


class TestFailingModules:
    @pytest.mark.parametrize("phase", ["creating", "entering"])
    def test_those_started_are_closed_in_reverse(
        self,
        modules_dir: Path,
        write_module: Callable[..., Path],
        event_log: list[str],
        phase: str,
    ) -> None:
        """Module 3 of 5 fails: 2 and 1 are closed, 4 and 5 never begin."""
        for number in range(1, 6):
            uses = f"m{number - 1}" if number > 1 else ""
            fail = phase if number == 3 else ""
            folder = write_module(
                f"m{number}", service(f"m{number}", fail=fail, uses=uses)
            )
            if number == 3:
                place = folder / "module.py"
        app = AppFactory(modules_dir, generation="off").create_app()
        with pytest.raises(ModuleLifespanError) as caught, TestClient(app):
            pass
        error = caught.value
        assert error.module == "m3"
        assert error.phase == f"{phase} its service"
        assert error.place.startswith(f"{place}:")
        assert "ValueError: no luck" in str(error)
        entered = [e for e in event_log if e.startswith("enter") and e != "enter m3"]
        assert entered == ["enter m1", "enter m2"]
        assert event_log[-2:] == ["leave m2", "leave m1"]

    def test_a_module_that_fails_to_stop_does_not_keep_others_open(
        self, modules_dir: Path, write_module: Callable[..., Path], event_log: list[str]
    ) -> None:
        """The others are left all the same, then the error is raised."""
        write_module("m1", service("m1"))
        write_module("m2", service("m2", fail="leaving", uses="m1"))
        write_module("m3", service("m3", uses="m2"))
        app = AppFactory(modules_dir, generation="off").create_app()
        with pytest.raises(ModuleLifespanError, match="leaving its service"):
            with TestClient(app):
                pass
        assert event_log[-3:] == ["leave m3", "leave m2", "leave m1"]

    def test_a_service_that_is_no_context_manager_is_named(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> None:
        """The message says what is missing."""
        source = "from modular_api import Module\nmodule = Module(service=dict)\n"
        write_module("quotes", source)
        app = AppFactory(modules_dir, generation="off").create_app()
        with pytest.raises(ModuleLifespanError, match="no async context manager"):
            with TestClient(app):
                pass

    async def test_a_cancelled_start_closes_what_was_started(
        self, modules_dir: Path, write_module: Callable[..., Path], event_log: list[str]
    ) -> None:
        """Cancelling the lifespan while a module starts leaves nothing open."""
        hanging = service("m2", uses="m1").replace(
            'log.append("enter m2")', "import asyncio; await asyncio.sleep(60)"
        )
        write_module("m1", service("m1"))
        write_module("m2", hanging)
        app = AppFactory(modules_dir, generation="off").create_app()

        async def start() -> None:
            async with app.router.lifespan_context(app):
                pass

        task = asyncio.create_task(start())
        while "enter m1" not in event_log:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert event_log == ["enter m1", "leave m1"]


class TestErrors:
    def test_an_http_exception_is_a_problem_with_its_headers(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> None:
        """The detail stays where FastAPI's users look for it."""
        write_module("quotes", QUOTES)
        with started(AppFactory(modules_dir, generation="off").create_app()) as client:
            answer = client.get("/api/v1/quotes/quotes/NONE")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-hint"] == "AAPL"
        assert answer.json() == {
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": "no such symbol",
        }

    @pytest.mark.parametrize("path", ["/nowhere", "/api/v1/quotes/nowhere"])
    def test_an_unknown_path_is_a_problem(
        self, modules_dir: Path, write_module: Callable[..., Path], path: str
    ) -> None:
        """Inside a module and outside of all."""
        write_module("quotes", QUOTES)
        with started(AppFactory(modules_dir, generation="off").create_app()) as client:
            answer = client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"

    def test_an_unhandled_exception_tells_the_request_id_and_no_secret(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> None:
        """The client gets an id to quote; the log's traceback carries the same."""
        write_module("quotes", QUOTES)
        app = AppFactory(modules_dir, generation="off").create_app()
        headers = {"X-Request-ID": "abc-1"}
        with started(app) as client:
            answer = client.get("/api/v1/quotes/quotes/FAIL", headers=headers)
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-request-id"] == "abc-1"
        assert answer.headers["connection"] == "close"
        assert answer.json()["request_id"] == "abc-1"
        assert "secret" not in answer.text
        with TestClient(app) as strict, pytest.raises(RuntimeError) as caught:
            strict.get("/api/v1/quotes/quotes/FAIL", headers=headers)
        assert caught.value.__notes__ == ["while answering request abc-1"]

    @pytest.mark.parametrize("hostile", ["", "a b", "x" * 200, "a\tb"])
    def test_a_strange_request_id_is_replaced(
        self, modules_dir: Path, write_module: Callable[..., Path], hostile: str
    ) -> None:
        """Nothing a caller sends can break a line of the log."""
        write_module("quotes", QUOTES)
        with started(AppFactory(modules_dir, generation="off").create_app()) as client:
            headers = {"X-Request-ID": hostile}
            answer = client.get("/api/v1/quotes/health", headers=headers)
        assert len(answer.headers["x-request-id"]) == 32

    def test_nothing_is_logged_twice(
        self,
        modules_dir: Path,
        write_module: Callable[..., Path],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """The framework leaves logging an unhandled exception to the server."""
        write_module("quotes", QUOTES)
        with (
            caplog.at_level(logging.WARNING),
            started(AppFactory(modules_dir, generation="off").create_app()) as client,
        ):
            client.get("/api/v1/quotes/quotes/FAIL")
        assert caplog.records == []


class TestInterfaces:
    def test_routes_without_a_model_are_reported_at_the_start_all_at_once(
        self,
        modules_dir: Path,
        write_module: Callable[..., Path],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """One line of the log names module, path and handler of each."""
        source = """
            from fastapi import APIRouter
            from modular_api import Module
            router = APIRouter()

            @router.get("/one")
            async def first():
                return {}

            @router.post("/two")
            async def second():
                return {}

            module = Module(routers={"v1": router})
        """
        write_module("untyped", source)
        app = AppFactory(modules_dir).create_app()
        with caplog.at_level(logging.WARNING), TestClient(app):
            pass
        [text] = [record.getMessage() for record in caplog.records]
        for part in ("untyped", "/one", "first", "/two", "second"):
            assert part in text

    def test_names_that_cannot_be_merged_stop_the_start(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> None:
        """`BbItem` would be the name of two things; the error names both modules."""
        source = """
            from fastapi import APIRouter
            from modular_api import Module
            from pydantic import BaseModel
            router = APIRouter()

            class Item(BaseModel):
                {field}: int

            class {other}(BaseModel):
                y: str

            @router.get("/item")
            async def read_item() -> Item:
                return Item({field}=1)

            @router.get("/other")
            async def read_other() -> {other}:
                return {other}(y="")

            module = Module(routers={{"v1": router}})
        """
        write_module("aa", source.format(field="x", other="BbItem"))
        write_module("bb", source.format(field="z", other="Other"))
        app = AppFactory(modules_dir).create_app()
        with pytest.raises(SchemaNameConflict, match="BbItem"), TestClient(app):
            pass


class TestNeighbours:
    """What a module does is the same beside others, whatever they are called."""

    @pytest.fixture
    def client(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> Iterator[TestClient]:
        """Two modules of equal code, each with a lifespan of its own."""
        source = """
            from contextlib import asynccontextmanager
            from fastapi import APIRouter, Request
            from modular_api import Module

            @asynccontextmanager
            async def lifespan(app):
                yield {{"db": "{name}"}}

            router = APIRouter(lifespan=lifespan)

            @router.get("/items/{{number}}")
            async def get_item(number: int, request: Request) -> str:
                return request.url_for("get_item", number=number).path

            @router.get("/db")
            async def read_db(request: Request) -> str:
                return request.state.db

            @router.post("/version")
            async def set_version() -> str:
                return "set"

            module = Module(routers={{"v1": router}})
        """
        for name in ("a", "b"):
            write_module(name, source.format(name=name))
        app = AppFactory(modules_dir, generation="off").create_app()
        with TestClient(app) as client:
            yield client

    @pytest.mark.parametrize("name", ["a", "b"])
    def test_a_url_is_the_modules_own(self, client: TestClient, name: str) -> None:
        """Not that of a neighbour with a handler of the same name."""
        path = f"/api/v1/{name}/items/1"
        assert client.get(path).json() == path

    @pytest.mark.parametrize("name", ["a", "b"])
    def test_the_state_of_a_lifespan_is_the_modules_own(
        self, client: TestClient, name: str
    ) -> None:
        """Two lifespans may yield the same key."""
        assert client.get(f"/api/v1/{name}/db").json() == name

    def test_another_method_does_not_take_a_built_in_route_away(
        self, client: TestClient
    ) -> None:
        """POST /version is the module's, GET /version still answers."""
        assert client.post("/api/v1/a/version").json() == "set"
        assert client.get("/api/v1/a/version").json()["version"] == "v1"


class TestFastapiOptions:
    @pytest.mark.parametrize(
        "option", ["dependencies", "docs_url", "openapi_url", "redoc_url"]
    )
    def test_an_option_that_could_do_nothing_is_refused(
        self, modules_dir: Path, option: str
    ) -> None:
        """A guard that guards nothing is worse than none."""
        options: dict[str, Any] = {option: None}
        factory = AppFactory(modules_dir, generation="off", **options)
        with pytest.raises(ConfigurationError, match=option):
            factory.create_app()

    def test_what_an_app_says_of_itself_stands_in_the_merged_document(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> None:
        """Contact, licence, servers and the words for a module's tag."""
        write_module("quotes", QUOTES)
        app = AppFactory(
            modules_dir,
            generation="off",
            contact={"name": "Ada"},
            license_info={"name": "MIT"},
            servers=[{"url": "https://example.com"}],
            openapi_tags=[{"name": "quotes", "description": "Prices."}],
        ).create_app()
        document = app.openapi()
        assert document["info"]["contact"] == {"name": "Ada"}
        assert document["info"]["license"] == {"name": "MIT"}
        assert document["servers"] == [{"url": "https://example.com"}]
        assert {"name": "quotes", "description": "Prices."} in document["tags"]
        validate(document)

    def test_dependencies_are_overridden_for_the_whole_app(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> None:
        """As in FastAPI, on the app a test holds."""
        source = """
            from fastapi import APIRouter, Depends
            from modular_api import Module
            router = APIRouter()

            def who() -> str:
                return "nobody"

            @router.get("/who")
            async def tell(name: str = Depends(who)) -> str:
                return name

            module = Module(routers={"v1": router})
        """
        write_module("people", source)
        app = AppFactory(modules_dir, generation="off").create_app()
        [module] = app.modules_apps
        route = next(
            context
            for context in iter_route_contexts(module.versions["v1"].routes)
            if context.path == "/who"
        )
        [dependency] = route.dependant.dependencies
        app.dependency_overrides[dependency.call] = lambda: "Ada"
        with TestClient(app) as client:
            assert client.get("/api/v1/people/who").json() == "Ada"

    def test_every_answer_has_one_request_id(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> None:
        """Also those of middleware that was added, and of a handler that sets its own."""
        source = """
            from fastapi import APIRouter, Response
            from modular_api import Module
            router = APIRouter()

            @router.get("/own")
            async def own(response: Response) -> str:
                response.headers["X-Request-ID"] = "mine"
                return "ok"

            module = Module(routers={"v1": router})
        """
        write_module("people", source)
        app = AppFactory(modules_dir, generation="off").create_app()
        app.add_middleware(CORSMiddleware, allow_origins=["*"])
        preflight = {"Origin": "http://x", "Access-Control-Request-Method": "GET"}
        with TestClient(app, headers={"X-Request-ID": "abc"}) as client:
            answers = [
                client.options("/api/v1/people/own", headers=preflight),
                client.get("/api/v1/people/own"),
            ]
        for answer in answers:
            assert answer.headers.get_list("x-request-id") == ["abc"]


class TestStartsThatEndOddly:
    @pytest.mark.parametrize(
        "odd", ["raise SystemExit(0)", "import asyncio; raise asyncio.CancelledError"]
    )
    def test_whatever_ends_a_start_is_the_modules_failure(
        self, modules_dir: Path, write_module: Callable[..., Path], odd: str
    ) -> None:
        """Nobody asked to stop, so it names module and phase and does not exit 0."""
        source = service("m1").replace('log.append("enter m1")', odd)
        write_module("m1", source)
        app = AppFactory(modules_dir, generation="off").create_app()
        with pytest.raises(ModuleLifespanError, match="'m1'.*entering"):
            with TestClient(app):
                pass

    def test_a_failing_close_does_not_hide_why_the_start_failed(
        self,
        modules_dir: Path,
        write_module: Callable[..., Path],
        event_log: list[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """The start's error is raised, the close's is logged and noted on it."""
        write_module("m1", service("m1", fail="leaving"))
        write_module("m2", service("m2", fail="entering", uses="m1"))
        app = AppFactory(modules_dir, generation="off").create_app()
        with pytest.raises(ModuleLifespanError, match="'m2'") as caught:
            with TestClient(app):
                pass
        assert "'m1' failed while leaving" in "".join(caught.value.__notes__)
        assert "'m1' failed while leaving" in caplog.text

    def test_a_service_of_the_wrong_kind_is_found_in_its_file(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> None:
        """The place is the class's."""
        source = """
            from modular_api import Module

            def make_service():
                return 3

            module = Module(service=make_service)
        """
        folder = write_module("m1", source)
        app = AppFactory(modules_dir, generation="off").create_app()
        with pytest.raises(ModuleLifespanError) as caught, TestClient(app):
            pass
        assert caught.value.place == f"{folder / 'module.py'}:4"

    def test_a_module_without_a_service_is_told_so(
        self, modules_dir: Path, write_module: Callable[..., Path]
    ) -> None:
        """Not to start what runs already."""
        write_module("m1", COUNTED.replace(", service=Counter", ""))
        app = AppFactory(modules_dir, generation="off").create_app()
        with TestClient(app) as client:
            with pytest.raises(ServiceNotRunning, match="has no service"):
                client.post("/api/v1/m1/count")
