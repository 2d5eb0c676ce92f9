"""What a file imports: by statement or by call, absolutely or relatively."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

IMPORTING_CALLS = frozenset(
    {
        "__import__",
        "builtins.__import__",
        "importlib.__import__",
        "importlib.import_module",
        "importlib.util.find_spec",
        "pkgutil.resolve_name",
        "runpy.run_module",
    }
)
"""Functions whose first argument names a module."""


@dataclass(frozen=True)
class Import:
    """One imported thing.

    Attributes:
        line: counted from 1.
        module: absolute dotted name of the module that is loaded.
        name: what is taken from it (a submodule or an attribute), or None where the
            module as a whole is meant.
        dynamic: imported by a call with a constant name, not by a statement.
    """

    line: int
    module: str
    name: str | None = None
    dynamic: bool = False

    @property
    def target(self) -> str:
        """The dotted name with what is taken from it: `a.b` for `from a import b`."""
        return f"{self.module}.{self.name}" if self.name else self.module


def imports_in(tree: ast.AST, package: str) -> list[Import]:
    """Return everything a parsed file imports, in the order of its lines.

    A call counts where its argument is a constant: a string, strings joined by `+` or
    an f-string without variables. What is computed at run time cannot be seen here.

    Args:
        package: the package relative imports start from; for an `__init__.py` its own.
    """
    names = _origins(tree)
    found = [
        imported
        for node in ast.walk(tree)
        for imported in _imports_of(node, package, names)
    ]
    return sorted(found, key=lambda imported: (imported.line, imported.target))


def _imports_of(
    node: ast.AST, package: str, names: Mapping[str, str]
) -> Iterator[Import]:
    match node:
        case ast.Import(names=aliases):
            for alias in aliases:
                yield Import(node.lineno, alias.name)
        case ast.ImportFrom(module=module, names=aliases, level=level):
            source = _absolute("." * level + (module or ""), package)
            for alias in aliases:
                name = None if alias.name == "*" else alias.name
                yield Import(node.lineno, source, name)
        case ast.Call(func=function) if _origin(function, names) in IMPORTING_CALLS:
            imported = _called_module(node, package)
            if imported:
                yield Import(node.lineno, imported, dynamic=True)


def _called_module(call: ast.Call, package: str) -> str | None:
    """Return the absolute name a call like `import_module(name, package)` loads."""
    arguments = dict(enumerate(call.args))
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    name = _constant(arguments.get(0) or keywords.get("name"))
    level = arguments.get(4) or keywords.get("level")
    if not isinstance(name, str):
        return None
    if isinstance(level, ast.Constant) and isinstance(level.value, int):
        name = "." * level.value + name
    base = _constant(arguments.get(1) or keywords.get("package"))
    # `a.b:c` is how pkgutil.resolve_name writes an attribute.
    return _absolute(name.partition(":")[0], base or package)


def _absolute(name: str, package: str) -> str:
    """Resolve leading dots as Python does; too many of them lead out of every package."""
    relative = name.lstrip(".")
    level = len(name) - len(relative)
    if not level:
        return name
    parts = package.split(".")
    parents = parts[: len(parts) - level + 1] if level <= len(parts) else []
    return ".".join([*parents, relative] if relative else parents)


def _constant(node: ast.AST | None) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = _constant(left), _constant(right)
            return None if first is None or second is None else first + second
        case ast.JoinedStr(values=values):
            parts = [_constant(value) for value in values]
            return None if None in parts else "".join(part or "" for part in parts)
    return None


def _origins(tree: ast.AST) -> dict[str, str]:
    """Map names of this file to what they stand for: `{"load": "importlib.import_module"}`."""
    origins = {"__import__": "__import__"}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    first = alias.name.partition(".")[0]
                    origins[alias.asname or first] = (
                        alias.name if alias.asname else first
                    )
            case ast.ImportFrom(module=str(module), names=aliases, level=0):
                for alias in aliases:
                    origins[alias.asname or alias.name] = f"{module}.{alias.name}"
    return origins


def _origin(function: ast.expr, names: Mapping[str, str]) -> str:
    match function:
        case ast.Name(id=name):
            return names.get(name, "")
        case ast.Attribute(value=value, attr=attribute):
            return f"{_origin(value, names)}.{attribute}"
    return ""
