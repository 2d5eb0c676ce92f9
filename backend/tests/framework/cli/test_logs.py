"""`modular-api manager logs`, as an operator calls it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from modular_api.cli.commands import build_cli
from modular_api.deploy.logs.label import Label
from modular_api.deploy.logs.settings import LogFormat


def lines_of(module: str, *texts: str) -> str:
    label = Label("core-0", "blue", 1, module)
    return "".join(
        f"{line}\n" for text in texts for line in label.lines(LogFormat.TEXT, text)
    )


@pytest.fixture
def local_dir(tmp_path: Path) -> Path:
    """A folder with logs of two modules and of nginx."""
    logs = tmp_path / "logs"
    logs.mkdir()
    text = lines_of("broker", "b1", "b2", "b3") + lines_of("datafeed", "d1")
    (logs / "all.log").write_text(text)
    (logs / "nginx-access.log").write_text("GET /\n")
    return tmp_path


def run(local_dir: Path, *arguments: str) -> tuple[int, list[str]]:
    """Return the exit code, and the last word of each line."""
    call = ["manager", "logs", "--local-dir", str(local_dir), *arguments]
    result = CliRunner().invoke(build_cli(), call)
    return result.exit_code, [line.split()[-1] for line in result.output.splitlines()]


def test_the_last_lines_are_printed(local_dir: Path) -> None:
    """Of all, or as many as are asked for."""
    assert run(local_dir) == (0, ["b1", "b2", "b3", "d1"])
    assert run(local_dir, "-n", "2") == (0, ["b3", "d1"])


def test_one_modules_lines_are_printed(local_dir: Path) -> None:
    """nginx counts as one."""
    assert run(local_dir, "--module", "broker", "-n", "2") == (0, ["b2", "b3"])
    assert run(local_dir, "--module", "nginx") == (0, ["/"])


def test_a_module_that_does_not_exist_is_told(
    local_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With those there are; one that has not logged anything yet is none of these."""
    (tmp_path / "modules" / "quiet").mkdir(parents=True)
    (tmp_path / "modules" / "quiet" / "module.py").touch()
    settings = '[tool.modular_api]\nmodules_dir = "modules"\n'
    (tmp_path / "pyproject.toml").write_text(settings)
    monkeypatch.chdir(tmp_path)
    assert run(local_dir, "--module", "quiet") == (0, [])
    call = ["manager", "logs", "--local-dir", str(local_dir), "--module", "brokre"]
    result = CliRunner().invoke(build_cli(), call)
    assert result.exit_code == 1
    assert result.output == (
        "error: There is no module brokre; there are: broker, datafeed, manager, "
        "nginx, quiet.\n"
    )


def test_lines_of_nginx_have_a_label(local_dir: Path) -> None:
    """Those of its error log, too, which nginx writes as it likes."""
    file = local_dir / "logs" / "nginx-error.log"
    file.write_text("2026/11/21 05:13:00 [crit] 71#72: *1 no room\n")
    call = ["manager", "logs", "--local-dir", str(local_dir), "--module", "nginx"]
    lines = CliRunner().invoke(build_cli(), call).output.splitlines()
    assert lines[-1] == (
        "2026-11-21 05:13:00,000 CRIT    nginx[71] nginx error: *1 no room"
    )


def test_without_logs_it_fails_and_says_what_to_do(tmp_path: Path) -> None:
    """Nothing was started there."""
    code, _ = run(tmp_path)
    assert code == 1


def test_logs_are_emptied_when_asked(local_dir: Path) -> None:
    """`make logs-clean` does this."""
    assert run(local_dir, "--clean")[0] == 0
    assert {file.read_text() for file in (local_dir / "logs").iterdir()} == {""}
    assert run(local_dir) == (0, [])


def test_coming_lines_are_followed(local_dir: Path) -> None:
    """Until it is interrupted."""
    command = [sys.executable, "-m", "modular_api.cli", "manager", "logs", "-f"]
    with subprocess.Popen(
        [*command, "-n", "0", "--module", "datafeed", "--local-dir", str(local_dir)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        try:
            with (local_dir / "logs" / "all.log").open("a") as file:
                # Written again and again: nobody tells when it has begun to follow.
                for _ in range(500):
                    file.write(lines_of("broker", "no") + lines_of("datafeed", "yes"))
                    file.flush()
                    if select.select([process.stdout], [], [], 0.02)[0]:
                        break
                else:
                    pytest.fail("nothing was followed within 10 s")
            assert process.stdout.readline().split()[-1] == "yes"
        finally:
            process.terminate()
