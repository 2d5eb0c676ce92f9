"""A tree that cannot be written: an error where generating was asked for, else `off`."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from cheap_target import CheapTarget, MakeJob, without_root

from modular_api.codegen.engine import Engine
from modular_api.codegen.errors import UnwritableTree
from modular_api.codegen.job import GenerationJob


@pytest.fixture
def job(public_directory: Path, make_job: MakeJob) -> GenerationJob:
    """A stale module in a folder that may not be written."""
    public_directory.chmod(0o555)
    return replace(make_job(), directory=public_directory)


def test_generating_was_asked_for_so_it_is_an_error(
    job: GenerationJob, tmp_path: Path
) -> None:
    """It is found out before anything is rendered."""
    renders = tmp_path / "renders"
    with without_root(), pytest.raises(UnwritableTree, match="Make it writable"):
        Engine([CheapTarget(renders)]).generate([job])
    assert not renders.exists()


def test_nobody_asked_so_one_line_is_logged(
    job: GenerationJob, caplog: pytest.LogCaptureFixture
) -> None:
    """One for all modules; the app starts."""
    other = replace(job, module="datafeed", directory=job.directory / "datafeed")
    engine = Engine([CheapTarget()], tolerate_unwritable=True)
    with without_root(), caplog.at_level(logging.WARNING):
        summary = engine.generate([job, other])
    assert [module.outcome for module in summary.modules] == ["unwritable"] * 2
    (record,) = caplog.records
    assert "generation is off" in record.getMessage()


def test_fresh_files_in_a_read_only_tree_need_no_word(
    public_directory: Path, make_job: MakeJob, caplog: pytest.LogCaptureFixture
) -> None:
    """Reading is enough: no lock, no staging, no log."""
    job = replace(make_job(), directory=public_directory)
    Engine([CheapTarget()]).generate([job])
    public_directory.chmod(0o555)
    with without_root(), caplog.at_level(logging.WARNING):
        summary = Engine([CheapTarget()]).generate([job])
    assert summary.modules[0].outcome == "fresh"
    assert caplog.records == []
