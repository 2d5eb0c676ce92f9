"""The page "Changing a contract" is run as it stands there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from modular_api.contracts.approvals import today_in_utc
from modular_api.contracts.policy import Override, Policy
from modular_api.project.settings import read_settings

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "changing-a-contract.md"
DAY = "2030-12-31"
"""The day on the page; while the page is run, tomorrow stands in for it."""

STEP = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", flags=re.MULTILINE)
"""A command of a console block, and what is shown below it."""


def blocks() -> list[tuple[str, str]]:
    """Return the language and the text of each code block, in order."""
    return re.findall(r"```(\w+)\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)


def run(command: str, folder: Path) -> str:
    """Run a command of the page; return what a person would see."""
    me = f"{shlex.quote(sys.executable)} -m modular_api.cli"
    done = subprocess.run(
        ["bash", "-c", f'modular-api() {{ {me} "$@"; }}\n{command}'],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    return done.stdout


def run_page(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Write the page's files and run its commands, in order.

    Yields: each command, with what the page shows and what it printed.
    """
    tomorrow = (today_in_utc() + timedelta(days=1)).isoformat()
    (folder / "pyproject.toml").write_text(
        '[tool.modular_api]\nmodules_dir = "modules"\n'
    )
    (folder / "modules" / "shop").mkdir(parents=True)
    (folder / "modules" / "shop" / "__init__.py").touch()
    for language, text in blocks():
        if language == "python":
            name, _, code = text.removeprefix("# ").partition("\n")
            (folder / name).write_text(code)
        if language == "console":
            for command, shown in STEP.findall(text):
                printed = run(command.replace(DAY, tomorrow), folder)
                yield command, shown, printed.replace(tomorrow, DAY)


@pytest.mark.slow
def test_every_command_prints_what_the_page_shows(tmp_path: Path) -> None:
    """From the first promise to the last."""
    count = 0
    for command, shown, printed in run_page(tmp_path):
        assert (
            printed == shown
        ), f"{command}; run this file as a script to mend the page"
        count += 1
    assert count == 9


def test_the_policy_on_the_page_is_one(tmp_path: Path) -> None:
    """Every key there is stands there, and every key that stands there is one."""
    [text] = [text for language, text in blocks() if language == "toml"]
    (tmp_path / "pyproject.toml").write_text(text)
    contracts = read_settings(tmp_path).contracts
    assert contracts is not None
    assert contracts.folder == tmp_path / "contracts"
    assert contracts.policy == Policy(
        overrides=(
            Override("warning", path="/internal/*"),
            Override("breaking", rule="api-operation-id-*", module="shop"),
        )
    )
    keys = tomllib.loads(text)["tool"]["modular_api"]["contracts"].keys()
    assert keys - {"folder"} == Policy.__dataclass_fields__.keys()


def rewrite_page(folder: Path) -> None:
    """Let the page show what its commands print now, with the fingerprints there are."""
    for command, shown, printed in run_page(folder):
        page = PAGE.read_text()
        page = page.replace(f"$ {command}\n{shown}", f"$ {command}\n{printed}", 1)
        fingerprints = (re.findall(r"\b[0-9a-f]{16}\b", t) for t in (shown, printed))
        for old, new in zip(*fingerprints, strict=False):
            page = page.replace(old, new)
        PAGE.write_text(page)


if __name__ == "__main__":
    # The second round approves the fingerprints the first one has found.
    for _ in range(2):
        with TemporaryDirectory() as temporary:
            rewrite_page(Path(temporary))
