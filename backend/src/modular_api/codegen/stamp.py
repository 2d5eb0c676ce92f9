"""The stamp: a record, beside generated files, of what they were generated from.

It is committed with them and is the same on every machine: it holds no time, no path.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from modular_api.codegen.errors import UnsafePath
from modular_api.codegen.paths import check_path

log = logging.getLogger(__name__)

STAMP_FILE = "generated.json"
_ABOUT = "Written with the files it lists, which are generated: do not edit."
_FORMAT = 1


class StampState(StrEnum):
    """How far a stamp can be trusted."""

    COMPLETE = "complete"
    INTERRUPTED = "interrupted"
    """The files may be a mix of old and new: replacing them was interrupted."""
    MISSING = "missing"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Stamp:
    """What a folder was generated from, and what was written there.

    Attributes:
        documents: SHA-256 of each document, by its file name.
        tools: version of every tool that affects the result.
        files: SHA-256 of each generated file, by its path in the folder.
    """

    documents: Mapping[str, str] = field(default_factory=dict)
    tools: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    state: StampState = StampState.COMPLETE

    def interrupted(self, before: Stamp) -> Stamp:
        """Return the stamp that is in place while the files of `before` are replaced.

        It lists the files of both, so that none is forgotten if the process dies.
        """
        files = {**before.files, **self.files}
        return replace(self, files=files, state=StampState.INTERRUPTED)

    def to_bytes(self) -> bytes:
        """Return the text of the stamp: one entry a line, sorted, for small diffs."""
        content: dict[str, Any] = {
            "about": _ABOUT,
            "format": _FORMAT,
            "state": self.state.value,
            "documents": dict(sorted(self.documents.items())),
            "tools": dict(sorted(self.tools.items())),
            "files": dict(sorted(self.files.items())),
        }
        return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def read_stamp(folder: Path) -> Stamp:
    """Read the stamp of a folder; if it is missing or damaged, its state says so."""
    path = folder / STAMP_FILE
    try:
        return _parse(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return Stamp(state=StampState.MISSING)
    except (OSError, ValueError, UnsafePath) as error:
        log.warning("%s is unreadable, so its folder is stale: %s", path, error)
        return Stamp(state=StampState.UNREADABLE)


def _parse(content: bytes) -> Stamp:
    try:
        read = json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(read, dict) or read.get("format") != _FORMAT:
        raise ValueError(f"it is not of format {_FORMAT}")
    state = StampState(str(read.get("state")))
    if state not in (StampState.COMPLETE, StampState.INTERRUPTED):
        raise ValueError(f"a stamp is never written in state '{state.value}'")
    files = _table(read, "files")
    for path in files:  # what a stamp lists may be removed later
        check_path(path, "the folder of the stamp")
    return Stamp(
        documents=_table(read, "documents"),
        tools=_table(read, "tools"),
        files=files,
        state=state,
    )


def _table(read: Mapping[str, Any], key: str) -> dict[str, str]:
    table = read.get(key)
    if not isinstance(table, dict) or not all(
        isinstance(value, str) for value in table.values()
    ):
        raise ValueError(f"'{key}' is not a table of texts")
    return table
