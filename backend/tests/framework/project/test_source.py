"""Which app a command works on: --app, --modules-dir, --modules and the settings."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from modular_api.app.generation import job_of
from modular_api.project.errors import (
    AppImportFailed,
    AppNotFound,
    ModulesAreFixed,
    NoSource,
)
from modular_api.project.settings import Settings
from modular_api.project.source import AppSource, choose_source
from modular_api.registry.faults import RegistryError
from tests.framework.conftest import MAIN, Project


def source_of(
    app: str | None = None,
    modules_dir: str | None = None,
    modules: str | None = None,
    include_uses: bool = False,
    *,
    settings: Settings | None = None,
) -> AppSource:
    """Choose a source as a command does."""
    return choose_source(
        settings or Settings(),
        app=app,
        modules_dir=modules_dir,
        modules=modules,
        include_uses=include_uses,
    )


def names_in(source: AppSource) -> list[str]:
    """Build the app and return its modules' names."""
    return [module.name for module in source.create_app().modules_apps]


LOSSY = """
from fastapi import APIRouter
from modular_api import Module

router = APIRouter()

@router.get("/lost", openapi_extra={"callbacks": {"told": {}}})
async def lost() -> int:
    return 1

module = Module(routers={"v1": router})
"""


@pytest.fixture
def two_modules(project: Project) -> Project:
    """Modules `first` and `second`, where `second` uses `first`; and a main.py."""
    project.write_module("first")
    project.write_module(
        "second", "from modular_api import Module\nmodule = Module(uses=['first'])\n"
    )
    project.write("main.py", MAIN)
    return project


class TestChoosing:
    def test_a_folder_on_the_command_line(self, two_modules: Project) -> None:
        """It is relative to the current folder."""
        assert names_in(source_of(modules_dir="modules")) == ["first", "second"]

    def test_losses_are_allowed_by_the_settings(self, project: Project) -> None:
        """Of a folder, wherever it is named; the folder's app has no code of its own."""
        project.write_module("lossy", LOSSY)
        line = "GET /lost: the callback 'told' is not in the client"
        allowing = Settings(modules_dir="modules", allowed_losses=(line,))
        for source in (
            source_of(modules_dir="modules", settings=allowing),
            source_of(settings=allowing),
        ):
            app = source.create_app()
            [module] = app.modules_apps
            assert app.generation is not None
            assert module.directory is not None
            app.generation.engine.generate([job_of(module, module.directory)])
            assert (module.directory / "client_generated" / "lossy_client.py").exists()

    @pytest.mark.parametrize(
        ("modules", "names"),
        [("second", ["second"]), (" first , second,", ["first", "second"]), ("", [])],
    )
    def test_modules_are_taken_by_name(
        self, two_modules: Project, modules: str, names: list[str]
    ) -> None:
        """Exactly those; an empty text means none."""
        assert names_in(source_of(modules_dir="modules", modules=modules)) == names

    def test_what_they_use_can_be_taken_along(self, two_modules: Project) -> None:
        """--include-uses follows `uses`."""
        source = source_of(modules_dir="modules", modules="second", include_uses=True)
        assert names_in(source) == ["first", "second"]

    def test_settings_are_the_default(self, two_modules: Project) -> None:
        """Nothing on the command line, everything in the file."""
        settings = Settings(modules_dir=two_modules.modules, modules=("first",))
        assert names_in(source_of(settings=settings)) == ["first"]

    def test_the_command_line_beats_the_settings(self, two_modules: Project) -> None:
        """--modules replaces the settings' modules."""
        settings = Settings(modules_dir=two_modules.modules, modules=("first",))
        assert names_in(source_of(modules="second", settings=settings)) == ["second"]

    def test_settings_of_another_app_do_not_count(self, two_modules: Project) -> None:
        """Their modules belong to their app, not to the one on the command line."""
        settings = Settings(app="other:app", modules=("elsewhere",))
        source = source_of(modules_dir="modules", settings=settings)
        assert names_in(source) == ["first", "second"]

    def test_two_sources_contradict_each_other(self, two_modules: Project) -> None:
        """Neither is preferred in silence."""
        with pytest.raises(NoSource, match="exclude each other"):
            source_of("main:factory", "modules")

    def test_no_source_is_told_with_all_ways_out(self, project: Project) -> None:
        """The message names both options and the file."""
        with pytest.raises(NoSource, match=r"--modules-dir.*--app.*pyproject\.toml"):
            source_of()

    def test_a_source_can_be_sent_to_another_process(self, project: Project) -> None:
        """Restarts build the app in a child."""
        source = source_of(modules_dir="modules", modules="a")
        assert pickle.loads(pickle.dumps(source)) == source


class TestImportString:
    @pytest.mark.parametrize(
        "line",
        [
            "app = factory",
            "app = factory.create_app()",
            "def app(): return factory",
            "def app(): return factory.create_app()",
            "class holder: app = factory",
        ],
    )
    def test_app_factory_or_callable(self, two_modules: Project, line: str) -> None:
        """All of them lead to an app."""
        two_modules.write("main.py", f"{MAIN}    {line}\n")
        target = "main:holder.app" if "holder" in line else "main:app"
        assert names_in(source_of(target)) == ["first", "second"]

    def test_a_factory_takes_the_modules(self, two_modules: Project) -> None:
        """--modules reaches create_app."""
        assert names_in(source_of("main:factory", modules="first")) == ["first"]

    @pytest.mark.parametrize("options", [{"modules": "first"}, {"include_uses": True}])
    def test_a_built_app_refuses_a_choice_of_modules(
        self, two_modules: Project, options: dict[str, str]
    ) -> None:
        """It would have to be ignored in silence."""
        two_modules.write("main.py", f"{MAIN}    app = factory.create_app()\n")
        with pytest.raises(ModulesAreFixed, match="'main:app' is an app"):
            source_of("main:app", **options).create_app()  # type: ignore[arg-type]  # one option at a time

    @pytest.mark.parametrize(
        ("target", "why"),
        [
            ("main", "expected 'module:attribute'"),
            (":app", "expected 'module:attribute'"),
            ("nowhere:app", "there is no module 'nowhere'"),
            ("main.inner:app", "there is no module 'main.inner'"),
            ("main:nothing", "module 'main' has no attribute 'nothing'"),
            ("main:modules", "it is a .*Path, expected a ModularApp"),
        ],
    )
    def test_what_leads_to_no_app_is_told(
        self, two_modules: Project, target: str, why: str
    ) -> None:
        """The message says what is missing."""
        with pytest.raises(AppNotFound, match=why):
            source_of(target).create_app()

    @pytest.mark.parametrize(
        ("text", "line"),
        [("import os\n1 / 0\n", 2), ("x = (\n", 1), ("import no_such_thing\n", 1)],
    )
    def test_code_that_fails_is_told_with_its_place(
        self, project: Project, text: str, line: int
    ) -> None:
        """The place is the user's line."""
        file = project.write("main.py", text)
        with pytest.raises(AppImportFailed) as caught:
            source_of("main:app").create_app()
        assert caught.value.place == f"{file}:{line}"

    def test_a_callable_that_fails_is_told_with_its_place(
        self, project: Project
    ) -> None:
        """Calling is part of loading."""
        file = project.write("main.py", "def app():\n    raise OSError('no')\n")
        with pytest.raises(AppImportFailed, match="OSError: no") as caught:
            source_of("main:app").create_app()
        assert caught.value.place == f"{file}:2"

    def test_faults_of_the_modules_stay_what_they_are(self, project: Project) -> None:
        """An app built while main.py is imported tells its faults as itself."""
        project.write("main.py", f"{MAIN}    app = factory.create_app()\n")
        project.write_module("broken", "1 / 0\n")
        with pytest.raises(RegistryError, match="ZeroDivisionError"):
            source_of("main:app").create_app()

    def test_the_projects_folder_is_importable_from_below(
        self, two_modules: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An app named in pyproject.toml is found from any folder of the project."""
        deep = two_modules.folder / "docs"
        deep.mkdir()
        monkeypatch.chdir(deep)
        settings = Settings(folder=two_modules.folder, app="main:factory")
        assert names_in(source_of(settings=settings)) == ["first", "second"]
        assert Path(os.getcwd()) == deep
