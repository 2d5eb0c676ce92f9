"""The messages between the engine and its worker processes, and their framing."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from modular_api.codegen.job import GenerationJob
from modular_api.codegen.target import Target

_LENGTH = struct.Struct(">Q")


@dataclass(frozen=True)
class RenderRequest:
    """Render one target of one module.

    Attributes:
        cache_folder: where formatted texts are kept; None to keep none.
    """

    job: GenerationJob
    target: Target
    cache_folder: Path | None = None


@dataclass(frozen=True)
class Rendered:
    """The files of a target, by their path in its folder."""

    files: Mapping[str, bytes]


@dataclass(frozen=True)
class RenderError:
    """The target raised an exception.

    Attributes:
        reason: the message; with the error's type, unless it is a ModularError.
        details: the traceback.
    """

    reason: str
    details: str


def write_message(stream: IO[bytes], message: Any) -> None:
    """Write one object, with its length before it."""
    content = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


def read_message(stream: IO[bytes]) -> bytes:
    """Read what `write_message` wrote, still pickled.

    Raises: EOFError: the other side closed the pipe, perhaps within a message.
    """
    (length,) = _LENGTH.unpack(_read_exactly(stream, _LENGTH.size))
    return _read_exactly(stream, length)


def _read_exactly(stream: IO[bytes], size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise EOFError
    return content
