"""From an AsyncAPI document to the formatted files of a typed socket client.

operations → models, by the generator of the REST client → facade → formatters →
models shared with the REST client → coverage gate. The same documents give the same
bytes.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from modular_api.codegen.errors import UnknownOperation
from modular_api.codegen.formatting import format_source
from modular_api.codegen.python_client.errors import (
    Finding,
    GeneratorCrash,
    GeneratorWarnings,
    IncompleteClient,
    InvalidSpecification,
)
from modular_api.codegen.python_client.losses import silent_losses
from modular_api.codegen.python_client.names import HEADER
from modular_api.codegen.python_client.normalise import normalised
from modular_api.codegen.python_client.preflight import faults
from modular_api.codegen.python_client.render import FormatFile, MapFiles
from modular_api.codegen.python_client.stand_ins import standing_in_for
from modular_api.codegen.python_socket_client.facade import (
    RUNTIME_NAMES,
    PayloadType,
    payload_type,
    render_facade,
    render_operation,
)
from modular_api.codegen.python_socket_client.models import (
    messages_of,
    models_document,
    payload_components,
)
from modular_api.codegen.python_socket_client.names import SocketNames
from modular_api.codegen.python_socket_client.operations import (
    SocketOperation,
    lost_operations,
    socket_operations,
)
from modular_api.codegen.python_socket_client.schemas import render_schemas
from modular_api.codegen.python_socket_client.shared_models import with_shared_models
from modular_api.types import Document


def render_python_socket_client(
    document: Document,
    *,
    module: str,
    version: str,
    rest_files: Mapping[str, str],
    format_file: FormatFile = format_source,
    map_files: MapFiles = map,
    allowed: frozenset[str] = frozenset(),
) -> dict[str, str]:
    """Return the files of one socket client by POSIX path below `client_generated`.

    Args:
        document: the AsyncAPI document of one module's version.
        rest_files: the REST client of this version; models that are equal there are
            imported from it.
        format_file, map_files, allowed: as for the REST client.

    Raises:
        InvalidSpecification: the document is broken, hostile or too large.
        GeneratorWarnings: the client would lose something that is not allowed.
        GeneratorCrash: the generator failed.
        IncompleteClient: the rendered files lack something of the document.
    """
    names = SocketNames(module, version)
    try:
        operations = socket_operations(document)
        address = next(iter(document["channels"].values()))["address"]
        models = models_document(document, names, operations)
    except UnknownOperation as error:
        reason = Finding(f"operation {error.operation}", error.why)
        raise InvalidSpecification(module, version, [reason]) from error
    except (KeyError, TypeError, AttributeError, IndexError, StopIteration) as error:
        reason = Finding("#", f"is no AsyncAPI document of a socket: {error!r}")
        raise InvalidSpecification(module, version, [reason]) from error
    if found := faults(models):
        raise InvalidSpecification(module, version, found)
    raw, class_names = _models(document, models, names, operations, allowed)
    types = _payload_types(document, raw, names, operations)
    carriers = {type_.carrier for type_ in types.values()}
    raw[f"{names.module_name}.py"] = render_facade(
        names, operations, types, class_names - carriers, address
    )
    for operation in operations:
        path = f"{names.package}/operations/{operation.name}.py"
        raw[path] = render_operation(operation, types)
    files = dict(zip(raw, map_files(format_file, raw.values()), strict=True))
    files[f"{names.package}/operations/__init__.py"] = HEADER
    files[f"{names.package}/schemas.py"] = render_schemas(document, operations)
    files = with_shared_models(files, rest_files, names)
    _check_complete(document, files, names)
    return dict(sorted(files.items()))


def _models(
    document: Document,
    models: Document,
    names: SocketNames,
    operations: list[SocketOperation],
    allowed: frozenset[str],
) -> tuple[dict[str, str], set[str]]:
    """Return the raw files of the models, and the names of their classes."""
    with standing_in_for("httpcore", "httpx", "ruamel.yaml", "ruamel.yaml.error"):
        from modular_api.codegen.python_client import generator

    try:
        emitted = generator.emit(normalised(models, names), names)
    except generator.Unparsable as error:
        reason = Finding("#", " ".join(str(error).split()))
        raise InvalidSpecification(names.module, names.version, [reason]) from None
    except Exception as error:
        raise GeneratorCrash(names.module, names.version, None, error) from error
    found = [*silent_losses(models), *emitted.findings]
    found += lost_operations(document, operations)
    found += _name_clashes(emitted.class_names, names)
    if lost := sorted(finding for finding in found if str(finding) not in allowed):
        raise GeneratorWarnings(names.module, names.version, lost)
    files = {
        f"{names.package}/{path}": HEADER + text
        for path, text in emitted.files.items()
        if not path.startswith("api/")
    }
    return files, set(emitted.class_names)


def _payload_types(
    document: Document,
    files: Mapping[str, str],
    names: SocketNames,
    operations: list[SocketOperation],
) -> dict[str, PayloadType]:
    from modular_api.codegen.python_client.generator import class_name

    schemas = document.get("components", {}).get("schemas", {})
    folder = f"{names.package}/models/"
    stems = {
        node.name: path.removeprefix(folder).removesuffix(".py")
        for path, text in files.items()
        if path.startswith(folder)
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef)
    }
    components = payload_components(messages_of(operations), schemas)
    return {
        key: payload_type(
            files[f"{folder}{stems[class_name(component)]}.py"],
            class_name(component),
            stems[class_name(component)],
        )
        for key, component in components.items()
    }


def _name_clashes(class_names: list[str], names: SocketNames) -> list[Finding]:
    taken = {names.class_name, *RUNTIME_NAMES}
    return [
        Finding(f"component {name}", "has a name the client itself needs")
        for name in class_names
        if name in taken
    ]


def _check_complete(
    document: Document, files: Mapping[str, str], names: SocketNames
) -> None:
    from modular_api.codegen.python_socket_client.coverage import missing

    if lacking := missing(document, files, names):
        raise IncompleteClient(names.module, names.version, lacking)
