"""Which files are watched, and what counts as a change."""

from __future__ import annotations

from pathlib import Path

import pytest

from modular_api.project.source import AppSource
from modular_api.serving.source_files import (
    changed_files,
    source_folders,
    take_snapshot,
)
from tests.framework.conftest import Project


def changes_by(folder: Path, path: Path) -> list[str]:
    """Write a file and return what changed."""
    before = take_snapshot([folder])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("new = 1\n")
    return list(changed_files(before, take_snapshot([folder])))


def test_new_changed_and_removed_files_are_changes(tmp_path: Path) -> None:
    """A folder dropped in or taken out has to be noticed as well."""
    file = tmp_path / "quotes" / "module.py"
    assert changes_by(tmp_path, file) == [str(file)]
    before = take_snapshot([tmp_path])
    file.write_text("longer = 12345\n")
    after = take_snapshot([tmp_path])
    assert changed_files(before, after) == [str(file)]
    file.unlink()
    assert changed_files(after, take_snapshot([tmp_path])) == [str(file)]


@pytest.mark.parametrize(
    "path",
    [
        "quotes/client_generated/quotes_client.py",
        "quotes/specs_generated/x.py",
        ".local/x.py",
        "quotes/__pycache__/x.py",
        "quotes/notes.txt",
    ],
)
def test_what_a_start_writes_itself_is_no_change(tmp_path: Path, path: str) -> None:
    """Or it would restart for ever."""
    assert changes_by(tmp_path, tmp_path / path) == []


def test_an_environment_in_the_folder_is_passed_over(tmp_path: Path) -> None:
    """Thousands of files nobody edits."""
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "pyvenv.cfg").write_text("")
    assert changes_by(tmp_path, tmp_path / "env" / "lib" / "x.py") == []


def test_nothing_done_is_no_change(tmp_path: Path) -> None:
    """Two looks at the same files are equal."""
    (tmp_path / "a.py").write_text("")
    assert changed_files(take_snapshot([tmp_path]), take_snapshot([tmp_path])) == []


def test_a_folder_of_modules_is_watched(tmp_path: Path) -> None:
    """The folder itself."""
    assert source_folders(AppSource(modules_dir=tmp_path)) == [tmp_path]


def test_a_package_is_watched_from_its_top(project: Project) -> None:
    """Without importing it: its code may be what is broken."""
    top = project.write("watched_shop/__init__.py", "1 / 0\n").parent
    project.write("watched_shop/main.py", "")
    folders = (project.folder,)
    for source in (
        AppSource(app="watched_shop.main:app", import_folders=folders),
        AppSource(modules_dir="watched_shop.modules", import_folders=folders),
    ):
        assert source_folders(source) == [top]


def test_a_single_file_is_watched_with_its_folder(project: Project) -> None:
    """A main.py has its modules beside it."""
    project.write("main.py", "")
    source = AppSource(app="main:app", import_folders=(project.folder,))
    assert source_folders(source) == [project.folder]


def test_an_unknown_package_is_no_error_here(project: Project) -> None:
    """The command that serves tells it better."""
    assert source_folders(AppSource(app="nowhere.main:app")) == []
