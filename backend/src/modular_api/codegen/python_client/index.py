"""The index of a module's clients: `client_generated/__init__.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from modular_api.codegen.formatting import format_source
from modular_api.codegen.python_client.names import HEADER, ClientNames


def render_index(
    clients: Iterable[tuple[str, str]],
    *,
    sockets: Iterable[ClientNames] = (),
    format_file: Callable[[str], str] = format_source,
) -> str:
    """Return the index of clients, given as (module, version), and of socket clients.

    A client is imported when it is first used, so using v2 does not load v1.
    """
    known = [*(ClientNames(module, version) for module, version in clients), *sockets]
    places = sorted((names.class_name, f".{names.module_name}") for names in known)
    if not places:
        return (
            f'{HEADER}"""Typed clients: there are none."""\n\n__all__: list[str] = []\n'
        )
    exported = "".join(f'    "{name}",\n' for name, _ in places)
    imports = "".join(f"    from {place} import {name}\n" for name, place in places)
    lazy = "".join(f'        "{name}": "{place}",\n' for name, place in places)
    return format_file(
        f'''{HEADER}"""Typed clients of this module, each imported when first used."""

from typing import TYPE_CHECKING

from modular_api.lazy import lazy_attributes as _lazy_attributes

__all__ = [
{exported}]

if TYPE_CHECKING:
{imports}else:
    __getattr__ = _lazy_attributes(__name__, {{
{lazy}    }})
'''
    )
