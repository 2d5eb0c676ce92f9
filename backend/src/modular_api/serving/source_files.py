"""Which files make a running app out of date, and whether one of them changed."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from modular_api.project.source import AppSource

Snapshot: TypeAlias = Mapping[str, tuple[int, int]]
"""Modification time in nanoseconds and size in bytes of every source file, by path."""

IGNORED_FOLDERS = frozenset(
    {"__pycache__", "client_generated", "node_modules", "specs_generated"}
)
"""What the app writes itself at its start would restart it for ever."""


def source_folders(source: AppSource) -> list[Path]:
    """Return the folders the code of an app is in, as far as known without an import."""
    if isinstance(source.modules_dir, Path):
        return [source.modules_dir]
    dotted = source.modules_dir or (source.app or "").partition(":")[0]
    source.make_importable()
    try:
        spec = importlib.util.find_spec(dotted.partition(".")[0])
    except (ImportError, ValueError):
        spec = None
    if spec is None:  # the command that serves tells what is wrong with the name
        return []
    if spec.submodule_search_locations:
        return [Path(folder) for folder in spec.submodule_search_locations]
    return [Path(spec.origin).parent] if spec.origin else []


def take_snapshot(folders: Iterable[Path]) -> Snapshot:
    """Look at every Python file below the folders."""
    snapshot: dict[str, tuple[int, int]] = {}
    for folder in folders:
        for path in _python_files(folder):
            try:
                status = os.stat(path)
            except OSError:  # removed between the listing and now
                continue
            snapshot[path] = (status.st_mtime_ns, status.st_size)
    return snapshot


def changed_files(before: Snapshot, after: Snapshot) -> Sequence[str]:
    """Return the files that are new, gone or different, sorted."""
    paths = before.keys() | after.keys()
    return sorted(path for path in paths if before.get(path) != after.get(path))


def _python_files(folder: Path) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        if "pyvenv.cfg" in files:
            folders.clear()
            continue
        folders[:] = [name for name in folders if not _is_ignored(name)]
        yield from (f"{parent}/{name}" for name in files if name.endswith(".py"))


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name in IGNORED_FOLDERS
