"""What a process wrote last, and whether it was a complaint."""

from __future__ import annotations

import re
from pathlib import Path

_LAST_BYTES = 10_000
_LAST_LINES = 20
_ORDINARY = re.compile(r'[ "](INFO|DEBUG)[ "]', re.IGNORECASE)
"""The level of a line that is no complaint, in text and in JSON."""


def last_words(files: tuple[Path, Path], pid: int) -> str:
    """Return the last complaints of a process, from the first file that has any.

    Before it has a log everything it writes is one. A log holds the lines of others,
    too; those of the process name it, and many of them only tell of its work.
    """
    raw, log = files
    lines = _last_lines(raw)
    if not lines:
        own = [line for line in _last_lines(log) if f"[{pid}]" in line]
        lines = [line for line in own if not _ORDINARY.search(line)]
    return "\n".join(lines[-_LAST_LINES:])


def _last_lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _LAST_BYTES))
            return file.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return []
