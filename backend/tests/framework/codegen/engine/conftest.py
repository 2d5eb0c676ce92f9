"""A module's folder, jobs for it, and the cheap targets."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from modular_api.codegen.job import GenerationJob, SpecDocument

# Worker processes get this process's sys.path, and import the targets by name.
sys.path.append(str(Path(__file__).parent))

from cheap_target import MakeJob


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The folder of the module `broker`, with code of its own."""
    folder = tmp_path / "broker"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "module.py").write_text("module = None\n")
    return folder


@pytest.fixture
def public_directory() -> Iterator[Path]:
    """A module's folder that another user can reach; pytest's own are private."""
    with TemporaryDirectory() as parent:
        folder = Path(parent) / "broker"
        folder.mkdir()
        for path in (Path(parent), folder):
            path.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@pytest.fixture
def make_job(directory: Path) -> MakeJob:
    """Make a job for the module: its operations, and a number that changes them."""

    def make(
        revision: int = 1,
        operations: Sequence[str] = ("op_list", "op_place"),
        *,
        module: str = "broker",
        versions: Sequence[str] = ("v1",),
    ) -> GenerationJob:
        documents = tuple(
            SpecDocument(
                version,
                json.dumps(
                    {"revision": revision, "operations": list(operations)}
                ).encode(),
            )
            for version in versions
        )
        return GenerationJob(module, directory.with_name(module), documents)

    return make
