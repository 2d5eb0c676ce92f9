"""The page about watching many processes says what is so."""

from __future__ import annotations

import re
from pathlib import Path

from typer.testing import CliRunner

from modular_api.cli.commands import build_cli
from modular_api.deploy.logs.label import module_of
from modular_api.deploy.logs.settings import MERGED, LogSettings

PAGE = (
    Path(__file__).parents[2] / "docs" / "howto" / "watching-many-processes.md"
).read_text()


def test_the_commands_and_their_options_exist() -> None:
    """Each that the page names is in the command's own help."""
    said = set(re.findall(r"`(-{1,2}[a-z]+)", PAGE))
    runner = CliRunner()
    help_ = "".join(
        runner.invoke(build_cli(), ["manager", command, "--help"]).output
        for command in ("status", "logs")
    )
    assert said == {"--json", "-f", "--module", "-n"}
    assert all(option in help_ for option in said)


def test_the_line_shown_is_one_that_can_be_read_again() -> None:
    """It has the head of today's lines."""
    [block] = re.findall(r"```text\n(.+?)\n```", PAGE, flags=re.DOTALL)
    assert module_of(block) == "broker"


def test_the_files_and_their_size_are_the_ones_written() -> None:
    """Names and numbers of the defaults."""
    defaults = LogSettings()
    assert f"`{MERGED}`" in PAGE
    assert f"more than {defaults.most_bytes // 1_000_000} MB" in PAGE
    assert {5: "five"}[defaults.keep] in PAGE
