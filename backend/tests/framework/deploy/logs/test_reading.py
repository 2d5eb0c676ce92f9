"""The last lines, the coming ones, and those of one module."""

from __future__ import annotations

from pathlib import Path

import pytest

from modular_api.deploy.logs import reading
from modular_api.deploy.logs.errors import NoLogs
from modular_api.deploy.logs.label import Label
from modular_api.deploy.logs.reading import (
    clean_logs,
    files_of,
    follow,
    follow_all,
    is_of,
    last_lines,
)
from modular_api.deploy.logs.settings import LogFormat


def line(module: str, text: str) -> str:
    return next(Label("s-0", "blue", 1, module).lines(LogFormat.TEXT, text, at=0))


EVERY = is_of([])


@pytest.mark.parametrize("part", [1, 7, 1 << 16])
@pytest.mark.parametrize("count", [0, 1, 3, 100])
def test_the_last_lines_are_found_from_the_end(
    part: int, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the file is read; a line that is being written is left for later."""
    monkeypatch.setattr(reading, "_PART", part)
    lines = [f"line {number}" for number in range(9)]
    file = tmp_path / "all.log"
    file.write_text("\n".join([*lines, "unfini"]))
    found, position = last_lines(file, count, EVERY)
    assert found == (lines[-count:] if count else [])
    assert file.read_text()[position:] == "unfini"


def test_an_empty_file_has_none(tmp_path: Path) -> None:
    """It is followed from its beginning."""
    file = tmp_path / "all.log"
    file.touch()
    assert last_lines(file, 3, EVERY) == ([], 0)


def test_one_modules_lines_are_chosen() -> None:
    """What has no label is nginx's."""
    of_broker = is_of(["broker"])
    assert of_broker(line("broker", "x"))
    assert not of_broker(line("datafeed", "x"))
    assert not of_broker("127.0.0.1 GET /")
    assert is_of(["nginx"])("127.0.0.1 GET /")


def test_files_of_nginx_are_read_where_they_are_asked_for(tmp_path: Path) -> None:
    """They are not in the merged file: nginx writes its own."""
    for name in ("all.log", "nginx-access.log", "nginx-error.log", "core-0.log"):
        (tmp_path / name).touch()

    def names(*modules: str) -> list[str]:
        return [file.name for file in files_of(tmp_path, modules)]

    assert names() == names("broker") == ["all.log"]
    assert names("nginx") == ["nginx-access.log", "nginx-error.log"]
    assert names("nginx", "broker") == ["all.log", *names("nginx")]


def test_a_folder_without_logs_is_an_error(tmp_path: Path) -> None:
    """It says what to do."""
    with pytest.raises(NoLogs, match="manager start"):
        files_of(tmp_path / "nowhere")


def test_coming_lines_are_followed_into_the_next_file(tmp_path: Path) -> None:
    """What was written before the file was put aside comes first."""
    file = tmp_path / "all.log"
    file.write_text("old\n")
    lines = follow(file, 4, EVERY)
    assert next(lines) is None
    with file.open("a") as target:
        target.write("one\nhal")
        target.flush()
        assert next(lines) == "one"
        assert next(lines) is None
        target.write("f\n")
    file.rename(tmp_path / "all.log.1")
    file.write_text("two\n")
    assert [next(lines), next(lines)] == ["half", "two"]
    lines.close()


def test_several_files_are_followed_together(tmp_path: Path) -> None:
    """Until nobody wants more."""
    files = [tmp_path / name for name in ("a.log", "b.log")]
    for file in files:
        file.write_text(f"{file.stem}\n")
    looks = iter([True] * 4 + [False] * 2)
    found = follow_all([(file, 0) for file in files], EVERY, go_on=lambda: next(looks))
    assert list(found) == ["a", "b"]


def test_logs_are_emptied_and_those_put_aside_removed(tmp_path: Path) -> None:
    """Whoever has one open goes on in it; nothing else is touched."""
    for name in ("all.log", "all.log.1", "core-0.log", "nginx.conf"):
        (tmp_path / name).write_text("old\n")
    with (tmp_path / "all.log").open("a") as writer:
        cleaned = [file.name for file in clean_logs(tmp_path)]
        writer.write("new\n")
    assert cleaned == ["all.log", "core-0.log", "all.log.1"]
    left = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert left == {"all.log": "new\n", "core-0.log": "", "nginx.conf": "old\n"}


def test_a_file_that_is_emptied_is_followed_on(tmp_path: Path) -> None:
    """From its new beginning."""
    file = tmp_path / "all.log"
    file.write_text("old\nolder\n")
    lines = follow(file, 10, EVERY)
    assert next(lines) is None
    clean_logs(tmp_path)
    with file.open("a") as target:
        target.write("new\n")
    assert next(lines) == "new"
    lines.close()
