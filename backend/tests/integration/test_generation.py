"""Generation from nothing, from a change and from no change, with the real generator."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from httpx import ASGITransport, AsyncClient

from modular_api import AppFactory, ModularApp
from modular_api.codegen.errors import CodegenError, GenerationDrift
from modular_api.specs.errors import CorruptSpecFile
from modular_api.testing.background import LifespanInBackground

pytestmark = pytest.mark.integration

PRICES = """
    from fastapi import APIRouter
    from modular_api import Module
    from pydantic import BaseModel

    router = APIRouter()

    class Price(BaseModel):
        symbol: str
        cents: int

    @router.get("/prices/{symbol}")
    async def get_price(symbol: str) -> Price:
        return Price(symbol=symbol, cents=250)

    module = Module(routers={"v1": router})
"""

SHOP = """
    from fastapi import APIRouter
    from modular_api import Module
    from modular_api.clients import module_client
    from shop_modules.prices.client_generated import PricesClient

    router = APIRouter()

    @router.get("/totals/{symbol}")
    async def get_total(symbol: str, qty: int = 1) -> int:
        price = await module_client(PricesClient).get_price(symbol)
        return price.cents * qty

    module = Module(routers={"v1": router}, uses=["prices"])
"""


def write_shop(folder: Path) -> Path:
    """Write two modules, of which one imports the other's client at its top."""
    modules = folder / "shop_modules"
    for name, source in {"prices": PRICES, "shop": SHOP}.items():
        (modules / name).mkdir(parents=True)
        (modules / name / "__init__.py").write_text('"""A module."""\n')
        (modules / name / "module.py").write_text(dedent(source))
    return modules


@pytest.fixture(scope="module")
def generated_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop after one start from nothing, in a process of its own."""
    modules = write_shop(tmp_path_factory.mktemp("shop"))
    done = start(modules)
    assert done.returncode == 0, done.stderr
    return modules


def start(
    modules: Path, *, generation: str = "auto"
) -> subprocess.CompletedProcess[str]:
    """Enter and leave the lifespan in a new process; it prints the generator's modules."""
    code = f"""
        import asyncio, logging, sys
        logging.basicConfig(level=logging.INFO, format="%(message)s")
        from modular_api import AppFactory

        app = AppFactory({str(modules)!r}, generation={generation!r}).create_app()

        async def main():
            async with app.router.lifespan_context(app):
                pass

        asyncio.run(main())
        heavy = ("autoflake", "black", "isort", "openapi_python_client")
        print(sorted(set(heavy) & set(sys.modules)))
    """
    return subprocess.run(
        [sys.executable, "-c", dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(modules.parent)},
    )


def generated_files(modules: Path) -> dict[str, int]:
    """Return every generated file and when it was last written."""
    return {
        str(path.relative_to(modules)): path.stat().st_mtime_ns
        for folder in ("specs_generated", "client_generated")
        for path in modules.glob(f"*/{folder}/**/*")
        if path.is_file() and "__pycache__" not in path.parts
    }


class TestFromNothing:
    def test_all_artifacts_are_there(self, generated_shop: Path) -> None:
        """A document, a client and an index for each module, by their fixed names."""
        files = generated_files(generated_shop)
        for name in ("prices", "shop"):
            assert f"{name}/specs_generated/{name}_openapi.json" in files
            assert f"{name}/client_generated/{name}_client.py" in files
            assert f"{name}/client_generated/__init__.py" in files

    def test_a_module_calls_the_other_through_its_client(
        self, generated_shop: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In this process, with the caller's request id travelling along."""
        monkeypatch.syspath_prepend(str(generated_shop.parent))
        app = AppFactory(generated_shop).create_app()
        answer = ask(app, "/api/v1/shop/totals/PEN?qty=3")
        assert answer == (200, 750)

    def test_a_missing_peer_is_a_503_problem_at_the_call(
        self, generated_shop: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The app starts all the same, and the problem names who is missing."""
        monkeypatch.syspath_prepend(str(generated_shop.parent))
        app = AppFactory(generated_shop).create_app(["shop"])
        status, problem = ask(app, "/api/v1/shop/totals/PEN")
        assert status == 503
        assert "'prices'" in problem["detail"]  # type: ignore[index] # a problem


def ask(app: ModularApp, path: str) -> tuple[int, object]:
    """Start the app, get one path, and return status and JSON."""

    async def get() -> tuple[int, object]:
        transport = ASGITransport(app=app)
        async with AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.get(path)
        return answer.status_code, answer.json()

    with LifespanInBackground(app):
        return asyncio.run(get())


class TestWarmStart:
    def test_nothing_is_touched_and_no_generator_imported(
        self, generated_shop: Path
    ) -> None:
        """A second start finds everything fresh."""
        before = generated_files(generated_shop)
        done = start(generated_shop)
        assert done.stdout.strip() == "[]", done.stderr
        assert generated_files(generated_shop) == before

    @pytest.mark.parametrize("generation", ["check", "off"])
    def test_other_modes_are_content(
        self, generated_shop: Path, generation: str
    ) -> None:
        """`check` finds no drift, `off` does not look."""
        assert start(generated_shop, generation=generation).returncode == 0


class TestChange:
    def test_a_changed_contract_is_told_in_words_and_rewrites_what_it_concerns(
        self, tmp_path: Path, generated_shop: Path
    ) -> None:
        """The log says what changed; the other module's files keep their time."""
        modules = copy_of(generated_shop, tmp_path)
        before = generated_files(modules)
        change_prices(modules)
        done = start(modules)
        assert done.returncode == 0
        assert "prices v1: " in done.stderr
        assert "'cents'" in done.stderr and "integer" in done.stderr
        after = generated_files(modules)
        written = {path for path in after if after[path] != before.get(path)}
        assert "prices/specs_generated/prices_openapi.json" in written
        assert "prices/client_generated/_prices/models/price.py" in written
        assert "prices/client_generated/_prices/types.py" not in written
        assert not [path for path in written if path.startswith("shop/")]

    def test_check_names_what_is_stale_and_writes_nothing(
        self, tmp_path: Path, generated_shop: Path
    ) -> None:
        """The start fails and prints the one command that mends it."""
        modules = copy_of(generated_shop, tmp_path)
        before = generated_files(modules)
        change_prices(modules)
        done = start(modules, generation="check")
        assert done.returncode != 0
        assert "prices/specs_generated/prices_openapi.json" in done.stderr
        assert "modular-api generate" in done.stderr
        assert generated_files(modules) == before

    def test_off_serves_the_new_interface_and_writes_nothing(
        self, tmp_path: Path, generated_shop: Path
    ) -> None:
        """Production does not touch its tree."""
        modules = copy_of(generated_shop, tmp_path)
        before = generated_files(modules)
        change_prices(modules)
        assert start(modules, generation="off").returncode == 0
        assert generated_files(modules) == before

    async def test_check_raises_a_typed_error(self, tmp_path: Path) -> None:
        """For programs: the module and each stale file."""
        app = AppFactory(one_module(tmp_path), generation="check").create_app()
        with pytest.raises(GenerationDrift) as caught:
            async with app.router.lifespan_context(app):
                pass
        [plan] = caught.value.plans
        assert plan.job.module == "prices"

    def test_without_the_right_to_write_a_missing_client_is_a_registry_fault(
        self, tmp_path: Path
    ) -> None:
        """`check` does not generate what an import lacks; it says how to."""
        modules = write_shop(tmp_path)
        done = start(modules, generation="check")
        assert done.returncode != 0
        assert "RegistryError: 1 fault in the modules" in done.stderr
        assert "generate the clients, for example with `modular-api gen" in done.stderr
        assert generated_files(modules) == {}


class TestBadInput:
    @pytest.mark.parametrize("content", ["{", "[]", "\xff\xfe", ""])
    async def test_a_corrupt_spec_file_stops_the_start_and_is_kept(
        self, tmp_path: Path, content: str
    ) -> None:
        """The message names the file; nothing is lost."""
        modules = one_module(tmp_path)
        file = modules / "prices" / "specs_generated" / "prices_openapi.json"
        file.parent.mkdir()
        file.write_text(content, encoding="latin-1")
        app = AppFactory(modules).create_app()
        with pytest.raises(CorruptSpecFile, match="prices_openapi.json"):
            async with app.router.lifespan_context(app):
                pass
        assert file.read_text(encoding="latin-1") == content

    async def test_an_unwritable_folder_stops_a_start_that_was_told_to_write(
        self, tmp_path: Path
    ) -> None:
        """A file stands where the folder belongs: even root cannot write there."""
        modules = one_module(tmp_path)
        (modules / "prices" / "specs_generated").write_text("in the way")
        app = AppFactory(modules, generation="auto").create_app()
        with pytest.raises(CodegenError, match="specs_generated"):
            async with app.router.lifespan_context(app):
                pass

    def test_a_tree_that_cannot_be_written_is_served_as_it_is(
        self, tmp_path: Path
    ) -> None:
        """Where nobody asked for a mode, one line in the log says what was left out."""
        modules = one_module(tmp_path)
        done = start_as_another_user(modules)
        assert done.returncode == 0, done.stderr
        about = [
            text for text in done.stderr.splitlines() if "generation is off" in text
        ]
        assert len(about) == 1, done.stderr
        assert generated_files(modules) == {}

    def test_one_log_line_where_no_generator_is_installed(self, tmp_path: Path) -> None:
        """An app without the extra `codegen` serves, and says that it only serves."""
        code = f"""
            import importlib.metadata as metadata, logging
            logging.basicConfig(format="%(message)s")
            found = metadata.distribution

            def without_black(name):
                if name == "black":
                    raise metadata.PackageNotFoundError(name)
                return found(name)

            metadata.distribution = without_black
            from fastapi.testclient import TestClient
            from modular_api import AppFactory

            with TestClient(AppFactory({str(one_module(tmp_path))!r}).create_app()) as c:
                print(c.get("/api/v1/prices/prices/PEN").json())
        """
        done = subprocess.run(
            [sys.executable, "-c", dedent(code)],
            capture_output=True,
            check=True,
            text=True,
        )
        assert done.stdout.strip() == "{'symbol': 'PEN', 'cents': 250}"
        assert done.stderr.count("Nothing is generated") == 1


def one_module(folder: Path) -> Path:
    """Write `prices` alone."""
    modules = folder / "modules"
    (modules / "prices").mkdir(parents=True)
    (modules / "prices" / "__init__.py").write_text('"""A module."""\n')
    (modules / "prices" / "module.py").write_text(dedent(PRICES))
    return modules


def copy_of(modules: Path, folder: Path) -> Path:
    """Copy the shop with the times of its files."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["cp", "-a", str(modules), str(folder)], check=True)
    return folder / modules.name


def change_prices(modules: Path) -> None:
    """Make a field something else."""
    file = modules / "prices" / "module.py"
    file.write_text(
        file.read_text().replace("cents: int", "cents: float").replace("250", "2.5")
    )


def start_as_another_user(modules: Path) -> subprocess.CompletedProcess[str]:
    """Start the app as a user who may read the tree and write nothing of it.

    The user becomes another one after a first start elsewhere has imported everything:
    the interpreter itself may stand where only root can read.
    """
    elsewhere = copy_of(modules, modules.parent / "elsewhere")
    for path in (modules, *modules.parents):
        if path == Path("/tmp"):
            break
        path.chmod(path.stat().st_mode & ~0o222 | 0o055)
    code = f"""
        import logging, os
        from fastapi.testclient import TestClient
        from modular_api import AppFactory

        def serve(modules):
            with TestClient(AppFactory(modules).create_app()) as client:
                assert client.get("/api/v1/prices/prices/PEN").status_code == 200

        serve({str(elsewhere)!r})
        if os.geteuid() == 0:
            os.seteuid(65534)
        logging.basicConfig(level=logging.INFO, format="%(message)s")
        serve({str(modules)!r})
    """
    return subprocess.run(
        [sys.executable, "-B", "-c", dedent(code)],
        capture_output=True,
        check=False,
        text=True,
    )


def test_the_committed_files_are_what_the_code_generates(tmp_path: Path) -> None:
    """From nothing, the trading app's specs and clients come out byte for byte."""
    from trading_api.app_factory import MODULES_DIR

    subprocess.run(
        [sys.executable, "-m", "modular_api.cli", "generate", "--output-dir", tmp_path],
        check=True,
        cwd=Path(__file__).parents[2],
        capture_output=True,
    )
    made = generated_files(tmp_path)
    assert made.keys() == generated_files(MODULES_DIR).keys()
    for name in made:
        assert (tmp_path / name).read_bytes() == (MODULES_DIR / name).read_bytes(), name
