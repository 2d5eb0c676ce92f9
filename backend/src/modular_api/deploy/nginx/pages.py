"""The pages an app answers itself, as files for the gateway."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from modular_api.app.pages import AppPages


def write_pages(pages: AppPages, folder: Path) -> None:
    """Write every page and asset below `folder`, at its path.

    A file that is the same is left alone; another is replaced as a whole, so that nginx
    never serves half of one. What nobody asks for any more stays: it is not routed to.
    """
    for page in pages.pages:
        _write(file_of(folder, page.path), page.body.encode())
    for assets in pages.assets:
        for source in sorted(assets.folder.iterdir()):
            if source.is_file():
                _write(
                    file_of(folder, f"{assets.path}/{source.name}"), source.read_bytes()
                )


def file_of(folder: Path, path: str) -> Path:
    """Return the file of a URL's path.

    `/api/v1/docs` is a page and has assets below it: pages lie beside each other, with
    the path in their name.
    """
    head, _, name = path.strip("/").rpartition("/")
    return folder / head.replace("/", "-") / name


def _write(file: Path, content: bytes) -> None:
    try:
        if file.read_bytes() == content:
            return
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        new.write_bytes(content)
        os.replace(new, file)
    finally:
        new.unlink(missing_ok=True)
