"""Find Node.js, and hey-api/openapi-ts installed near the clients."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

HEY_API = "@hey-api/openapi-ts"
HEY_API_VERSION = "0.95.0"
"""The only version used: its output is committed and must be the same for everybody.
Later versions need a newer Node.js than 20."""


@dataclass(frozen=True)
class NodeTools:
    """The tools that render REST clients.

    Attributes:
        node: the path of the program.
        hey_api: the folder of the package.
    """

    node: str
    hey_api: Path


@dataclass(frozen=True)
class MissingNodeTools:
    """Why REST clients cannot be rendered, and what to do about it, in a sentence."""

    why: str


def find_node_tools(folder: Path) -> NodeTools | MissingNodeTools:
    """Find the tools for clients that are written below `folder`.

    The package is searched where Node.js would search it: in `node_modules` of the
    folder and of the folders above it.
    """
    node = shutil.which("node")
    if node is None:
        return MissingNodeTools("there is no node on the PATH; install Node.js 20")
    install = f"npm install --save-dev --save-exact {HEY_API}@{HEY_API_VERSION}"
    package = _find_package(folder.resolve())
    if package is None:
        return MissingNodeTools(
            f"{HEY_API} is not installed above '{folder}'; run `{install}`"
        )
    version = _version_of(package)
    if version != HEY_API_VERSION:
        return MissingNodeTools(
            f"'{package}' is of version {version}, expected {HEY_API_VERSION}; "
            f"run `{install}`"
        )
    return NodeTools(node, package)


def _find_package(folder: Path) -> Path | None:
    places = (at / "node_modules" / HEY_API for at in (folder, *folder.parents))
    return next((at for at in places if (at / "package.json").is_file()), None)


def _version_of(package: Path) -> str:
    try:
        about = json.loads((package / "package.json").read_bytes())
        return str(about["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return "(unreadable)"
