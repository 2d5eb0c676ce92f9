"""Cleaning removes what was generated, and nothing else."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from cheap_target import CheapTarget, MakeJob

from modular_api.codegen.clean import clean_generated
from modular_api.codegen.engine import Engine
from modular_api.codegen.errors import UnsafePath
from modular_api.codegen.stamp import STAMP_FILE


def test_cleaning_undoes_a_generation(make_job: MakeJob, directory: Path) -> None:
    """The module's own code is what is left."""
    Engine([CheapTarget()]).generate([make_job(versions=["v1", "v2"])])
    removed = clean_generated(make_job(), [CheapTarget()])
    assert {path.name for path in directory.iterdir()} == {"__init__.py", "module.py"}
    assert "specs_generated/broker_v2_openapi.json" in removed
    assert f"client_generated/{STAMP_FILE}" in removed


def test_cleaning_keeps_what_was_written_by_hand(
    make_job: MakeJob, directory: Path
) -> None:
    """Beside clients and documents; an edited client is still a generated one."""
    Engine([CheapTarget()]).generate([make_job()])
    mine = directory / "client_generated" / "_broker" / "mine.py"
    mine.write_text("mine")
    (directory / "client_generated" / "broker_client.py").write_text("edited")
    (directory / "specs_generated" / "notes.md").write_text("mine")
    clean_generated(make_job(), [CheapTarget()])
    assert {path.name for path in directory.rglob("*") if path.is_file()} == {
        "__init__.py",
        "module.py",
        "mine.py",
        "notes.md",
    }
    assert not (directory / "client_generated" / "__init__.py").exists()


def test_a_folder_without_a_readable_stamp_is_left_alone(
    make_job: MakeJob, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody can tell what was generated there."""
    Engine([CheapTarget()]).generate([make_job()])
    (directory / "client_generated" / STAMP_FILE).write_text("?")
    with caplog.at_level(logging.WARNING):
        removed = clean_generated(make_job(), [CheapTarget()])
    assert removed == ["specs_generated/broker_openapi.json"]
    assert (directory / "client_generated" / "broker_client.py").exists()
    assert "no readable stamp" in caplog.text


def test_a_stamp_cannot_make_it_remove_anything_outside(
    make_job: MakeJob, directory: Path, tmp_path: Path
) -> None:
    """Through a folder that became a link since."""
    Engine([CheapTarget()]).generate([make_job()])
    elsewhere = tmp_path / "elsewhere"
    (directory / "client_generated" / "_broker").rename(elsewhere)
    (directory / "client_generated" / "_broker").symlink_to(elsewhere)
    with pytest.raises(UnsafePath):
        clean_generated(make_job(), [CheapTarget()])
    assert (elsewhere / "op_list.py").exists()


def test_cleaning_twice_and_cleaning_nothing_is_fine(make_job: MakeJob) -> None:
    """There is nothing to say."""
    assert clean_generated(make_job(), [CheapTarget()]) == []
    assert clean_generated(make_job(module="nowhere"), [CheapTarget()]) == []


def test_everything_comes_back_as_it_was(make_job: MakeJob, directory: Path) -> None:
    """From clean to the byte."""
    engine = Engine([CheapTarget()])
    engine.generate([make_job()])
    client = directory / "client_generated"
    before = {p: p.read_bytes() for p in client.rglob("*") if p.is_file()}
    clean_generated(make_job(), [CheapTarget()])
    engine.generate([make_job()])
    assert {p: p.read_bytes() for p in client.rglob("*") if p.is_file()} == before
