"""Keep formatted texts on disk, because formatting is most of the work of generating.

A changed operation changes few files; the others are taken from this cache.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path

from modular_api.whole_files import replace_file

log = logging.getLogger(__name__)

_DIGEST_SIZE = hashlib.sha256().digest_size
_KEY = re.compile(r"[0-9a-f]{64}")


class FormatCache(MutableMapping[str, str]):
    """Formatted texts by the SHA-256 of what they were made from, one file each.

    Several processes may share the folder, and anyone may delete it. A damaged file
    counts as absent, and a text that cannot be written is not kept, so the cache never
    makes a generation fail. It is used by `formatting.format_through`.

    Args:
        folder: where to keep them; created with the first text.
        max_bytes: size of the folder after `prune`.
    """

    def __init__(self, folder: Path, *, max_bytes: int = 64_000_000) -> None:
        self._folder = folder
        self._max_bytes = max_bytes

    def __getitem__(self, key: str) -> str:
        path = self._path(key)
        try:
            stored = path.read_bytes()
        except OSError:
            raise KeyError(key) from None
        digest, content = stored[:_DIGEST_SIZE], stored[_DIGEST_SIZE:]
        if hashlib.sha256(content).digest() != digest:
            log.debug("%s is damaged and will be made anew", path)
            raise KeyError(key)
        with suppress(OSError):
            os.utime(path)  # used now, so the last to be pruned
        return content.decode()

    def __setitem__(self, key: str, formatted: str) -> None:
        path = self._path(key)
        content = formatted.encode()
        try:
            stored = hashlib.sha256(content).digest() + content
            replace_file(path, stored, mode=0o600)  # as private as code may be
        except OSError as error:
            log.debug("%s was not kept: %s", path, error)

    def __delitem__(self, key: str) -> None:
        try:
            self._path(key).unlink()
        except OSError:
            raise KeyError(key) from None

    def __iter__(self) -> Iterator[str]:
        try:
            names = os.listdir(self._folder)
        except OSError:
            return iter(())
        return iter([name for name in names if _KEY.fullmatch(name)])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def prune(self) -> None:
        """Shrink the folder to its size; the least recently used are removed first."""
        with suppress(OSError):
            _prune(self._folder, self._max_bytes)

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise KeyError(key)
        return self._folder / key


def _prune(folder: Path, max_bytes: int) -> None:
    with os.scandir(folder) as entries:
        files = [(entry.stat(follow_symlinks=False), entry.path) for entry in entries]
    total = sum(stat.st_size for stat, _ in files)
    if total <= max_bytes:
        return
    # Down to half of it, so that a full cache is not pruned at every run.
    for stat, path in sorted(files, key=lambda file: file[0].st_mtime_ns):
        if total <= max_bytes // 2:
            return
        with suppress(OSError):
            os.unlink(path)
            total -= stat.st_size
