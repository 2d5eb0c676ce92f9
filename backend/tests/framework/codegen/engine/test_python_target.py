"""The engine with the real renderer: generated, imported, made again from the cache."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cheap_target import child_environment

from modular_api.codegen.clean import clean_generated
from modular_api.codegen.engine import Engine
from modular_api.codegen.errors import GenerationFailed
from modular_api.codegen.job import GenerationJob, SpecDocument
from modular_api.codegen.parallel import map_in_processes
from modular_api.codegen.python_target import PythonClient
from modular_api.codegen.stamp import STAMP_FILE, read_stamp

HERE = Path(__file__).parent


def document_of(*operations: str) -> bytes:
    """An OpenAPI document with one GET for each name, answering an `Item`."""
    item = {
        "type": "object",
        "properties": {"name": {"type": "string"}},
        "required": ["name"],
    }
    answer = {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}}
    paths: dict[str, Any] = {
        f"/{name}": {
            "get": {
                "operationId": name,
                "responses": {"200": {"description": "It.", "content": answer}},
            }
        }
        for name in operations
    }
    document = {
        "components": {"schemas": {"Item": item}},
        "info": {"title": "Broker", "version": "1"},
        "openapi": "3.1.0",
        "paths": paths,
    }
    return json.dumps(document).encode()


def job_of(directory: Path, *contents: bytes) -> GenerationJob:
    documents = (SpecDocument(f"v{n}", text) for n, text in enumerate(contents, 1))
    return GenerationJob("broker", directory, tuple(documents))


def run_python(code: str, folder: Path) -> str:
    """Run code in a new process that finds the folder's packages."""
    code = f"import sys; sys.path[:] = {[str(folder), *sys.path]!r}\n{code}"
    ran = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    return ran.stdout.strip()


def contents_below(folder: Path) -> dict[Path, bytes]:
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.integration
def test_clients_of_both_versions_are_generated_and_imported(directory: Path) -> None:
    """And importing them loads nothing of the module's own code."""
    job = job_of(directory, document_of("list_items"), document_of("list_all"))
    Engine([PythonClient()]).generate([job])
    shown = run_python(
        "from broker.client_generated import BrokerClient, BrokerV2Client\n"
        "print(hasattr(BrokerClient, 'list_items'), hasattr(BrokerV2Client, 'list_all'),"
        " 'broker.module' in sys.modules)",
        directory.parent,
    )
    assert shown == "True True False"
    client = directory / "client_generated"
    listed = {client / path for path in read_stamp(client).files}
    assert listed == contents_below(client).keys() - {client / STAMP_FILE}


@pytest.mark.integration
@pytest.mark.slow
def test_clean_and_cache_and_parallel_formatting_leave_no_trace(
    directory: Path, tmp_path: Path
) -> None:
    """From nothing, from a full cache, and after a change and back: the same bytes."""
    names = [f"list_{number}" for number in range(12)]
    job = job_of(directory, document_of(*names))
    changed = job_of(directory, document_of(*names, "list_more"))
    cached = Engine([PythonClient()], cache_folder=tmp_path / "cache")
    Engine([PythonClient()]).generate([job])
    client = directory / "client_generated"
    first = contents_below(client)
    clean_generated(job, [PythonClient()])
    assert not client.exists()
    for step in (job, changed, job):
        summary = cached.generate([step])
        assert summary.changed
    assert contents_below(client) == first
    assert any((tmp_path / "cache").iterdir())


@pytest.mark.integration
def test_what_the_renderer_refuses_is_told_with_module_and_reason(
    directory: Path,
) -> None:
    """And the client of before stays."""
    engine = Engine([PythonClient()])
    engine.generate([job_of(directory, document_of("list_items"))])
    before = contents_below(directory)
    with pytest.raises(GenerationFailed, match="module 'broker'") as caught:
        engine.generate([job_of(directory, b'{"openapi": "3.1.0", "paths": 7}')])
    assert caught.value.details
    assert contents_below(directory) == before


@pytest.mark.integration
@pytest.mark.slow
def test_four_processes_generate_the_real_client_once(directory: Path) -> None:
    """They start together from nothing."""
    command: Sequence[str | Path] = [
        sys.executable,
        HERE / "racing_process.py",
        directory,
    ]
    racers = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=child_environment(),
        )
        for _ in range(4)
    ]
    document = document_of("list_items")
    for racer in racers:
        assert racer.stdin
        racer.stdin.write(document + b"\n")
        racer.stdin.flush()
    outcomes = [racer.communicate()[0].decode().strip() for racer in racers]
    assert sorted(outcomes)[-1] == "written"
    assert outcomes.count("written") == 1
    assert set(outcomes) <= {"written", "elsewhere", "fresh"}


def test_the_stamp_names_every_tool_of_the_pipeline(directory: Path) -> None:
    """Found without importing one of them."""
    shown = run_python(
        "from modular_api.codegen.python_target import PythonClient\n"
        "heavy = {'autoflake', 'black', 'isort', 'jinja2', 'openapi_python_client'}\n"
        "print(*PythonClient().tools(), heavy & set(sys.modules))",
        directory,
    )
    assert shown == "openapi-python-client autoflake isort black renderer set()"


def test_what_may_be_lost_is_part_of_the_stamp() -> None:
    """A shorter list is checked against the documents again."""
    some, more = frozenset({"a"}), frozenset({"a", "b"})
    stamps = [dict(PythonClient(allowed=a).tools()) for a in (frozenset(), some, more)]
    assert stamps[0] != stamps[1] != stamps[2]


def test_forked_copies_apply_the_function_in_order() -> None:
    """Whatever it closes over."""
    suffix = "!"
    texts = [str(number) for number in range(100)]
    shouted = map_in_processes(lambda text: text + suffix, texts)
    assert shouted == [f"{text}!" for text in texts]


def test_an_error_in_a_forked_copy_is_raised_here() -> None:
    """As `map` would."""
    with pytest.raises(ValueError, match="invalid literal"):
        map_in_processes(lambda text: str(int(text)), ["1"] * 20 + ["x"])
