"""How errors leave the command."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import typer

from modular_api.cli.entry import main
from modular_api.cli.reporting import reporting
from tests.framework.conftest import COMMAND, Invoke, Project


def test_a_fault_of_the_app_exits_with_1_and_one_message(
    project: Project, invoke: Invoke
) -> None:
    """The message is on stderr, without a traceback."""
    project.write_module("broken", "1 / 0\n")
    result = invoke("list", "--modules-dir", "modules")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error: 1 fault in the modules:")
    assert "Traceback" not in result.stderr


def test_a_fault_of_the_command_line_exits_with_2(
    project: Project, invoke: Invoke
) -> None:
    """Wrong options and wrong settings are not the app's fault."""
    assert invoke("list", "--app", "main").exit_code == 2
    assert invoke("list", "--no-such-option").exit_code == 2
    project.write("pyproject.toml", "[tool.modular_api]\nprot = 3\n")
    result = invoke("list", "--modules-dir", "modules")
    assert result.exit_code == 2
    assert "unknown key 'prot'" in result.stderr


def test_debug_shows_the_traceback_before_the_message(
    project: Project, invoke: Invoke
) -> None:
    """The user's own frame is in it."""
    project.write_module("broken", "1 / 0\n")
    result = invoke("list", "--modules-dir", "modules", "--debug")
    assert "Traceback" in result.stderr
    assert "ZeroDivisionError" in result.stderr
    assert "error: 1 fault" in result.stderr.rpartition("Error: 1 fault")[2]


def test_json_errors_are_json_on_stdout(project: Project, invoke: Invoke) -> None:
    """Whoever asked for JSON reads one stream."""
    project.write_module("broken", "1 / 0\n")
    result = invoke("list", "--modules-dir", "modules", "--json")
    assert (result.exit_code, result.stderr) == (1, "")
    error = json.loads(result.stdout)["error"]
    assert error["type"] == "RegistryError"
    assert "ZeroDivisionError" in error["message"]


def test_an_unexpected_exception_is_told_with_its_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Type, message, file and line, and how to see more."""
    with pytest.raises(typer.Exit) as caught, reporting(debug=False):
        raise KeyError("x")
    assert caught.value.exit_code == 1
    told = capsys.readouterr().err
    assert told.startswith(f"error: unexpected KeyError: 'x', at {__file__}:")
    assert "--debug" in told


def test_an_interrupt_exits_with_130() -> None:
    """As shells expect it of Ctrl-C."""
    with pytest.raises(typer.Exit) as caught, reporting(debug=False):
        raise KeyboardInterrupt
    assert caught.value.exit_code == 130


def test_a_reader_that_goes_away_is_no_error_to_report(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`modular-api list | head -1` ends quietly."""
    with pytest.raises(BrokenPipeError), reporting(debug=False):
        raise BrokenPipeError
    assert capsys.readouterr().err == ""


def test_a_missing_extra_is_told_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback of an import that failed."""
    monkeypatch.setattr(
        "modular_api.cli.entry.find_spec", lambda name: None if name == "rich" else 1
    )
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert capsys.readouterr().err == (
        "error: modular-api needs rich, not installed here; "
        "pip install 'modular-api[cli]'\n"
    )


def test_the_version_is_printed(invoke: Invoke) -> None:
    """It is the distribution's."""
    assert invoke("--version").stdout.startswith("modular-api ")


def test_every_command_has_help(invoke: Invoke) -> None:
    """The list names the commands, and each one explains itself."""
    told = invoke("--help").stdout
    for command in ("run", "list", "check", "kill"):
        assert f" {command} " in told
        assert "--debug" in invoke(command, "--help").stdout


def test_help_loads_no_web_framework() -> None:
    """A fresh interpreter shows what importing the commands costs."""
    code = (
        "import sys\n"
        "from modular_api.cli.commands import build_cli\n"
        "build_cli()\n"
        "heavy = {'fastapi', 'starlette', 'pydantic', 'uvicorn', 'psutil', 'asyncio'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert loaded.stdout == "[]\n"


def test_the_package_can_be_run() -> None:
    """`python -m modular_api.cli` is the command."""
    done = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("modular-api ")
