"""Nothing becomes nginx's configuration that nginx refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from modular_api.app.pages import AppPages, Assets, Page
from modular_api.deploy.nginx import BadNginxConfig, NginxMissing, write_nginx_config
from modular_api.deploy.nginx.pages import file_of, write_pages

needs_nginx = pytest.mark.skipif(
    shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
    is None,
    reason="nginx is not installed",
)


def good(folder: Path, more: str = "") -> str:
    """A configuration nginx accepts."""
    return (
        f'daemon off; pid "{folder}/nginx.pid"; error_log "{folder}/error.log";\n'
        f"events {{ worker_connections 16; }}\n{more}\n"
    )


@needs_nginx
def test_a_good_configuration_is_written_once(tmp_path: Path) -> None:
    """The second time there is nothing to do, so nothing is reloaded."""
    file = tmp_path / "conf" / "nginx.conf"
    assert write_nginx_config(good(tmp_path), file) is True
    stamp = file.stat().st_mtime_ns
    assert write_nginx_config(good(tmp_path), file) is False
    assert file.stat().st_mtime_ns == stamp


@needs_nginx
def test_a_bad_one_never_replaces_a_good_one(tmp_path: Path) -> None:
    """A misspelt directive is told with its line, and no half of it stays behind."""
    file = tmp_path / "conf" / "nginx.conf"
    write_nginx_config(good(tmp_path), file)
    with pytest.raises(BadNginxConfig, match="wroker_processes") as refused:
        write_nginx_config(good(tmp_path, "wroker_processes 1;"), file)
    assert str(file) in str(refused.value)
    assert file.read_text() == good(tmp_path)
    assert [path.name for path in file.parent.iterdir()] == ["nginx.conf"]


def test_without_nginx_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could not be tested; the error says how to get one."""
    monkeypatch.setattr("modular_api.deploy.nginx.gate._PLACES", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NginxMissing, match="make install"):
        write_nginx_config(good(tmp_path), tmp_path / "nginx.conf")
    assert list(tmp_path.iterdir()) == []


def test_pages_that_are_the_same_are_left_alone(tmp_path: Path) -> None:
    """And those that differ are replaced as a whole."""
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "a.js").write_text("1")
    folder = tmp_path / "pages"

    def write(body: str) -> tuple[int, int]:
        page = Page("/api/v1/docs", "text/html", body)
        write_pages(AppPages((page,), (Assets("/api/v1/docs/assets", assets),)), folder)
        files = ("/api/v1/docs", "/api/v1/docs/assets/a.js")
        first, second = (file_of(folder, path).stat().st_ino for path in files)
        return first, second

    first = write("one")
    assert write("one") == first
    assert write("two")[1] == first[1]
    assert file_of(folder, "/api/v1/docs").read_text() == "two"
