"""Commits to compare with, in real repositories."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from modular_api.contracts.baselines.git_ref import read_git_ref
from modular_api.contracts.documents import Baseline
from modular_api.contracts.errors import NothingToCompareWith
from tests.framework.contracts.conftest import BROKER, BROKER_V2, REPORTS

AUTHOR = ["-c", "user.name=A", "-c", "user.email=a@example.com"]


class Repository:
    """A repository with a promise and modules, in a folder of it."""

    def __init__(self, root: Path, inside: str = "backend") -> None:
        self.root = root
        self.promise = root / inside / "contracts"
        self.modules = root / inside / "modules"
        root.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> None:
        """Run git, with nobody's configuration but ours."""
        subprocess.run(
            ["git", "-C", str(self.root), *AUTHOR, *arguments],
            check=True,
            capture_output=True,
            env={"PATH": "/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "/dev/null"},
        )

    def commit(self, files: dict[Path, bytes]) -> None:
        """Write files and commit everything."""
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=x")

    def spec(self, module: str, file: str) -> Path:
        """Return where a module's document lies."""
        return self.modules / module / "specs_generated" / file

    def read(self, ref: str) -> Baseline:
        """Read a commit."""
        return read_git_ref(ref, promise=self.promise, modules=[self.modules])


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository without a commit."""
    return Repository(tmp_path / "repository")


def test_what_the_code_said_in_a_commit(repository: Repository) -> None:
    """By any name git knows; the working tree does not count."""
    spec = repository.spec("broker", "broker_openapi.json")
    repository.commit({spec: b"1"})
    repository.git("tag", "v1.0")
    repository.commit({spec: b"2"})
    spec.write_bytes(b"3")
    for ref, content in (("v1.0", b"1"), ("HEAD~1", b"1"), ("main", b"2")):
        assert repository.read(ref).documents == {BROKER: content}
    assert repository.read("main").origin == "main"
    assert spec.read_bytes() == b"3"


def test_what_was_promised_stands_in_for_missing_specs(repository: Repository) -> None:
    """For each contract by itself; modules that are gone now are found, too."""
    repository.commit(
        {
            repository.spec("broker", "broker_openapi.json"): b"spec",
            repository.spec("broker", "broker_v2_openapi.json"): b"spec 2",
            repository.promise / BROKER.file_name: b"promise",
            repository.promise / REPORTS.file_name: b"promise",
            repository.promise / "README.md": b"",
            repository.modules / "broker" / "other_openapi.json": b"",
        }
    )
    assert repository.read("HEAD").documents == {
        BROKER: b"spec",
        BROKER_V2: b"spec 2",
        REPORTS: b"promise",
    }


def test_folders_may_be_gone_or_linked(repository: Repository, tmp_path: Path) -> None:
    """The commit has them, by their real path."""
    repository.commit({repository.promise / BROKER.file_name: b"1"})
    (repository.promise / BROKER.file_name).unlink()
    repository.promise.rmdir()
    link = tmp_path / "link"
    link.symlink_to(repository.root)
    for root in (repository.root, link):
        promise = root / "backend" / "contracts"
        read = read_git_ref("HEAD", promise=promise, modules=[])
        assert read.documents == {BROKER: b"1"}


def test_the_root_itself_may_hold_the_modules(tmp_path: Path) -> None:
    """And a name may need quoting."""
    repository = Repository(tmp_path / "a repository", inside=".")
    spec = repository.root / "broker" / "specs_generated" / "broker_openapi.json"
    repository.commit({spec: b"1", repository.root / "é\n'.txt": b""})
    read = read_git_ref("HEAD", promise=repository.promise, modules=[repository.root])
    assert read.documents == {BROKER: b"1"}


@pytest.mark.parametrize(
    "ref", ["nope", "main:x", "--help", "-x", "main..main", "^main"]
)
def test_an_unknown_ref_is_refused(repository: Repository, ref: str) -> None:
    """What looks like an option is none."""
    repository.commit({repository.promise / BROKER.file_name: b"1"})
    with pytest.raises(
        NothingToCompareWith, match="no commit of the repository"
    ) as caught:
        repository.read(ref)
    assert caught.value.against == ref


def test_a_commit_without_documents_is_refused(repository: Repository) -> None:
    """Against nothing, everything would pass as new."""
    repository.commit({repository.root / "README.md": b""})
    with pytest.raises(NothingToCompareWith, match="no specs_generated"):
        repository.read("HEAD")


def test_outside_of_a_repository_there_are_no_refs(tmp_path: Path) -> None:
    """What git says is told."""
    with pytest.raises(NothingToCompareWith, match="not a git repository"):
        read_git_ref("main", promise=tmp_path / "contracts", modules=[])
