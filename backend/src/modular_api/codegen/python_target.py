"""The Python client as a target of the engine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from modular_api.codegen.formatting import TOOLS, cache_key, format_through
from modular_api.codegen.job import GenerationJob, SpecKind
from modular_api.codegen.tool_versions import (
    installed_version,
    source_digest,
    sources,
)

_GENERATOR = "openapi-python-client"
SOURCES = sources(
    "clients/errors.py",
    "codegen/errors.py",
    "codegen/formatting.py",
    "codegen/job.py",
    "codegen/parallel.py",
    "codegen/python_client",
    "codegen/python_socket_client",
    "codegen/python_target.py",
    "codegen/references.py",
    "codegen/socket_document.py",
    "codegen/tool_versions.py",
    "errors.py",
    "specs/structure.py",
    "types.py",
)
"""All that may change what is rendered: the renderers and what they import of ours."""

_WORTH_A_FORK_BYTES = 20_000
"""Raw text that takes about as long to format as two processes take to fork."""


@dataclass(frozen=True)
class PythonClient:
    """The typed Python clients of a module, REST and socket, and their index.

    Attributes:
        allowed: what the clients may lose, each as GeneratorWarnings prints it.
    """

    allowed: frozenset[str] = frozenset()
    name: str = "Python client"
    folder: str = "client_generated"
    kinds: frozenset[SpecKind] = frozenset({"openapi", "asyncapi"})

    def tools(self) -> Mapping[str, str]:
        """Return the versions of generator and formatters, and our renderer's hash."""
        if not self.allowed:
            return _tools()
        allowed = "\n".join(sorted(self.allowed)).encode()
        return {**_tools(), "allowed": hashlib.sha256(allowed).hexdigest()[:12]}

    def render(
        self, job: GenerationJob, formatted_texts: MutableMapping[str, str]
    ) -> Mapping[str, str]:
        """Render the documents of every version of the module, REST clients first."""
        from modular_api.codegen.python_client.index import render_index
        from modular_api.codegen.python_client.render import render_python_client
        from modular_api.codegen.python_socket_client.names import SocketNames
        from modular_api.codegen.python_socket_client.render import (
            render_python_socket_client,
        )

        format_file = format_through(formatted_texts)

        def map_files(
            function: Callable[[str], str], texts: Iterable[str]
        ) -> Iterable[str]:
            return _map_files(function, texts, formatted_texts)

        common: dict[str, Any] = {
            "format_file": format_file,
            "map_files": map_files,
            "allowed": self.allowed,
        }
        files: dict[str, str] = {}
        clients: list[tuple[str, str]] = []
        sockets: list[SocketNames] = []
        for document in sorted(job.documents, key=lambda each: each.kind != "openapi"):
            content, version = json.loads(document.content), document.version
            if document.kind == "openapi":
                clients.append((job.module, version))
                files |= render_python_client(
                    content, module=job.module, version=version, **common
                )
            else:
                sockets.append(SocketNames(job.module, version))
                files |= render_python_socket_client(
                    content,
                    module=job.module,
                    version=version,
                    rest_files=files,
                    **common,
                )
        files["__init__.py"] = render_index(
            clients, sockets=sockets, format_file=format_file
        )
        return files


def _map_files(
    function: Callable[[str], str],
    texts: Iterable[str],
    formatted_texts: MutableMapping[str, str],
) -> Iterable[str]:
    """Apply the formatter; in two processes if enough texts are not yet formatted."""
    texts = list(texts)
    unknown = (text for text in texts if cache_key(text) not in formatted_texts)
    if sum(map(len, unknown)) < _WORTH_A_FORK_BYTES:
        return map(function, texts)
    # Imported before the fork, so that it happens once.
    import autoflake  # noqa: F401
    import black  # noqa: F401
    import isort  # noqa: F401

    from modular_api.codegen.parallel import map_in_processes

    return map_in_processes(function, texts)


@cache
def _tools() -> Mapping[str, str]:
    versions = {tool: installed_version(tool) for tool in (_GENERATOR, *TOOLS)}
    return {**versions, "renderer": source_digest(SOURCES)}
