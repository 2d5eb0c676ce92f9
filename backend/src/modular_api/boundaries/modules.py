"""The rule between modules: they meet in generated clients they declare, nowhere else."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from modular_api.boundaries.sources import SourceFile, read_sources
from modular_api.boundaries.violation import Violation

GENERATED_CLIENT = "client_generated"


class UnreadableUses(ValueError):
    """A module's `uses` is computed, so it cannot be known without running the module."""

    def __init__(self, path: Path, line: int) -> None:
        self.path = path
        self.line = line
        super().__init__(
            f"{path}:{line}: `uses` is not a literal list of names; write it as one, "
            'like uses=["datafeed"]'
        )


def module_violations(*folders: Path) -> list[Violation]:
    """Return every import by which a module reaches into another one, sorted.

    Allowed is only `client_generated` of a module named in the importer's `uses`.
    Tests of a module count as the module. Modules are the packages in `folders`.
    """
    modules = [module for folder in folders for module in _modules_in(folder.resolve())]
    return sorted(
        violation
        for module in modules
        for violation in _violations_of(module, [m for m in modules if m != module])
    )


def declared_uses(module_directory: Path) -> frozenset[str]:
    """Return the names in `uses` of a module, from the text of its `module.py`.

    Raises: UnreadableUses: it is not a literal; SyntaxError: the file is no Python.
    """
    path = module_directory / "module.py"
    if not path.is_file():
        return frozenset()
    return frozenset(
        name
        for call in _declarations(ast.parse(path.read_bytes()))
        for keyword in call.keywords
        if keyword.arg == "uses"
        for name in _literal_names(keyword.value, path)
    )


@dataclass(frozen=True)
class _Module:
    directory: Path
    package: str  # the dotted name of the folder the modules are in

    @property
    def name(self) -> str:
        return self.directory.name


def _modules_in(folder: Path) -> list[_Module]:
    package = ".".join(_package_parts(folder))
    return [
        _Module(entry, package)
        for entry in sorted(folder.iterdir())
        if not entry.name.startswith(("_", "."))
        and ((entry / "__init__.py").is_file() or (entry / "module.py").is_file())
    ]


def _package_parts(folder: Path) -> tuple[str, ...]:
    """Return the folder's name below the packages it is in: `("trading_api", "modules")`."""
    if (folder.parent / "__init__.py").is_file():
        return (*_package_parts(folder.parent), folder.name)
    return (folder.name,)


def _violations_of(module: _Module, others: list[_Module]) -> Iterator[Violation]:
    try:
        uses = declared_uses(module.directory)
    except UnreadableUses as error:
        why = str(error).removeprefix(f"{error.path}:{error.line}: ")
        importer = f"{module.package}.{module.name}.module"
        yield Violation(error.path, error.line, importer, "", why)
        return
    except SyntaxError:
        uses = frozenset()  # reading the sources reports it
    name = f"{module.package}.{module.name}"
    for source in read_sources(module.directory, name):
        if isinstance(source, Violation):
            yield source
        else:
            yield from _reaching_out(source, others, uses)
            yield from _taking_all(source, module.package)


def _taking_all(source: SourceFile, package: str) -> Iterator[Violation]:
    why = "the folder of the modules leads to all of them; import one module's client"
    for imported in source.imports:
        if imported.target == package:
            yield source.violation(imported, why)


def _reaching_out(
    source: SourceFile, others: list[_Module], uses: frozenset[str]
) -> Iterator[Violation]:
    by_folder = {
        (tuple(other.directory.parent.parts[1:]), other.name): other for other in others
    }
    seen = set()
    for imported in source.imports:
        found = _find(imported.target, by_folder)
        if found is None:
            continue
        other, rest = found
        why = _why_not(other.name, rest, uses)
        if why and (imported.line, other) not in seen:
            seen.add((imported.line, other))
            yield source.violation(imported, why)


def _find(
    target: str, others: Mapping[tuple[tuple[str, ...], str], _Module]
) -> tuple[_Module, tuple[str, ...]] | None:
    """Return the module a dotted name leads into, and what follows the module's name.

    What stands before the module's name is compared with the end of its folder's path,
    so `trading_api.modules.x`, `src.trading_api.modules.x` and `modules.x` all count:
    which of them works depends on sys.path alone.
    """
    parts = tuple(target.split("."))
    for (folder, name), other in others.items():
        for at, part in enumerate(parts):
            if at and part == name and parts[:at] == folder[-at:]:
                return other, parts[at + 1 :]
    return None


def _why_not(other: str, rest: tuple[str, ...], uses: frozenset[str]) -> str | None:
    if rest[:1] != (GENERATED_CLIENT,):
        return (
            f"modules never import one another; call '{other}' through its "
            f"{GENERATED_CLIENT}, and name it in `uses`"
        )
    if other not in uses:
        return f"'{other}' is not in this module's `uses`; name it there"
    return None


def _declarations(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls that may be the declaration: `Module(...)`, `modular_api.Module(...)`."""
    names = {"Module"} | {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name == "Module" and alias.asname
    }
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in names:
                yield node
            case ast.Call(func=ast.Attribute(attr="Module")):
                yield node


def _literal_names(node: ast.expr, path: Path) -> list[str]:
    match node:
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            values = [e.value for e in elements if isinstance(e, ast.Constant)]
            names = [value for value in values if isinstance(value, str)]
            if len(names) == len(elements):
                return names
    raise UnreadableUses(path, node.lineno)
