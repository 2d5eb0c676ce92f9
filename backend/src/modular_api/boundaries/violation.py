"""One import that crosses a boundary."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Violation:
    """An import that is not allowed, or a declaration that hides what is.

    Attributes:
        path: the file it stands in.
        line: counted from 1.
        importer: dotted name of that file, as it is imported.
        imported: dotted name of what it imports; empty where the file itself is at fault.
        why: the broken rule, and what to do instead.
    """

    path: Path
    line: int
    importer: str
    imported: str
    why: str

    def __str__(self) -> str:
        what = f"{self.importer} imports {self.imported}: " if self.imported else ""
        return f"{self.path}:{self.line}: {what}{self.why}"
