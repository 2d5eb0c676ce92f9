"""`modular-api generate` and `modular-api clean`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.framework.codegen.engine.cheap_target import without_root
from tests.framework.conftest import COMMAND, Invoke, Project

CALLER = """
    from modular_api import Module
    from modules.greeter.client_generated import GreeterClient

    module = Module(uses=["greeter"])
"""


def files_below(folder: Path) -> dict[str, int]:
    """Return every file and its time, but for what Python leaves behind."""
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file()
        and not {"__pycache__", ".codegen"} & set(path.relative_to(folder).parts)
    }


@pytest.fixture
def generated(project: Project, invoke: Invoke) -> Project:
    """A project with one module, generated."""
    project.write_module("greeter")
    result = invoke("generate", "--modules-dir", "modules")
    assert result.exit_code == 0, result.stderr
    assert "greeter: " in result.stdout and "written" in result.stdout
    return project


class TestGenerate:
    def test_a_second_run_touches_no_file(
        self, generated: Project, invoke: Invoke
    ) -> None:
        """Not even a time."""
        before = files_below(generated.modules)
        result = invoke("generate", "--modules-dir", "modules")
        assert result.stdout.strip() == "greeter: up to date"
        assert files_below(generated.modules) == before

    def test_only_the_named_modules_are_generated(
        self, project: Project, invoke: Invoke
    ) -> None:
        """`--modules` leaves the others as they are."""
        project.write_module("greeter")
        project.write_module("other", "raise ImportError('not this one')")
        result = invoke("generate", "--modules-dir", "modules", "--modules", "greeter")
        assert result.exit_code == 0
        assert (project.modules / "greeter" / "client_generated").is_dir()
        assert not (project.modules / "other" / "client_generated").exists()

    def test_another_folder_gets_the_files(
        self, project: Project, invoke: Invoke
    ) -> None:
        """`--output-dir` writes nothing beside the modules."""
        project.write_module("greeter")
        options = ["--modules-dir", "modules", "--output-dir", "out"]
        assert invoke("generate", *options).exit_code == 0
        out = files_below(project.folder / "out")
        assert "greeter/specs_generated/greeter_openapi.json" in out
        assert "greeter/client_generated/greeter_client.py" in out
        assert not (project.modules / "greeter" / "client_generated").exists()

    def test_json_tells_what_was_done(self, project: Project, invoke: Invoke) -> None:
        """For programs: the outcome of each module and every path."""
        project.write_module("greeter")
        result = invoke("generate", "--modules-dir", "modules", "--json")
        [module] = json.loads(result.stdout)["modules"]
        assert (module["module"], module["outcome"]) == ("greeter", "written")
        assert "client_generated/greeter_client.py" in module["written"]

    def test_a_client_made_while_the_app_is_built_is_told_too(
        self, project: Project, invoke: Invoke
    ) -> None:
        """A module that imports another one's client needs it before there is an app."""
        project.write_module("greeter")
        project.write_module("caller", CALLER)
        result = invoke("generate", "--modules-dir", "modules")
        caller, greeter = result.stdout.splitlines()
        assert caller.startswith("caller: ") and "written" in caller
        assert greeter.startswith("greeter: ") and "written" in greeter

    def test_a_tree_that_cannot_be_written_is_an_error(
        self, project: Project, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Although an app that is started there tolerates it."""
        # pytest's own folders are private, also from the user this test becomes.
        with TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            monkeypatch.chdir(folder)
            module = Project(Path(folder)).write_module("greeter").parent
            module.chmod(0o555)
            with without_root():
                result = invoke("generate", "--modules-dir", "modules", "--json")
            module.chmod(0o755)
            monkeypatch.undo()
        assert result.exit_code == 1
        assert json.loads(result.stdout)["error"]["type"] == "UnwritableTree"


class TestCheck:
    def test_fresh_files_pass(self, generated: Project, invoke: Invoke) -> None:
        """Exit code 0, nothing touched."""
        before = files_below(generated.modules)
        assert invoke("generate", "--modules-dir", "modules", "--check").exit_code == 0
        assert files_below(generated.modules) == before

    @pytest.mark.parametrize(
        ("file", "change", "named"),
        [
            ("module.py", None, "specs_generated/greeter_openapi.json"),
            ("specs_generated/greeter_openapi.json", " ", "greeter_openapi.json"),
            ("client_generated/greeter_client.py", "# hi\n", "greeter_client.py"),
        ],
    )
    def test_drift_of_any_kind_is_named_with_its_mend(
        self,
        generated: Project,
        invoke: Invoke,
        file: str,
        change: str | None,
        named: str,
    ) -> None:
        """Of the code, of the document, of the client: exit code 1, nothing written."""
        path = generated.modules / "greeter" / file
        text = path.read_text()
        path.write_text(
            text + change if change else text.replace('"/greeting"', '"/hello"')
        )
        generated_before = files_below(generated.modules)
        # A new process, since this one has imported the module as it was.
        result = subprocess.run(
            [*COMMAND, "generate", "--modules-dir", "modules", "--check"],
            capture_output=True,
            check=False,
            text=True,
        )
        assert result.returncode == 1
        assert named in result.stderr
        assert "modular-api generate" in result.stderr
        assert files_below(generated.modules) == generated_before

    def test_json_errors_are_json(self, project: Project, invoke: Invoke) -> None:
        """What was never generated is drift as well."""
        project.write_module("greeter")
        options = ["--modules-dir", "modules", "--check", "--json"]
        result = invoke("generate", *options)
        assert result.exit_code == 1
        assert json.loads(result.stdout)["error"]["type"] == "GenerationDrift"


class TestClean:
    def test_generated_files_go_and_others_stay(
        self, generated: Project, invoke: Invoke
    ) -> None:
        """Although the module can no longer be imported."""
        code = generated.modules / "greeter" / "module.py"
        code.write_text("raise ImportError('broken')\n")
        notes = generated.modules / "greeter" / "client_generated" / "NOTES.md"
        notes.write_text("By hand.\n")
        result = invoke("clean", "--modules-dir", "modules")
        assert result.exit_code == 0, result.stderr
        left = set(files_below(generated.modules))
        assert left == {
            "greeter/__init__.py",
            "greeter/module.py",
            "greeter/client_generated/NOTES.md",
        }

    def test_an_unknown_module_is_named(
        self, generated: Project, invoke: Invoke
    ) -> None:
        """And nothing is removed."""
        before = files_below(generated.modules)
        result = invoke("clean", "--modules-dir", "modules", "--modules", "nobody")
        assert result.exit_code == 1
        assert "'nobody'" in result.stderr
        assert files_below(generated.modules) == before
