"""From an OpenAPI document to the formatted files of a typed client.

preflight → normalised copy → openapi-python-client → facade → formatters →
coverage gate. Only a temporary folder is written, nothing from the document is ever
executed, and the same document gives the same bytes.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from modular_api.codegen.formatting import format_source
from modular_api.codegen.python_client.errors import (
    Finding,
    GeneratorCrash,
    GeneratorWarnings,
    IncompleteClient,
    InvalidSpecification,
)
from modular_api.codegen.python_client.facade import (
    client_class_names,
    method_sources,
    render_facade,
)
from modular_api.codegen.python_client.losses import silent_losses
from modular_api.codegen.python_client.names import HEADER, ClientNames
from modular_api.codegen.python_client.normalise import normalised
from modular_api.codegen.python_client.operations import (
    ClientOperation,
    client_operations,
)
from modular_api.codegen.python_client.preflight import faults
from modular_api.codegen.python_client.security import security_schemes
from modular_api.codegen.python_client.stand_ins import standing_in_for
from modular_api.types import Document

FormatFile = Callable[[str], str]


class MapFiles(Protocol):
    """Applies a function to texts, in order: `map`, or an executor's `map`."""

    def __call__(
        self, function: FormatFile, texts: Iterable[str], /
    ) -> Iterable[str]: ...


def render_python_client(
    document: Document,
    *,
    module: str,
    version: str,
    format_file: FormatFile = format_source,
    map_files: MapFiles = map,
    allowed: frozenset[str] = frozenset(),
) -> dict[str, str]:
    """Return the files of one client by POSIX path below `client_generated`.

    Args:
        document: the OpenAPI document of one module's version, paths without prefix.
        format_file: formats one text, for example through a cache.
        map_files: applies `format_file`; an executor's `map` formats in parallel.
        allowed: findings that may be lost, each as GeneratorWarnings prints it.

    Raises:
        InvalidSpecification: the document is broken, hostile or too large.
        GeneratorWarnings: the client would lose something that is not allowed.
        GeneratorCrash: the generator failed.
        IncompleteClient: the rendered files lack something of the document.
    """
    names = ClientNames(module, version)
    if found := faults(document):
        raise InvalidSpecification(module, version, found)
    raw, waived = _generate(document, names, allowed)
    files = raw.formatted(format_file, map_files)
    _check_complete(document, files, names, waived)
    return dict(sorted(files.items()))


class _Raw:
    """A client before it is formatted."""

    def __init__(
        self,
        names: ClientNames,
        package_files: Mapping[str, str],
        methods: list[str],
        finish_facade: Callable[[Iterable[str]], str],
    ) -> None:
        self._names = names
        self._files = {
            f"{names.package}/{path}": HEADER + text
            for path, text in package_files.items()
        }
        self._methods = methods
        self._finish_facade = finish_facade

    def formatted(self, format_file: FormatFile, map_files: MapFiles) -> dict[str, str]:
        raw = [*self._files.values(), *self._methods]
        try:
            texts = list(map_files(format_file, raw))
        except Exception:
            # A formatter that gets invalid Python does not say in which file.
            self._check_syntax()
            raise
        count = len(self._files)
        files = dict(zip(self._files, texts[:count], strict=True))
        files[f"{self._names.module_name}.py"] = self._finish_facade(texts[count:])
        files["py.typed"] = HEADER
        return files

    def _check_syntax(self) -> None:
        methods = ((self._names.module_name, text) for text in self._methods)
        found: list[Finding] = []
        for where, text in (*self._files.items(), *methods):
            try:
                ast.parse(text)
            except SyntaxError as error:
                found.append(Finding(where, f"is no Python: {error}"))
        if found:
            raise IncompleteClient(self._names.module, self._names.version, found)


def _generate(
    document: Document, names: ClientNames, allowed: frozenset[str]
) -> tuple[_Raw, set[str]]:
    """Return the raw files, and which parts of the document they may lack."""
    # The generator takes 0.3 s to import, so it is imported only when it is needed.
    with standing_in_for("httpcore", "httpx", "ruamel.yaml", "ruamel.yaml.error"):
        from modular_api.codegen.python_client import generator

    copy = normalised(document, names)
    try:
        emitted = generator.emit(copy, names)
    except generator.Unparsable as error:
        reason = Finding("#", " ".join(str(error).split()))
        raise InvalidSpecification(names.module, names.version, [reason]) from None
    except Exception as error:
        operation = generator.crashing_operation(copy, names)
        raise GeneratorCrash(names.module, names.version, operation, error) from error
    found = [*silent_losses(document), *emitted.findings]
    operations = client_operations(emitted.endpoints)
    found += _name_clashes(emitted.class_names, names)
    found += _headers_clashes(emitted.class_names, operations)
    if lost := sorted(finding for finding in found if str(finding) not in allowed):
        raise GeneratorWarnings(names.module, names.version, lost)

    def finish_facade(methods: Iterable[str]) -> str:
        schemes = security_schemes(document)
        return render_facade(names, operations, methods, emitted.class_names, schemes)

    methods = [method_sources(operation) for operation in operations]
    raw = _Raw(names, emitted.files, methods, finish_facade)
    return raw, {place for finding in emitted.findings for place in finding.places}


def _name_clashes(class_names: list[str], names: ClientNames) -> list[Finding]:
    return [
        Finding(f"component {name}", "has a name the client itself needs")
        for name in class_names
        if name in client_class_names(names)
    ]


def _headers_clashes(
    class_names: list[str], operations: Sequence[ClientOperation]
) -> list[Finding]:
    """Find names that operations need for the method and class of their headers."""
    found = []
    methods = {operation.name for operation in operations}
    for operation in operations:
        if operation.headers is None:
            continue
        why = f"has a name that the headers of '{operation.name}' need"
        if operation.headers in class_names:
            found.append(Finding(f"component {operation.headers}", why))
        if (variant := f"{operation.name}_with_headers") in methods:
            found.append(Finding(f"operation {variant}", why))
    return found


def _check_complete(
    document: Document,
    files: Mapping[str, str],
    names: ClientNames,
    waived: set[str],
) -> None:
    from modular_api.codegen.python_client.coverage import missing

    if lacking := missing(document, files, names, waived=waived):
        raise IncompleteClient(names.module, names.version, lacking)
