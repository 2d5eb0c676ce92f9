"""Defaults in pyproject.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from modular_api.contracts.policy import Override, Policy
from modular_api.project.errors import BadSettings
from modular_api.project.settings import ContractSettings, Settings, read_settings


def write(folder: Path, text: str) -> Path:
    """Write a pyproject.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "pyproject.toml"
    file.write_text(text)
    return file


def test_the_root_is_the_files_folder(tmp_path: Path) -> None:
    """From wherever in the project it was read."""
    write(tmp_path, "[tool.modular_api]\n")
    (tmp_path / "deep").mkdir()
    assert read_settings(tmp_path / "deep").root == tmp_path


def test_without_a_table_the_root_is_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defaults that are relative still mean some folder."""
    monkeypatch.chdir(tmp_path)
    assert Settings().root == tmp_path


def test_without_a_file_there_are_no_defaults(tmp_path: Path) -> None:
    """Nothing is made up."""
    write(tmp_path, "")  # stops the walk upwards
    assert read_settings(tmp_path) == Settings()


def test_a_file_without_the_table_is_left_alone(tmp_path: Path) -> None:
    """Other tools' tables are none of ours."""
    write(tmp_path, '[tool.other]\napp = "x:y"\n')
    assert read_settings(tmp_path) == Settings()


def test_the_nearest_file_above_counts(tmp_path: Path) -> None:
    """The command works from any folder of a project."""
    write(tmp_path, "[tool.modular_api]\nport = 1\n")
    write(tmp_path / "inner", "[tool.modular_api]\nport = 2\n")
    deep = tmp_path / "inner" / "src" / "deep"
    deep.mkdir(parents=True)
    settings = read_settings(deep)
    assert (settings.port, settings.folder) == (2, tmp_path / "inner")


def test_every_key_is_read(tmp_path: Path) -> None:
    """Values arrive as what the commands work with."""
    write(
        tmp_path,
        '[tool.modular_api]\napp = "main:app"\nmodules = ["a", "b"]\n'
        'host = "::1"\nport = 0\nallowed_losses = ["webhook a: is lost"]\n',
    )
    assert read_settings(tmp_path) == Settings(
        folder=tmp_path,
        app="main:app",
        modules=("a", "b"),
        host="::1",
        port=0,
        allowed_losses=("webhook a: is lost",),
    )


def test_a_relative_folder_is_relative_to_the_file(tmp_path: Path) -> None:
    """Wherever the command was called."""
    write(tmp_path, '[tool.modular_api]\nmodules_dir = "modules"\n')
    (tmp_path / "modules").mkdir()
    (tmp_path / "deep").mkdir()
    assert read_settings(tmp_path / "deep").modules_dir == tmp_path / "modules"


def test_the_folder_of_typescript_clients_is_relative_to_the_file(
    tmp_path: Path,
) -> None:
    """It lies outside of the project as often as not; it need not exist."""
    write(tmp_path, '[tool.modular_api]\ntypescript = "../web/generated"\n')
    assert read_settings(tmp_path).typescript == tmp_path / "../web/generated"
    write(tmp_path, "[tool.modular_api]\ntypescript = true\n")
    with pytest.raises(BadSettings, match="typescript is True, expected the folder"):
        read_settings(tmp_path)


def test_a_dotted_name_without_such_a_folder_is_a_package(tmp_path: Path) -> None:
    """Folders of modules may be named as packages."""
    write(tmp_path, '[tool.modular_api]\nmodules_dir = "shop.modules"\n')
    assert read_settings(tmp_path).modules_dir == "shop.modules"


def test_everything_wrong_is_told_at_once_with_file_and_key(tmp_path: Path) -> None:
    """Unknown keys, wrong types and contradictions."""
    file = write(
        tmp_path,
        '[tool.modular_api]\napp = "main:app"\nmodules_dir = "modules"\nmodlues = 1\n'
        'modules = "a,b"\nport = 70000\nhost = 3\n',
    )
    with pytest.raises(BadSettings) as caught:
        read_settings(tmp_path)
    assert caught.value.file == file
    assert len(caught.value.faults) == 5
    text = str(caught.value)
    assert str(file) in text
    assert "unknown key 'modlues'; there are: app, modules_dir" in text
    assert "modules is 'a,b', expected a list of names" in text
    assert "port is 70000, expected a number from 0 to 65535" in text
    assert "host is 3, expected an address" in text
    assert "app and modules_dir exclude each other" in text


@pytest.mark.parametrize("port", ["true", '"8000"', "-1", "80.0"])
def test_a_port_is_a_whole_number_in_range(tmp_path: Path, port: str) -> None:
    """In TOML `true` is no 1."""
    write(tmp_path, f"[tool.modular_api]\nport = {port}\n")
    with pytest.raises(BadSettings, match="port is"):
        read_settings(tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[tool.modular_api\n", "line 1"),
        ("tool.modular_api = 3\n", "no table"),
        ("\x00", "cannot be read"),
    ],
)
def test_a_broken_file_is_told_with_the_place(
    tmp_path: Path, text: str, told: str
) -> None:
    """A typed error, not one of the TOML parser."""
    file = write(tmp_path, text)
    with pytest.raises(BadSettings) as caught:
        read_settings(tmp_path)
    assert str(file) in str(caught.value)
    assert told in str(caught.value)


def test_the_table_of_contracts_is_read(tmp_path: Path) -> None:
    """Its folder is relative to the file, and beside it unless something else is said."""
    write(tmp_path, "[tool.modular_api.contracts]\n")
    contracts = read_settings(tmp_path).contracts
    assert contracts == ContractSettings(tmp_path / "contracts", Policy())
    write(
        tmp_path,
        '[tool.modular_api.contracts]\nfolder = "promise"\nfail_on = "warning"\n'
        'tier = "json"\nnotice_days = 30\nat_start = "refuse"\n'
        'overrides = [{ path = "/internal/*", level = "docs" }]\n',
    )
    override = Override("docs", path="/internal/*")
    assert read_settings(tmp_path).contracts == ContractSettings(
        tmp_path / "promise",
        Policy("warning", "json", (override,), "refuse", notice_days=30),
    )


def test_everything_wrong_with_the_contracts_is_told(tmp_path: Path) -> None:
    """With the table it is in."""
    write(
        tmp_path,
        '[tool.modular_api.contracts]\nfolder = ""\nfail_on = "x"\nnotice_days = true\n'
        'overrides = [{ level = "docs" }]\n',
    )
    with pytest.raises(BadSettings) as caught:
        read_settings(tmp_path)
    assert len(caught.value.faults) == 4
    assert all(fault.startswith("contracts: ") for fault in caught.value.faults)
    write(tmp_path, "[tool.modular_api]\ncontracts = 1\n")
    with pytest.raises(BadSettings, match="contracts is 1, expected a table"):
        read_settings(tmp_path)
