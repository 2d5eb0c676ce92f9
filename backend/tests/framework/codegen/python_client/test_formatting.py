"""The formatting pipeline and its cache."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modular_api.codegen.formatting import (
    TOOLS,
    cache_key,
    format_source,
    format_through,
    pipeline_stamp,
)

RAW = """from __future__ import annotations
import os, sys
from a import (z,
   b)
from typing import Any
def f( x:Any )->str:
    unused = 1
    return sys.path[0]+ 'a' + str(b) + str(x) + 'a long text to be broken' + 'over lines'
"""


def test_the_pipeline_gives_the_bytes_of_the_three_commands(tmp_path: Path) -> None:
    """autoflake, isort and black, one after the other, on a file."""
    path = tmp_path / "raw.py"
    path.write_text(RAW)
    for command in (
        "autoflake -i --remove-all-unused-imports --remove-unused-variables",
        "isort -q --profile black",
        "black -q",
    ):
        tool, *options = command.split()
        subprocess.run([sys.executable, "-m", tool, *options, str(path)], check=True)
    assert format_source(RAW) == path.read_text()
    assert format_source(path.read_text()) == path.read_text()


def test_the_bytes_are_the_same_wherever_it_runs(tmp_path: Path) -> None:
    """A folder with our source in it makes our imports no section of their own."""
    program = (
        "from modular_api.codegen.formatting import format_source\n"
        "text = 'import modular_api.clients\\nimport attrs\\nattrs, modular_api\\n'\n"
        "print(format_source(text))\n"
    )
    source = Path(__file__).parents[4] / "src"
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            env={"PYTHONPATH": str(source)},
            cwd=folder,
            check=True,
        ).stdout
        for folder in (tmp_path, source, source.parent)
    }
    assert len(texts) == 1


def test_a_text_is_formatted_once() -> None:
    """The second time it comes out of the cache."""
    formatted: list[str] = []

    def format_file(text: str) -> str:
        formatted.append(text)
        return text.upper()

    texts: dict[str, str] = {}
    cached = format_through(texts, format_file)
    assert [cached("a"), cached("a"), cached("b")] == ["A", "A", "B"]
    assert formatted == ["a", "b"]
    assert texts == {cache_key("a"): "A", cache_key("b"): "B"}


def test_the_key_of_a_text_covers_the_tools() -> None:
    """A new version of a formatter formats everything anew."""
    assert all(f"{tool}==" in pipeline_stamp() for tool in TOOLS)
    assert cache_key("a") != cache_key("b")
    assert len(cache_key("a")) == 64


def test_what_is_no_python_is_refused() -> None:
    """By whichever tool reads it first."""
    with pytest.raises(Exception, match="parse|syntax|invalid"):
        format_source("def (:\n")


def test_nothing_heavy_is_imported_before_a_client_is_rendered() -> None:
    """A warm start imports the renderer and none of its tools."""
    program = (
        "import sys\n"
        "import modular_api.codegen.python_client.render\n"
        "import modular_api.codegen.python_client.index\n"
        "heavy = {'openapi_python_client', 'black', 'isort', 'autoflake', 'jinja2'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    source = str(Path(__file__).parents[4] / "src")
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": source},
        check=True,
    )
    assert done.stdout.strip() == "[]"
