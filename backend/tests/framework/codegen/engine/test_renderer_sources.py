"""A stamp is fresh only while nothing has changed that can change what is rendered."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from modular_api.codegen import python_target
from modular_api.codegen.typescript_client import targets

SRC = Path(python_target.__file__).parents[2]
CODEGEN = SRC / "modular_api" / "codegen"


@pytest.mark.parametrize(
    ("sources", "start"),
    [
        (
            python_target.SOURCES,
            [
                *CODEGEN.glob("python_client/*.py"),
                *CODEGEN.glob("python_socket_client/*.py"),
                CODEGEN / "python_target.py",
            ],
        ),
        (targets.REST_SOURCES, [CODEGEN / "typescript_client" / "rest.py"]),
        (targets.SOCKET_SOURCES, [CODEGEN / "typescript_client" / "socket.py"]),
    ],
    ids=["python", "typescript rest", "typescript socket"],
)
def test_a_renderers_sources_are_all_that_it_imports(
    sources: Collection[Path], start: Collection[Path]
) -> None:
    """The renderer itself and everything of ours that it imports, however far away."""
    assert all(source.exists() for source in sources)
    missing = [
        file.relative_to(SRC).as_posix()
        for file in sorted(imported(start))
        if not any(file.is_relative_to(source) for source in sources)
    ]
    assert missing == []


def imported(start: Collection[Path]) -> set[Path]:
    """Return the files and all files of modular_api they import, directly or not."""
    found: set[Path] = set()
    pending = list(start)
    while pending:
        file = pending.pop()
        if file not in found:
            found.add(file)
            names = imported_names(ast.parse(file.read_text("utf-8")))
            candidates = (SRC.joinpath(*n.split(".")).with_suffix(".py") for n in names)
            pending += [candidate for candidate in candidates if candidate.is_file()]
    return found


def imported_names(tree: ast.AST) -> Iterator[str]:
    """Yield what is imported when the code runs, modules and names in them alike."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        yield from imported_names(node)
