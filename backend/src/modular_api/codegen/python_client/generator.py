"""Run openapi-python-client.

It runs in this process, on the normalised copy of a document and with our templates,
and writes to a temporary folder, from which the files are read.
"""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from types import CodeType
from typing import Any

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from openapi_python_client import Project
from openapi_python_client.config import ClassOverride, Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.parser.properties.schemas import Class
from openapi_python_client.schema.untrusted_string import UntrustedString
from openapi_python_client.strings import ClassName, PythonIdentifier

from modular_api.codegen.python_client import document as documents
from modular_api.codegen.python_client import reserved
from modular_api.codegen.python_client.ambiguity import told_apart_models
from modular_api.codegen.python_client.consequences import folded
from modular_api.codegen.python_client.errors import Finding
from modular_api.codegen.python_client.name_conflicts import distinct_names
from modular_api.codegen.python_client.names import ClientNames
from modular_api.codegen.python_client.normalise import TAG
from modular_api.codegen.python_client.parameters import (
    defaults_of_operations,
    whole_paths_of_operations,
)
from modular_api.codegen.python_client.properties import our_properties
from modular_api.codegen.python_client.property_types import OpenEnumProperty
from modular_api.codegen.python_client.security import security_of_operations
from modular_api.codegen.python_client.shallow_copies import shallow_copies
from modular_api.codegen.python_client.shared_literals import holders_of_literals
from modular_api.codegen.python_client.template_functions import (
    template_globals,
    unsendable_body,
)
from modular_api.types import Document

_FIELD_PREFIX = "field_"
_WARNED_OPERATION = re.compile(r"WARNING parsing (.+) within \w+\.(.*)", re.DOTALL)
_PARAMETER = re.compile(r"cannot parse parameter of endpoint \S+: (?=parameter ')")
_ANSWER = re.compile(
    r"Cannot parse response for status code \S+ \((answer .+)\), "
    r"response will be omitted from generated client"
)
_WARNED_SCHEMA = re.compile(r"Unable to parse schema /components/schemas/(.+)")
_WARNED_MODEL = re.compile(r"Unable to process schema /components/schemas/(.+):")
_REMOVAL = " Failure to process schema has resulted in the removal of:"
_REPLACED = frozenset({"client.py", "errors.py"})


@dataclass(frozen=True)
class Emitted:
    """The result of the generator for one document.

    Attributes:
        files: unformatted text by path below the package.
        endpoints: the parsed operations, for the facade.
        class_names: names of every model and enum.
        findings: its warnings, and names that collide.
    """

    files: dict[str, str]
    endpoints: list[Endpoint]
    class_names: list[str]
    findings: list[Finding]


class Unparsable(Exception):
    """The generator cannot parse the document as OpenAPI."""


def emit(document: Document, names: ClientNames) -> Emitted:
    """Run the generator on a normalised document.

    Raises:
        Unparsable: it is not an OpenAPI document.
        Exception: the generator failed.
    """
    with tempfile.TemporaryDirectory() as folder, _templates() as templates:
        target = Path(folder) / names.package
        config = _config(document, names, target)
        with shallow_copies(), our_properties(), distinct_names():
            data = GeneratorData.from_dict(document, config=config)
        if isinstance(data, GeneratorError):
            raise Unparsable(data.detail or data.header)
        _rename(data)
        project = Project(openapi=data, config=config, custom_template_path=templates)
        project.env.bytecode_cache = _compiled
        project.env.globals.update(
            template_globals(
                told_apart_models(data),
                security=security_of_operations(document),
                whole_paths=whole_paths_of_operations(document),
                defaults=defaults_of_operations(document),
                literals=_literals(data, document),
                models={str(model.class_info.name): model for model in data.models},
            )
        )
        # It prints the folder that it writes to.
        with contextlib.redirect_stdout(io.StringIO()):
            warnings = project.build()
        return Emitted(
            files=_read(target),
            endpoints=_endpoints(data),
            class_names=[item.class_info.name for item in (*data.models, *data.enums)],
            findings=folded(
                document,
                [*map(_finding, warnings), *_collisions(data), *_unsendable(data)],
            ),
        )


def _literals(data: GeneratorData, document: Document) -> dict[str, Class]:
    components = set(map(class_name, documents.component_schemas(document)))
    enums = (enum for enum in data.enums if isinstance(enum, OpenEnumProperty))
    return holders_of_literals(enums, components)


class _CompiledTemplates(BytecodeCache):
    """Templates compiled by this process, for every project's new Jinja environment."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._codes[bucket.key, bucket.checksum] = bucket.code


_compiled = _CompiledTemplates()


def crashing_operation(document: Document, names: ClientNames) -> str | None:
    """Return the operation on which the generator fails; None if it is a component.

    It halves the operations until one is left, which takes few runs of the generator.
    """
    suspects = list(documents.operations(document))
    if not suspects or _crashes(document, names, []):
        return None
    while len(suspects) > 1:
        half = suspects[: len(suspects) // 2]
        crashes = _crashes(document, names, half)
        suspects = half if crashes else suspects[len(suspects) // 2 :]
    return suspects[0].name


def class_name(component: str) -> str:
    """Return the name of the class of a component."""
    plain = str(ClassName(component, _FIELD_PREFIX))
    return f"{plain}Model" if plain in reserved.CLASSES else plain


def _templates() -> contextlib.AbstractContextManager[Path]:
    return as_file(files("modular_api.codegen.python_client") / "templates")


def _config(document: Document, names: ClientNames, target: Path) -> Config:
    settings = ConfigFile(
        class_overrides=_class_overrides(document),
        content_type_overrides=_content_type_overrides(document),
        project_name_override=names.package,
        package_name_override=names.package,
        post_hooks=[],
    )
    return Config.from_sources(
        settings, MetaType.NONE, Path("document"), "utf-8", True, target
    )


def _class_overrides(document: Document) -> dict[str, ClassOverride]:
    """Rename classes that collide with imports, and modules that collide with a field.

    A model is read into a variable named after its module, and a field of the same name
    would be read into the same variable.
    """
    overrides: dict[str, ClassOverride] = {}
    for component, schema in documents.component_schemas(document).items():
        plain = str(ClassName(component, _FIELD_PREFIX))
        stem = PythonIdentifier(plain, _FIELD_PREFIX)
        fields = schema.get("properties", {}) if isinstance(schema, dict) else {}
        renamed = class_name(component)
        clashes = any(PythonIdentifier(f, _FIELD_PREFIX) == stem for f in fields)
        if renamed != plain or clashes:
            overrides[plain] = ClassOverride(
                class_name=renamed, module_name=f"{stem}_model"
            )
    return overrides


_BODIES = (
    "application/json",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
)


def _content_type_overrides(document: Document) -> dict[str, str]:
    """Let the generator accept bodies of every media type, as content to be encoded."""
    return {
        media_type: "application/octet-stream"
        for operation in documents.operations(document)
        for media_type in (operation.value.get("requestBody") or {}).get("content", {})
        if not media_type.startswith(_BODIES)
        and not media_type.partition(";")[0].strip().endswith("+json")
    }


def _rename(data: GeneratorData) -> None:
    classes = {str(item.class_info.name) for item in _classes(data)}
    names = reserved.CLASSES | reserved.VALUES | classes
    for model in data.models:
        fields = [
            *(model.required_properties or []),
            *(model.optional_properties or []),
        ]
        _rename_reserved(fields, reserved.FIELDS | names)
    for endpoint in _endpoints(data):
        parameters = [parameter for _, parameter in endpoint.iter_all_parameters()]
        path_names = {id(p): p.python_name for p in endpoint.path_parameters}
        _rename_reserved(parameters, reserved.PARAMETERS | names)
        for parameter in endpoint.path_parameters:
            old = f"{{{path_names[id(parameter)]}}}"
            new = f"{{{parameter.python_name}}}"
            path = endpoint.path.get_untrusted_value().replace(old, new)
            endpoint.path = UntrustedString(path)


def _rename_reserved(items: list[Any], taken: frozenset[str] | set[str]) -> None:
    used = {str(item.python_name) for item in items}
    for item in items:
        if item.python_name in taken:
            name = reserved.free_name(f"{item.python_name}_", used | taken)
            used.add(name)
            # Not by `set_python_name`, which would strip the underscore again.
            identifier = PythonIdentifier(name, _FIELD_PREFIX, skip_snake_case=True)
            object.__setattr__(item, "python_name", identifier)


def _unsendable(data: GeneratorData) -> Iterator[Finding]:
    """Find bodies of a type that cannot be encoded for their media type."""
    for endpoint in _endpoints(data):
        for body in endpoint.bodies:
            if unsendable_body(body):
                media_type = body.content_type.get_untrusted_value()
                type_ = body.prop.get_type_string(no_optional=True)
                yield Finding(
                    f"{endpoint.method.upper()} {endpoint.path.get_untrusted_value()}",
                    f"a body of {media_type} cannot be made of "
                    f"{type_.as_unembedded_code()}, only of text or bytes",
                )


def _endpoints(data: GeneratorData) -> list[Endpoint]:
    collections = data.endpoint_collections_by_tag.values()
    return [endpoint for collection in collections for endpoint in collection.endpoints]


def _read(target: Path) -> dict[str, str]:
    paths = {path.relative_to(target).as_posix(): path for path in target.rglob("*.py")}
    return {
        name: _tidied(path.read_text("utf-8"))
        for name, path in sorted(paths.items())
        if name not in _REPLACED
    }


def _tidied(text: str) -> str:
    """Remove superfluous blanks and blank lines; black is faster without them."""
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}(?=[ \t])", "\n\n", text).strip("\n") + "\n"


_NO_NEWS = "Unable to parse this part of your OpenAPI document: : "
_ADDRESS = re.compile(r"<[\w.]+ object at 0x[0-9a-f]+>")


def _finding(error: GeneratorError) -> Finding:
    words = " ".join((error.detail or "no reason given").split())
    # The library prints the memory address of a string instead of the string. A finding
    # must be the same in every process, or it could not be put on the allow-list.
    detail = _ADDRESS.sub("…", words).removeprefix(_NO_NEWS)
    if match := _WARNED_OPERATION.fullmatch(error.header):
        if names_parameter := _PARAMETER.match(detail):
            return Finding(match[1], detail[names_parameter.end() :])
        if answer := _ANSWER.fullmatch(detail):
            return Finding(match[1], answer[1])
        consequence = match[2].strip()
        return Finding(match[1], f"{detail} {consequence}".strip())
    if match := _WARNED_SCHEMA.fullmatch(error.header):
        return Finding(f"component {match[1]}", detail)
    if match := _WARNED_MODEL.fullmatch(error.header.strip()):
        reason, _, removed = detail.partition(_REMOVAL)
        names = (path.rpartition("/")[2] for path in removed.split())
        lost = {Finding(f"component {name}", "") for name in names if name != match[1]}
        return Finding(f"component {match[1]}", reason, tuple(sorted(lost)))
    return Finding("#", f"{error.header.strip()} {detail}")


def _collisions(data: GeneratorData) -> Iterator[Finding]:
    """Find names that would be the same file, also on file systems that ignore case."""
    classes = ((c.class_info.module_name, c.class_info.name) for c in _classes(data))
    yield from _shared("models", classes)
    endpoints = (
        (
            endpoint.name,
            f"{endpoint.method.upper()} {endpoint.path.get_untrusted_value()}",
        )
        for endpoint in _endpoints(data)
    )
    yield from _shared(f"api/{TAG}", endpoints)


def _classes(data: GeneratorData) -> list[Any]:
    return [*data.models, *data.enums]


def _shared(folder: str, items: Iterator[tuple[str, str]]) -> Iterator[Finding]:
    owners: dict[str, list[str]] = {}
    for stem, owner in items:
        owners.setdefault(stem.casefold(), []).append(owner)
    for stem, names in owners.items():
        if len(names) > 1:
            yield Finding(
                " and ".join(names), f"would both be generated as {folder}/{stem}.py"
            )


def _crashes(
    document: Document, names: ClientNames, kept: list[documents.Operation]
) -> bool:
    paths: dict[str, dict[str, Any]] = {}
    for operation in kept:
        paths.setdefault(operation.path, {})[operation.method] = operation.value
    try:
        emit({**document, "paths": paths}, names)
    except Exception:
        return True
    return False
