"""Read and write a specification file."""

from __future__ import annotations

import json
from pathlib import Path

from modular_api.specs.errors import CorruptSpecFile, UnwritableFolder
from modular_api.types import Document
from modular_api.whole_files import replace_file


class SpecFile:
    """One specification file, which is written only if its content changes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"SpecFile({str(self.path)!r})"

    def read_bytes(self) -> bytes | None:
        """Return the content of the file, or None if there is no file.

        Raises:
            CorruptSpecFile: it exists, but cannot be read.
        """
        try:
            return self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise CorruptSpecFile(self.path, _words(error)) from error

    def load(self) -> Document:
        """Return the document in the file.

        Raises:
            CorruptSpecFile: there is no file, or it does not contain a JSON object.
        """
        content = self.read_bytes()
        if content is None:
            raise CorruptSpecFile(self.path, "there is no such file")
        try:
            document = json.loads(content.decode("utf-8"))
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            column = error.start - content.rfind(b"\n", 0, error.start)
            raise CorruptSpecFile(
                self.path, f"line {line}, column {column}: not UTF-8"
            ) from error
        except json.JSONDecodeError as error:
            raise CorruptSpecFile(
                self.path, f"line {error.lineno}, column {error.colno}: {error.msg}"
            ) from error
        except RecursionError as error:
            raise CorruptSpecFile(self.path, "it is nested too deeply") from error
        if not isinstance(document, dict):
            raise CorruptSpecFile(
                self.path, f"it holds a {type(document).__name__}, not an object"
            )
        return document

    def write(self, content: bytes) -> bool:
        """Replace the content in one step if it differs; return whether it did.

        A reader sees the old bytes or the new ones. A missing folder is created.

        Raises:
            UnwritableFolder: the operating system refused; the old file is unchanged.
        """
        try:
            return replace_file(self.path, content)
        except OSError as error:
            raise UnwritableFolder(self.path, _words(error)) from error


def _words(error: OSError) -> str:
    return error.strerror or str(error)
