"""The pages an app answers itself, as files for the gateway."""

from __future__ import annotations

from pathlib import Path

from modular_api.app.pages import AppPages
from modular_api.whole_files import replace_file


def write_pages(pages: AppPages, folder: Path) -> None:
    """Write every page and asset below `folder`, at its path.

    A file that is the same is left alone; another is replaced as a whole, so that nginx
    never serves half of one. What nobody asks for any more stays: it is not routed to.
    """
    for page in pages.pages:
        replace_file(file_of(folder, page.path), page.body.encode())
    for assets in pages.assets:
        for source in sorted(assets.folder.iterdir()):
            if source.is_file():
                file = file_of(folder, f"{assets.path}/{source.name}")
                replace_file(file, source.read_bytes())


def file_of(folder: Path, path: str) -> Path:
    """Return the file of a URL's path.

    `/api/v1/docs` is a page and has assets below it: pages lie beside each other, with
    the path in their name.
    """
    head, _, name = path.strip("/").rpartition("/")
    return folder / head.replace("/", "-") / name
