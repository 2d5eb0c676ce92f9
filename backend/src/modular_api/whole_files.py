"""Replace files so that no reader ever meets half of one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def replace_file(
    path: Path,
    content: bytes,
    *,
    check: Callable[[Path], None] | None = None,
    mode: int = 0o666,
) -> bool:
    """Replace a file in one step if its content differs; return whether it did.

    A reader sees the old bytes or the new ones, and any number of writers may meet: the
    last one wins. The folder is made if it is missing.

    Args:
        check: sees the new content in a draft beside the file; what it raises keeps the
            old file in place.
        mode: permissions of the new file, before the process's umask.
    Raises: OSError: it cannot be written. However this ends, no draft is left.
    """
    with suppress(OSError):  # what cannot be read may still be replaced
        if path.read_bytes() == content:
            return False
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not tempfile: its files are private to their owner, and these may be shared.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        with open(os.open(draft, _NEW, mode), "wb") as file:
            file.write(content)
        if check is not None:
            check(draft)
        os.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
    return True
