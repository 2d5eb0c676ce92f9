"""When a module's import fails for want of another module's generated client."""

from __future__ import annotations

import importlib
import sys

CLIENT_FOLDER = "client_generated"


def whose_client_is_missing(error: BaseException, parent: str) -> str | None:
    """Return the module whose generated client could not be imported, if it is that.

    Args:
        error: what the import raised.
        parent: the package all modules are imported below.
    """
    if not isinstance(error, ImportError) or not error.name:
        return None
    prefix = f"{parent}."
    if not error.name.startswith(prefix):
        return None
    module, _, inside = error.name.removeprefix(prefix).partition(".")
    return module if inside.split(".")[0] == CLIENT_FOLDER else None


def forget(package: str) -> None:
    """Drop a package that was imported in part, so that it can be imported anew."""
    for name in list(sys.modules):
        if name == package or name.startswith(f"{package}."):
            del sys.modules[name]
    importlib.invalidate_caches()
