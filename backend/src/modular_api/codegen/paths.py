"""Make sure that a renderer writes only inside the folder meant for it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from modular_api.codegen.errors import UnsafePath

_MAX_NAME_BYTES = 255  # of one part of a path; ext4, APFS and NTFS agree


def below(folder: str, path: str = "") -> str:
    """Return a path in a target's folder relative to the module's folder.

    `below("client_generated", "a.py")` is `client_generated/a.py`, `below(".", "a.ts")`
    is `a.ts`.
    """
    return "/".join(part for part in (folder, path) if part not in ("", "."))


def check_path(path: str, folder: Path | str) -> None:
    """Refuse a path that is anything but plain names with `/` between them.

    Raises: UnsafePath
    """
    for name in path.split("/"):
        fault = _fault(name)
        if fault:
            raise UnsafePath(path, folder, fault)


def check_paths(paths: Iterable[str], folder: Path | str) -> None:
    """Refuse unsafe paths, and paths that cannot exist together on every file system.

    Raises: UnsafePath
    """
    files: dict[str, str] = {}
    for path in paths:
        check_path(path, folder)
        other = files.setdefault(path.casefold(), path)
        if other != path:
            why = f"it differs from {other!r} in upper and lower case alone"
            raise UnsafePath(path, folder, why)
    for path in files.values():
        parts = path.casefold().split("/")
        for depth in range(1, len(parts)):
            if "/".join(parts[:depth]) in files:
                raise UnsafePath(path, folder, "a file stands where it needs a folder")


def check_no_links(directory: Path, path: str) -> None:
    """Refuse a path with a symbolic link among its folders below `directory`.

    The file itself may be a link: it is replaced, never written through.

    Raises: UnsafePath
    """
    folder = os.fspath(directory)
    for name in path.split("/")[:-1]:
        folder = os.path.join(folder, name)
        try:
            mode = os.lstat(folder).st_mode
        except FileNotFoundError:
            return
        if stat.S_ISLNK(mode):
            raise UnsafePath(path, directory, f"'{folder}' is a symbolic link")
        if not stat.S_ISDIR(mode):
            raise UnsafePath(path, directory, f"'{folder}' is not a folder")


def _fault(name: str) -> str | None:
    if name in ("", ".", ".."):
        return "it is not a plain path below the folder"
    if name == "__pycache__":
        return "that folder is Python's"
    if "\\" in name or ":" in name:
        return "a name holds a character that separates paths on some systems"
    if not name.isprintable():
        return "a name holds a control character"
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "a name is not valid Unicode"
    return "a name is too long" if size > _MAX_NAME_BYTES else None
