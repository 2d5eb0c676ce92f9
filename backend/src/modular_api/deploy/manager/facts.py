"""What a process of ours tells about its modules, and the code, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class ModuleFacts(NamedTuple):
    """What those beside a module have to know of it; its process tells the same.

    Attributes:
        specs: the hash of each OpenAPI document, by version.
        sockets: that of each AsyncAPI document.
    """

    specs: Mapping[str, str]
    sockets: Mapping[str, str]
    uses: tuple[str, ...]
