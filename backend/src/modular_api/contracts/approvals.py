"""Breaks of the promise that somebody has looked at and let pass, for a time."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from modular_api.codegen.job import SpecKind
from modular_api.contracts.errors import CorruptApprovals, UnwritablePromise
from modular_api.contracts.names import KINDS, ContractName
from modular_api.specs.errors import CorruptSpecFile, UnwritableFolder
from modular_api.specs.store import SpecFile

_HEAD = """\
# Breaks of the promise that were looked at and let pass, each until the end of a day.
# Written by `modular-api contracts approve`; an entry may be removed by hand.
"""


@dataclass(frozen=True)
class Approval:
    """One break of one contract, let pass.

    Attributes:
        fingerprint: which change; any other one, at the same place too, is not meant.
        rule, place: what it is, for whoever reviews the file.
        until: the last day, in UTC, on which it counts.
        why: the reason, in somebody's words.
    """

    module: str
    version: str
    kind: SpecKind
    fingerprint: str
    rule: str
    place: str
    until: date
    why: str

    @property
    def contract(self) -> ContractName:
        """The contract it is about."""
        return ContractName(self.module, self.version, self.kind)

    def is_for(self, name: ContractName, fingerprint: str) -> bool:
        """Tell whether it means this change of this contract."""
        return (self.contract, self.fingerprint) == (name, fingerprint)

    def counts_on(self, day: date) -> bool:
        """Tell whether it has not expired."""
        return day <= self.until


def today_in_utc() -> date:
    """Return the day by which approvals expire, the same for everybody."""
    return datetime.now(UTC).date()


class ApprovalsFile:
    """The file of approvals: sorted, replaced whole, reviewed like code."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[Approval, ...]:
        """Return the approvals, in order; none where there is no file.

        Raises: CorruptApprovals.
        """
        try:
            content = SpecFile(self.path).read_bytes()
        except CorruptSpecFile as error:
            raise CorruptApprovals(self.path, [error.reason]) from error
        if content is None:
            return ()
        try:
            table = tomllib.loads(content.decode("utf-8"))
        except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError
            raise CorruptApprovals(self.path, [str(error)]) from error
        faults = list(_faults(table))
        if faults:
            raise CorruptApprovals(self.path, faults)
        return _in_order(Approval(**entry) for entry in table.get("approval", []))

    def write(self, approvals: Iterable[Approval]) -> bool:
        """Replace all of them in one step; tell whether the file has changed.

        Raises: UnwritablePromise.
        """
        entries = _in_order(approvals)
        if not entries and not self.path.exists():
            return False
        text = "\n".join([_HEAD, *map(_entry, entries)])
        try:
            return SpecFile(self.path).write(text.encode("utf-8"))
        except UnwritableFolder as error:
            raise UnwritablePromise(error.path, error.reason) from error


def _in_order(approvals: Iterable[Approval]) -> tuple[Approval, ...]:
    return tuple(sorted(approvals, key=_identity))


def _identity(approval: Approval) -> tuple[tuple[str, int, int], str]:
    return approval.contract.order, approval.fingerprint


def _entry(approval: Approval) -> str:
    lines = ["[[approval]]"]
    for field in fields(Approval):
        value = getattr(approval, field.name)
        shown = value.isoformat() if isinstance(value, date) else _toml_text(value)
        lines.append(f"{field.name} = {shown}")
    return "\n".join(lines) + "\n"


def _toml_text(value: str) -> str:
    """Quote a text; TOML's escapes are JSON's, but that it wants DEL escaped, too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _faults(table: dict[str, Any]) -> Iterator[str]:
    for key in table.keys() - {"approval"}:
        yield f"unknown key '{key}'; there are only [[approval]] tables"
    entries = table.get("approval", [])
    if not isinstance(entries, list):
        yield "'approval' is no list of [[approval]] tables"
        return
    seen = set()
    for number, entry in enumerate(entries, start=1):
        wrong = list(_entry_faults(entry))
        yield from (f"approval {number}: {fault}" for fault in wrong)
        if not wrong:
            identity = _identity(Approval(**entry))
            if identity in seen:
                yield f"approval {number}: '{entry['fingerprint']}' stands here twice"
            seen.add(identity)


def _entry_faults(entry: Any) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield "it is no table"
        return
    expected = {field.name for field in fields(Approval)}
    for key in sorted(expected - entry.keys()):
        yield f"'{key}' is missing"
    for key, value in entry.items():
        if key not in expected:
            yield f"unknown key '{key}'"
        elif key == "until":
            # In TOML a date with a time is another type, which Python derives from date.
            if not isinstance(value, date) or isinstance(value, datetime):
                yield f"until is {value!r}, expected a date like 2030-12-31, no quotes"
        elif not isinstance(value, str) or not value.strip():
            yield f"{key} is {value!r}, expected a text"
        elif key == "version" and not (value[:1] == "v" and value[1:].isdecimal()):
            yield f"version is {value!r}, expected one like 'v1'"
        elif key == "kind" and value not in KINDS:
            yield f"kind is {value!r}, expected one of {', '.join(KINDS)}"
