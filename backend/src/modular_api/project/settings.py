"""Defaults from `[tool.modular_api]` in the nearest pyproject.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modular_api.contracts.policy import Policy, policy_faults, policy_of
from modular_api.project.errors import BadSettings

PROMISE_FOLDER = "contracts"
"""Where the promise lies unless something else is written down: beside the file."""


@dataclass(frozen=True)
class ContractSettings:
    """`[tool.modular_api.contracts]`: where the promise lies, and what may break it.

    Attributes:
        folder: of the promise.
    """

    folder: Path
    policy: Policy


@dataclass(frozen=True)
class Settings:
    """What a project has written down; every key may be missing.

    Attributes:
        allowed_losses: what generated clients may lack where the commands make the app
            of `modules_dir`; an app of its own gives them to its factory.
        folder: where the file stands; None where no file has the table.
    """

    folder: Path | None = None
    app: str | None = None
    modules_dir: Path | str | None = None
    modules: tuple[str, ...] | None = None
    host: str | None = None
    port: int | None = None
    contracts: ContractSettings | None = None
    typescript: Path | None = None
    allowed_losses: tuple[str, ...] = ()

    @property
    def root(self) -> Path:
        """The project's folder: the current one where no file has the table."""
        return self.folder or Path.cwd()


def read_settings(start: Path) -> Settings:
    """Read the nearest pyproject.toml, from `start` upwards.

    Relative folders in it mean the file's own folder.

    Raises: BadSettings: with every key and value that is wrong.
    """
    file = _nearest_pyproject(start)
    table = _read_table(file) if file else None
    if file is None or table is None:
        return Settings()
    faults = list(_faults(table))
    if faults:
        raise BadSettings(file, faults)
    for key in ("allowed_losses", "modules"):
        if key in table:
            table[key] = tuple(table[key])
    if "modules_dir" in table:
        table["modules_dir"] = folder_or_package(table["modules_dir"], file.parent)
    if "typescript" in table:
        table["typescript"] = file.parent / table["typescript"]
    if "contracts" in table:
        table["contracts"] = _contracts_of(table["contracts"], file.parent)
    return Settings(folder=file.parent, **table)


def _contracts_of(table: dict[str, Any], base: Path) -> ContractSettings:
    rest = {key: value for key, value in table.items() if key != "folder"}
    folder = base / table.get("folder", PROMISE_FOLDER)
    return ContractSettings(folder, policy_of(rest))


def folder_or_package(value: str, base: Path) -> Path | str:
    """Tell a folder, relative to `base`, from the dotted name of a package."""
    folder = base / value
    looks_dotted = value.replace(".", "_").isidentifier()
    return value if looks_dotted and not folder.is_dir() else folder


def _nearest_pyproject(start: Path) -> Path | None:
    start = start.resolve()
    files = (folder / "pyproject.toml" for folder in (start, *start.parents))
    return next((file for file in files if file.is_file()), None)


def _read_table(file: Path) -> dict[str, Any] | None:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # TOMLDecodeError, UnicodeDecodeError
        raise BadSettings(file, [f"the file cannot be read: {error}"]) from error
    table = document.get("tool", {}).get("modular_api")
    if table is not None and not isinstance(table, dict):
        raise BadSettings(file, ["it is no table"])
    return table


def _faults(table: dict[str, Any]) -> list[str]:
    faults = []
    for key, value in table.items():
        if key not in _EXPECTED:
            known = ", ".join(_EXPECTED)
            faults.append(f"unknown key '{key}'; there are: {known}")
        elif not _EXPECTED[key][0](value):
            faults.append(f"{key} is {value!r}, expected {_EXPECTED[key][1]}")
    if isinstance(contracts := table.get("contracts"), dict):
        faults += [f"contracts: {fault}" for fault in _contracts_faults(contracts)]
    if "app" in table and "modules_dir" in table:
        faults.append("app and modules_dir exclude each other; remove one")
    return faults


def _contracts_faults(table: dict[str, Any]) -> Iterator[str]:
    if not _is_text(table.get("folder", PROMISE_FOLDER)):
        yield f"folder is {table['folder']!r}, expected a folder"
    rest = {key: value for key, value in table.items() if key != "folder"}
    yield from policy_faults(rest)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_list_of_text(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _is_port(value: object) -> bool:
    return type(value) is int and 0 <= value <= 65535


_EXPECTED: dict[str, tuple[Callable[[object], bool], str]] = {
    "app": (_is_text, "'module:attribute'"),
    "modules_dir": (_is_text, "a folder or the name of a package"),
    "modules": (_is_list_of_text, "a list of names"),
    "host": (_is_text, "an address"),
    "port": (_is_port, "a number from 0 to 65535"),
    "contracts": (_is_table, "a table"),
    "typescript": (_is_text, "the folder of the TypeScript clients"),
    "allowed_losses": (_is_list_of_text, "a list of lines of the error"),
}
