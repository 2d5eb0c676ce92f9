"""`modular-api list` and `modular-api check`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modular_api.model import AppModel
from tests.framework.conftest import GREETER, Invoke, Project

UNTYPED = """
    from fastapi import APIRouter
    from modular_api import Module

    router = APIRouter()

    @router.get("/things")
    async def things():
        return []

    module = Module(routers={"v1": router})
"""

COLLIDING = """
    from fastapi import APIRouter
    from modular_api import Module

    router = APIRouter()

    def add(path):
        @router.get(path)
        async def twin() -> str:
            return path

    add("/one")
    add("/two")
    module = Module(routers={"v1": router})
"""


class TestList:
    def test_the_table_has_a_line_for_each_module(
        self, project: Project, invoke: Invoke
    ) -> None:
        """Name, versions, routes, what it uses, spec hash, description: one line each."""
        project.write_module("greeter", doc="Says [hello].\n\nAt length.")
        project.write_module(
            "caller",
            "from modular_api import Module\nmodule = Module(uses=['greeter'])",
        )
        result = invoke("list", "--modules-dir", "modules")
        assert result.exit_code == 0
        head, caller, greeter = result.stdout.splitlines()
        assert head.split()[:4] == ["module", "versions", "routes", "uses"]
        assert caller.split()[:4] == ["caller", "v1", "3", "greeter"]
        assert greeter.split()[:3] == ["greeter", "v1", "5"]
        assert greeter.rstrip().endswith("Says [hello].")

    def test_json_is_the_static_model(self, project: Project, invoke: Invoke) -> None:
        """It can be read back, and its hash is the table's."""
        project.write_module("greeter", doc="Greets.")
        result = invoke("list", "--modules-dir", "modules", "--json")
        model = AppModel.model_validate_json(result.stdout)
        [module] = model.modules
        [version] = module.versions
        assert (module.name, module.description) == ("greeter", "Greets.")
        assert "greet" in [route.operation_id for route in version.routes]
        table = invoke("list", "--modules-dir", "modules").stdout
        assert version.spec_sha256[:12] in table

    def test_nothing_is_started_and_nothing_written(
        self, project: Project, invoke: Invoke
    ) -> None:
        """The service is never made, and no spec or client appears."""
        project.write_module(
            "lazy",
            "from modular_api import Module\n"
            "def service(): raise AssertionError('started')\n"
            "module = Module(service=service)\n",
        )
        assert invoke("list", "--modules-dir", "modules").exit_code == 0
        files = {path.name for path in (project.modules / "lazy").iterdir()}
        assert files <= {"__init__.py", "module.py", "__pycache__"}

    def test_an_app_without_modules_is_told(
        self, project: Project, invoke: Invoke
    ) -> None:
        """An empty table would look like a failure."""
        project.modules.mkdir()
        result = invoke("list", "--modules-dir", "modules")
        assert result.stdout == "There are no modules.\n"

    def test_settings_choose_the_app(self, project: Project, invoke: Invoke) -> None:
        """With a pyproject.toml no option is needed."""
        project.write("pyproject.toml", "[tool.modular_api]\nmodules_dir = 'modules'\n")
        project.write_module("greeter")
        assert "greeter" in invoke("list").stdout


class TestCheck:
    def test_a_sound_app_passes(self, project: Project, invoke: Invoke) -> None:
        """What was checked is named, and nothing was left out."""
        project.write_module("greeter")
        result = invoke("check", "--modules-dir", "modules")
        assert result.exit_code == 0
        assert result.stdout == (
            "No problems in greeter; checked modules, boundaries, specs, merge, "
            "validity, response models.\n"
        )

    def test_problems_of_different_kinds_are_listed_at_once(
        self, project: Project, invoke: Invoke
    ) -> None:
        """A colliding operationId, an untyped route and a crossed boundary."""
        project.write_module("colliding", COLLIDING)
        project.write_module("untyped", UNTYPED)
        project.write_module(
            "nosy", f"{GREETER}\n    from ..untyped import module as m"
        )
        result = invoke("check", "--modules-dir", "modules", "--json")
        assert result.exit_code == 1
        report = json.loads(result.stdout)
        found = {finding["check"]: finding for finding in report["findings"]}
        assert found.keys() == {"boundaries", "specs", "response models"}
        assert "'twin'" in found["specs"]["message"]
        assert found["specs"]["type"] == "OperationIdCollision"
        assert "/api/v1/untyped" in found["response models"]["message"]
        assert "nosy" in found["boundaries"]["message"]
        assert report["skipped"].keys() == {"merge", "validity"}

    def test_faults_of_the_registry_are_listed_one_by_one(
        self, project: Project, invoke: Invoke
    ) -> None:
        """And what could not be checked because of them is told."""
        project.write_module("broken", "1 / 0\n")
        project.write_module("empty", "")
        result = invoke("check", "--modules-dir", "modules")
        assert result.exit_code == 1
        lines = result.stdout.splitlines()
        assert [line.startswith("modules: Module '") for line in lines[:2]] == [
            True
        ] * 2
        assert "Not checked: specs (the modules cannot be loaded)." in lines
        assert lines[-1] == "2 problems found."

    def test_a_model_that_cannot_be_described_is_a_problem_with_its_place(
        self, project: Project, invoke: Invoke
    ) -> None:
        """Exceptions that are not the framework's are findings, too."""
        project.write_module(
            "odd",
            """
            from collections.abc import Callable
            from fastapi import APIRouter
            from pydantic import BaseModel
            from modular_api import Module

            class Odd(BaseModel):
                call: Callable[[], int]

            router = APIRouter()

            @router.post("/odd")
            async def odd(body: Odd) -> str: return ""

            module = Module(routers={"v1": router})
            """,
        )
        result = invoke("check", "--modules-dir", "modules", "--json")
        assert result.exit_code == 1
        [finding] = json.loads(result.stdout)["findings"]
        assert finding["check"] == "specs"
        assert "Callable" in finding["message"]

    @pytest.mark.parametrize(
        "extra", [{"deprecated": "so"}, {"parameters": [{"x": 1}]}]
    )
    def test_an_invalid_document_is_found(
        self, project: Project, invoke: Invoke, extra: dict[str, Any]
    ) -> None:
        """What an author adds by hand is validated, even what confuses the validator."""
        route = f'"/greeting", openapi_extra={extra!r})'
        project.write_module("loose", GREETER.replace('"/greeting")', route))
        result = invoke("check", "--modules-dir", "modules")
        assert result.exit_code == 1
        assert "validity: OpenAPI of v1: paths//api/v1/loose/greeting" in result.stdout

    def test_without_the_validator_that_check_is_skipped(
        self, project: Project, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And the way to get it is told."""
        monkeypatch.setattr("modular_api.cli.findings.find_spec", lambda name: None)
        project.write_module("greeter")
        result = invoke("check", "--modules-dir", "modules")
        assert result.exit_code == 0
        assert "Not checked: validity (pip install openapi-spec-" in result.stdout

    def test_not_knowing_the_app_is_a_usage_error(
        self, project: Project, invoke: Invoke
    ) -> None:
        """It is no finding about an app."""
        assert invoke("check", "--app", "nowhere:app").exit_code == 2
