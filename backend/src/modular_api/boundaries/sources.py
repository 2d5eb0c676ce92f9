"""The Python files below a folder, by the names they are imported as."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from modular_api.boundaries.imports import Import, imports_in
from modular_api.boundaries.violation import Violation


@dataclass(frozen=True)
class SourceFile:
    """A file that could be read.

    Attributes:
        name: dotted; a package's `__init__.py` has the package's name.
    """

    path: Path
    name: str
    imports: list[Import]

    def violation(self, imported: Import, why: str) -> Violation:
        """Return what is wrong with one of its imports."""
        return Violation(self.path, imported.line, self.name, imported.target, why)


def read_sources(folder: Path, name: str) -> Iterator[SourceFile | Violation]:
    """Yield each Python file below `folder`, whose own dotted name is `name`.

    A file that cannot be parsed comes as a violation: it hides what it imports.
    """
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        dotted = ".".join([name, *(parts[:-1] if is_package else parts)])
        package = dotted if is_package else dotted.rpartition(".")[0]
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            yield Violation(path, line, dotted, "", f"cannot be parsed: {error}")
        else:
            yield SourceFile(path, dotted, imports_in(tree, package))
