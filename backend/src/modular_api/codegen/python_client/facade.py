"""The module with a client's classes: `broker_client.py`.

The head is written the way the formatters would format it. Methods are formatted one by
one, so that the cache of formatted texts serves all but the operation that changed.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from modular_api.codegen.python_client.docstrings import for_docstring
from modular_api.codegen.python_client.imports import imported_name
from modular_api.codegen.python_client.literals import literal
from modular_api.codegen.python_client.names import HEADER, ClientNames
from modular_api.codegen.python_client.normalise import TAG
from modular_api.codegen.python_client.operations import (
    ClientOperation,
    Parameter,
)
from modular_api.types import module_prefix

_VALUES = ("UNSET", "File", "Unknown", "Unset")
"""Names of `modular_api.clients.types` that users need besides the models."""

_WIDTH = 84
"""Length of a line of code without the four columns a method is indented by."""

_ASYNC_CLASS = "class _Async:\n"
_SYNC_CLASS = "\n\nclass _Sync:\n"


def method_sources(operation: ClientOperation) -> str:
    """Return an operation's two methods, unformatted, in two classes of their own.

    They are laid out as black would, unless a line is too long: black is twice as fast
    on code that it need not change.
    """
    methods = (_methods(operation, "async ", "await "), _methods(operation, "", ""))
    first, second = (textwrap.indent(method, "    ") for method in methods)
    # Black infers the Python version from this import, as it does in the whole file.
    future = "from __future__ import annotations\n\n\n"
    return f"{future}{_ASYNC_CLASS}{first}{_SYNC_CLASS}{second}"


def render_facade(
    names: ClientNames,
    operations: Sequence[ClientOperation],
    formatted_methods: Iterable[str],
    class_names: Sequence[str],
    schemes: Mapping[str, Mapping[str, str]],
) -> str:
    """Return the module, formatted.

    Args:
        formatted_methods: the result of `method_sources` for each operation, formatted.
        schemes: the arguments of each security scheme, by its name.
    """
    pairs = [_split(source, names.package) for source in formatted_methods]
    asynchronous = "".join(f"\n{first}" for first, _ in pairs)
    synchronous = "\n".join(second for _, second in pairs)
    return (
        _head(names, operations, class_names, schemes)
        + _client_class(names, schemes)
        + asynchronous
        + _sync_class(names)
        + (f"\n{synchronous}" if synchronous else "")
    )


def client_class_names(names: ClientNames) -> frozenset[str]:
    """Return the names the module needs for itself, which no model may have."""
    return frozenset({names.class_name, names.sync_class_name, *_VALUES})


def _methods(operation: ClientOperation, asynchronous: str, wait: str) -> str:
    """Return the methods of one operation, not indented."""
    if operation.framing:
        return _stream_method(operation, "" if asynchronous else "Sync")
    plain = _method(operation, asynchronous, wait)
    if not operation.headers:
        return plain
    return plain + "\n" + _headers_method(operation, asynchronous, wait)


def _method(operation: ClientOperation, asynchronous: str, wait: str) -> str:
    head = _bracketed(
        f"{asynchronous}def {operation.name}",
        _signature(operation),
        f" -> {operation.returns}:",
        indent=0,
    )
    call = _bracketed(
        f"return {wait}self._call",
        [_request(operation), "_operation.parse"],
        "",
        indent=4,
    )
    return f"{head}\n{_docstring(operation)}{_import(operation)}    {call}\n"


def _headers_method(operation: ClientOperation, asynchronous: str, wait: str) -> str:
    """Return the variant of an operation that also returns its answer's headers."""
    head = _bracketed(
        f"{asynchronous}def {operation.name}_with_headers",
        _signature(operation),
        f" -> _Answer[{operation.returns}, {operation.headers}]:",
        indent=0,
    )
    docstring = f'    """Like `{operation.name}`, with the headers of the answer."""\n'
    arguments = [_request(operation), "_operation.parse", "_operation.parse_headers"]
    call = _bracketed(f"return {wait}self._call_with_headers", arguments, "", indent=4)
    return f"{head}\n{docstring}{_import(operation)}    {call}\n"


def _stream_method(operation: ClientOperation, kind: str) -> str:
    head = _bracketed(
        f"def {operation.name}",
        _signature(operation),
        f" -> {kind}ItemStream[{operation.returns}]:",
        indent=0,
    )
    arguments = [
        _request(operation),
        "_operation.parse",
        "_operation.parse_item",
        f'"{operation.framing}"',
    ]
    call = _bracketed("return self._stream", arguments, "", indent=4)
    return f"{head}\n{_docstring(operation)}{_import(operation)}    {call}\n"


def _request(operation: ClientOperation) -> str:
    request = _bracketed(
        "_operation.request",
        [f"{parameter.name}={parameter.name}" for parameter in operation.parameters],
        ",",
        indent=8,
    )
    return request.removesuffix(",")


def _import(operation: ClientOperation) -> str:
    return f"    from ._package.api.{TAG} import {operation.module} as _operation\n\n"


def _bracketed(head: str, items: Sequence[str], tail: str, *, indent: int) -> str:
    """Return items in brackets: all on one line if it is short, else one per line."""
    line = f"{head}({', '.join(items)}){tail}"
    if not items or ("\n" not in line and indent + len(line) <= _WIDTH):
        return line
    margin = " " * indent
    lines = "".join(f"{margin}    {item},\n" for item in items)
    return f"{head}(\n{lines}{margin}){tail}"


def _signature(operation: ClientOperation) -> list[str]:
    required = [f"{p.name}: {p.type}" for p in operation.parameters if p.required]
    optional = [_optional(p) for p in operation.parameters if not p.required]
    star = ["*"] if optional else []
    return ["self", *required, *star, *optional]


def _optional(parameter: Parameter) -> str:
    # Not the server's default, which the server may change.
    return f"{parameter.name}: {parameter.type} = UNSET"


def _docstring(operation: ClientOperation) -> str:
    text = for_docstring(operation.description)
    told = [p for p in operation.parameters if p.description]
    if told:
        text = "\n\n".join(filter(None, (text, _arguments(told))))
    if operation.errors:
        raises = f"Raises: {', '.join(operation.errors)}."
        text = "\n\n".join(filter(None, (text, textwrap.fill(raises, 80))))
    if not text:
        return ""
    end = "\n" if "\n" in text else ""
    return textwrap.indent(f'"""{text}{end}"""\n', "    ")


def _arguments(parameters: Sequence[Parameter]) -> str:
    """Return the docstring section that describes the parameters."""
    lines = ["Args:"]
    for parameter in parameters:
        first, *rest = for_docstring(
            f"{parameter.name}: {parameter.description}"
        ).split("\n")
        lines.append(f"    {first}")
        lines += [f"        {line}" if line else "" for line in rest]
    return "\n".join(lines)


def _split(formatted: str, package: str) -> tuple[str, str]:
    """Return the bodies of the two classes of formatted `method_sources`."""
    first, _, second = formatted.partition(_SYNC_CLASS)
    bodies = (first.partition(_ASYNC_CLASS)[2].rstrip("\n") + "\n", second.lstrip("\n"))
    asynchronous, synchronous = (
        body.replace(
            f"from ._package.api.{TAG} import", f"from .{package}.api.{TAG} import"
        )
        for body in bodies
    )
    return asynchronous, synchronous


def _head(
    names: ClientNames,
    operations: Sequence[ClientOperation],
    class_names: Sequence[str],
    schemes: Mapping[str, Mapping[str, str]],
) -> str:
    exported = sorted({*client_class_names(names), *class_names})
    return f'''{HEADER}"""Typed client of module `{names.module}`, {names.version}."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from modular_api.clients.client import ModuleClient as _ModuleClient
from modular_api.clients.client import SyncModuleClient as _SyncModuleClient
{_schemes_import(schemes)}from modular_api.clients.types import UNSET, File, Unknown, Unset
from modular_api.lazy import lazy_attributes as _lazy_attributes

if TYPE_CHECKING:
{_type_imports(names, operations, class_names)}
__all__ = [
{"".join(f'    "{name}",' + chr(10) for name in exported)}]

if not TYPE_CHECKING:
    # The models are imported when they are first used.
    __getattr__ = _lazy_attributes(
        __package__,
        dict.fromkeys(__all__, ".{names.package}.models"),
        module=__name__,
    )
'''


def _type_imports(
    names: ClientNames,
    operations: Sequence[ClientOperation],
    class_names: Sequence[str],
) -> str:
    """Return the imports of the types in signatures, in isort's order."""
    types = " ".join(operation.types for operation in operations)
    words = set(re.findall(r"\w+", types))
    statements = {
        statement.strip()
        for operation in operations
        for statement in operation.imports
        if not statement.startswith(("from .", "from typing"))
        and imported_name(statement) in words
    }
    if any(operation.headers for operation in operations):
        statements.add("from modular_api.clients.answers import Answer as _Answer")
    typing_names = sorted(words & {"Any", "Literal"})
    if typing_names:
        statements.add(f"from typing import {', '.join(typing_names)}")
    plain = sorted(s for s in statements if s.startswith("import "))
    froms = sorted(s for s in statements if s.startswith("from "))
    blocks = ["".join(f"    {s}\n" for s in (*plain, *froms))]
    headers = sorted(
        f"    from .{names.package}.api.{TAG}.{o.module} import {o.headers}\n"
        for o in operations
        if o.headers
    )
    if class_names:
        models = "".join(f"        {name},\n" for name in sorted(class_names))
        own = f"    from .{names.package}.models import (\n{models}    )\n"
        blocks.append("".join(headers) + own)
    elif headers:
        blocks.append("".join(headers))
    return "\n".join(filter(None, blocks)) or "    pass\n"


def _schemes_import(schemes: Mapping[str, Mapping[str, str]]) -> str:
    if not schemes:
        return ""
    place = "modular_api.clients.credentials"
    return f"from {place} import SecurityScheme as _SecurityScheme\n"


def _security_schemes(schemes: Mapping[str, Mapping[str, str]]) -> str:
    if not schemes:
        return ""
    lines = "".join(
        f"        {literal(name)}: _SecurityScheme("
        + ", ".join(f"{key}={literal(value)}" for key, value in arguments.items())
        + "),\n"
        for name, arguments in sorted(schemes.items())
    )
    return f"    security_schemes = {{\n{lines}    }}\n"


def _client_class(names: ClientNames, schemes: Mapping[str, Mapping[str, str]]) -> str:
    return f'''

class {names.class_name}(_ModuleClient):
    """Calls module `{names.module}`, {names.version}."""

    module_name = "{names.module}"
    api_version = "{names.version}"
    prefix = "{module_prefix(names.module, names.version)}"
{_security_schemes(schemes)}
    @cached_property
    def sync(self) -> {names.sync_class_name}:
        """The same operations for plain code, without `await`."""
        return {names.sync_class_name}(self)
'''


def _sync_class(names: ClientNames) -> str:
    return f'''

class {names.sync_class_name}(_SyncModuleClient):
    """Calls module `{names.module}`, {names.version}, without `await`."""
'''
