"""What is kept on disk of every process, so that the next manager knows its own.

`<server>-<index>.pid` holds the number of the process that serves, and nothing else;
who that is stands beside it, in `<server>-<index>.<slot>.json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from modular_api.deploy.manager.errors import BadRecord
from modular_api.deploy.manager.processes.health import Address
from modular_api.deploy.manager.processes.identity import Identity
from modular_api.whole_files import replace_file


@dataclass(frozen=True)
class ProcessRecord:
    """One process of ours.

    Attributes:
        name: `<server>-<index>`; `nginx` for the gateway.
        slot: `blue` or `green`; `only` for the gateway.
        address: where it listens.
        health: where it answers for itself alone; None for the gateway.
        control: the Unix socket on which it hands its listening socket over.
        detached: it outlives its manager.
        restarts: how often the instance was started again.
        fingerprint: of what the process was told, as in `plan.fingerprint`; of the
            configuration it has read, for the gateway.
    """

    name: str
    slot: str
    identity: Identity
    address: Address
    health: Address | None = None
    control: str | None = None
    modules: tuple[str, ...] = ()
    detached: bool = False
    started_at: float = 0.0
    restarts: int = 0
    fingerprint: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as data for a file."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Any) -> ProcessRecord:
        """Read what `to_json` returned. Raises: TypeError, KeyError, ValueError."""
        known = {field.name for field in fields(cls)}
        if not isinstance(data, dict):
            raise TypeError("it is no object")
        if unknown := data.keys() - known:
            raise ValueError(f"unknown keys {sorted(unknown)}")
        values = {
            **data,
            "identity": Identity(**data["identity"]),
            "address": _address(data["address"]),
            "modules": tuple(data["modules"]),
        }
        if data["health"] is not None:
            values["health"] = _address(data["health"])
        return cls(**values)


class Records:
    """The folder of the files; made when the first is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def pid_file(self, name: str) -> Path:
        """Return where the number of the serving process stands."""
        return self.folder / f"{name}.pid"

    def write(self, record: ProcessRecord) -> None:
        """Keep a record in place of the slot's last one."""
        text = json.dumps(record.to_json(), indent=2) + "\n"
        # With its token anybody could have the process's listening socket.
        file = self._file(record.name, record.slot)
        replace_file(file, text.encode(), mode=0o600)

    def remove(self, name: str, slot: str) -> None:
        """Forget a process that has ended."""
        self._file(name, slot).unlink(missing_ok=True)

    def write_pid(self, name: str, pid: int) -> None:
        """Say which process serves."""
        replace_file(self.pid_file(name), f"{pid}\n".encode())

    def read_pid(self, name: str) -> int | None:
        """Return which process serves; None where the file does not say."""
        try:
            text = self.pid_file(name).read_text().strip()
        except OSError:
            return None
        return int(text) if text.isdigit() else None

    def remove_pid(self, name: str) -> None:
        """Say that none does."""
        self.pid_file(name).unlink(missing_ok=True)

    def __iter__(self) -> Iterator[ProcessRecord]:
        """Read every record. Raises: BadRecord."""
        for path in sorted(self.folder.glob("*.*.json")):
            try:
                yield ProcessRecord.from_json(json.loads(path.read_text()))
            except FileNotFoundError:  # its process has ended just now
                continue
            except (OSError, ValueError, TypeError, KeyError) as error:
                raise BadRecord(path, f"{type(error).__name__}: {error}") from error

    def _file(self, name: str, slot: str) -> Path:
        return self.folder / f"{name}.{slot}.json"


def _address(value: Any) -> Address:
    host, port = value
    return str(host), int(port)
