"""Values that appear in the signatures of generated clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any, BinaryIO, Literal, TypeAlias


class Unset:
    """The type of `UNSET`: an argument or field that is left out, which is not null."""

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "UNSET"


UNSET = Unset()

FileContent: TypeAlias = IO[bytes] | bytes | str

FileTypes: TypeAlias = (
    tuple[str | None, FileContent, str | None]
    | tuple[str | None, FileContent, str | None, Mapping[str, str]]
)
"""One part of a multipart body: file name, content, media type, headers."""

RequestFiles: TypeAlias = list[tuple[str, FileTypes]]


@dataclass
class File:
    """A file to upload.

    Without a `file_name` it is sent under the name `upload`: a server takes a part
    without a name for an ordinary form field.
    """

    payload: BinaryIO | bytes
    file_name: str | None = None
    mime_type: str | None = None

    def to_tuple(self) -> FileTypes:
        """Return the file as one part of a multipart body."""
        return self.file_name or "upload", self.payload, self.mime_type


class Unknown(dict[str, Any]):
    """An object that fits no member of a union, as a newer server may send it.

    It is the JSON object itself, and goes back as it came.
    """

    def to_dict(self) -> dict[str, Any]:
        """Return the object."""
        return dict(self)
