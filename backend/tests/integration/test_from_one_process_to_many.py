"""The page "From one process to many" is run as it stands there, line by line."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from modular_api.deploy.config.models import DeploymentConfig, ServerConfig
from modular_api.deploy.nginx.errors import NginxMissing
from modular_api.deploy.nginx.gate import find_nginx

pytestmark = pytest.mark.integration

BACKEND = Path(__file__).parents[2]
PAGE = BACKEND.parent / "docs" / "howto" / "from-one-process-to-many.md"
MODULES = BACKEND / "examples" / "hello_modular" / "modules"
LONGEST_S = 60

STEP = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", flags=re.MULTILINE)
"""A command of a console block, and what is shown below it."""


def blocks() -> list[tuple[str, str]]:
    """Return the language and the text of each code block, in order."""
    return re.findall(r"```(\w+)\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """The project of the page; whatever it has started is stopped."""
    try:
        find_nginx()
    except NginxMissing as missing:
        pytest.skip(str(missing))
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(MODULES, tmp_path / "modules", ignore=ignore)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.modular_api]\nmodules_dir = "modules"\n'
    )
    yield tmp_path
    run(
        "modular-api manager stop; modular-api kill --pid-file .local/one.pid", tmp_path
    )


def run(command: str, folder: Path) -> str:
    """Run a command of the page; return what a person would see."""
    me = f"{shlex.quote(sys.executable)} -m modular_api.cli"
    output = folder / "output.txt"
    with output.open("w") as file:  # no pipe: a process in the background would keep it
        subprocess.run(
            ["bash", "-c", f'modular-api() {{ {me} "$@"; }}\n{command}'],
            cwd=folder,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "160"},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            timeout=LONGEST_S,
        )
    return output.read_text()


def a_hundred_ports() -> int:
    """Return the first of a hundred ports; those the page uses are free."""
    for number in range(40):
        first = 20000 + (os.getpid() + number) % 40 * 100
        try:
            for offset in (0, 10, 11, 20):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", first + offset))
        except OSError:
            continue
        return first
    raise AssertionError("no ports are free")


def pattern_of(shown: str) -> str:
    """Return a regular expression for what is shown: `…` stands for anything, and so
    does the width of a column."""
    words = (re.escape(part) for part in re.split(r"\s*…\s*|  +", shown.rstrip()))
    gaps = re.findall(r"\s*…\s*|  +", shown.rstrip())
    parts = [next(words)]
    for gap, word in zip(gaps, words, strict=True):
        parts += [".*" if "…" in gap else r"\s+", word]
    return "".join(parts) + r"\s*"


@pytest.mark.slow  # twenty commands, each a process, and a dozen servers
def test_every_line_does_what_the_page_shows(project: Path) -> None:
    """From one process to a process a module, to two, and elsewhere."""
    first = a_hundred_ports()

    def here(text: str) -> str:
        return re.sub(r"\b80(\d\d)\b", lambda m: str(first + int(m[1])), text)

    count = 0
    for language, text in blocks():
        if language == "yaml":
            assert (project / "dev-config.yaml").read_text() == here(text)
        if language == "console":
            for command, shown in STEP.findall(text):
                printed = run(here(command), project).splitlines()
                expected = here(shown).splitlines()
                log = project / ".local" / "logs" / "manager.log"
                context = log.read_text() if log.exists() else ""
                assert len(printed) == len(expected), (command, printed, context)
                for line, pattern in zip(
                    printed, map(pattern_of, expected), strict=True
                ):
                    assert re.fullmatch(pattern, line), (
                        command,
                        line,
                        pattern,
                        context,
                    )
                count += 1
    assert count == 19


def keys_of(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield every key of a configuration, the way the page names it."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if name == "servers":
            yield from keys_of(ServerConfig, "servers.<name>.")
        elif isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from keys_of(kind, f"{name}.")
        else:
            yield f"{prefix}{name}"


def test_every_key_is_on_the_page() -> None:
    """And no key stands there that does not exist."""
    rows = re.findall(r"^\| (`.+?) \|", PAGE.read_text(), flags=re.MULTILINE)
    told = set()
    for row in rows:
        names = re.findall(r"`([^`]+)`", row)
        prefix = names[0].rpartition(".")[0]
        told |= {n if "." in n or not prefix else f"{prefix}.{n}" for n in names}
    assert told == set(keys_of(DeploymentConfig))
