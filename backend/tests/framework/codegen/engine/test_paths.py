"""Nothing a renderer or a spec says leads out of the folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from modular_api.codegen.errors import UnsafePath
from modular_api.codegen.job import GenerationJob, SpecDocument
from modular_api.codegen.paths import check_no_links, check_path, check_paths


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../x.py",
        "_broker/../../x.py",
        "./x.py",
        "_broker//x.py",
        "_broker/",
        "..",
        "a\\..\\..\\x.py",
        "C:/x.py",
        "x\0.py",
        "x\n.py",
        "x\x1b[31m.py",
        "x\u202e.py",
        "\ud800.py",
        "__pycache__/x.pyc",
        "x" * 256,
    ],
)
def test_an_unsafe_path_is_refused(path: str) -> None:
    """The error names the path and the folder."""
    with pytest.raises(UnsafePath) as caught:
        check_path(path, "client_generated")
    assert caught.value.path == path
    assert "client_generated" in str(caught.value)


@pytest.mark.parametrize("path", ["x.py", "_broker/api/orders.py", "größe.py", "a b"])
def test_a_plain_path_is_accepted(path: str) -> None:
    """Folders, Unicode and spaces are fine."""
    check_path(path, "client_generated")


@pytest.mark.parametrize(
    "paths",
    [["Order.py", "order.py"], ["models.py", "models.py/x.py"], ["A/b.py", "a/B.py"]],
)
def test_paths_that_cannot_exist_side_by_side_are_refused(paths: list[str]) -> None:
    """Some file systems take upper and lower case for one."""
    with pytest.raises(UnsafePath):
        check_paths(paths, "client_generated")


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """Writing through it would land somewhere else."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "client_generated").symlink_to("elsewhere")
    with pytest.raises(UnsafePath, match="symbolic link"):
        check_no_links(tmp_path, "client_generated/_broker/x.py")


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    """The message names it, where the system would say ENOTDIR much later."""
    (tmp_path / "client_generated").write_text("")
    with pytest.raises(UnsafePath, match="is not a folder"):
        check_no_links(tmp_path, "client_generated/x.py")


def test_a_link_above_the_module_is_none_of_our_business(tmp_path: Path) -> None:
    """Where the modules lie is the user's to arrange."""
    (tmp_path / "real" / "broker" / "client_generated").mkdir(parents=True)
    (tmp_path / "modules").symlink_to("real")
    check_no_links(tmp_path / "modules" / "broker", "client_generated/x.py")


@pytest.mark.parametrize("module", ["../../x", "", "a/b", "a.b", "a-b", "a\0b"])
def test_a_module_name_that_is_no_identifier_is_refused(module: str) -> None:
    """It becomes part of file names."""
    with pytest.raises(UnsafePath):
        GenerationJob(module, Path(), ())


@pytest.mark.parametrize("version", ["", "v0", "1", "v1/../..", "v1\n", "latest"])
def test_a_version_that_is_no_version_is_refused(version: str) -> None:
    """It becomes part of file names, too."""
    with pytest.raises(UnsafePath):
        GenerationJob("broker", Path(), (SpecDocument(version, b"{}"),))
