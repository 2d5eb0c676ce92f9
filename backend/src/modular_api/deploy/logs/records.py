"""Turn log records into finished lines, with module and request id; levels per module."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING

from modular_api.clients.context import module_name, request_id
from modular_api.deploy.logs.label import Label
from modular_api.deploy.logs.relay import FINISHED, label_of
from modular_api.deploy.logs.rotating import RotatingFile
from modular_api.deploy.logs.settings import MERGED, LogFormat, LogSettings

if TYPE_CHECKING:
    from modular_api.module.module_app import ModuleApp

_ACCESS = "uvicorn.access"
_WITH_PATHS = (_ACCESS, "uvicorn.error")
"""Loggers that log the paths of requests; the second does those of sockets."""

_MODULE_IN_PATH = re.compile(r"/api/v\d+/([^/?]+)")


def configure(
    settings: LogSettings, instance: str, slot: str, modules: Sequence[str]
) -> RecordHandler:
    """Send the log of the whole process to stderr, with one write per record."""
    mark = FINISHED if settings.folder is not None else b""
    label = label_of(instance, slot, modules)
    root = logging.getLogger()
    handler = RecordHandler(label, settings.format, mark)
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    return handler


def set_module_levels(settings: LogSettings, modules: Iterable[ModuleApp]) -> None:
    """Give the loggers of modules the levels that are set for them."""
    for module in modules:
        level = settings.module_levels.get(module.name)
        if level is not None and module.directory is not None:
            for package in _packages_in(module.directory):
                logging.getLogger(package).setLevel(level.upper())


class RecordHandler(logging.Handler):
    """Writes records to stderr, as lines that have their label.

    Args:
        mark: begins each line, to tell it from what is printed.

    Attributes:
        format_of_lines: of those to come.
    """

    def __init__(self, label: Label, format: LogFormat, mark: bytes = b"") -> None:
        super().__init__()
        self.format_of_lines = format
        self._label = label
        self._mark = mark
        self._traceback = logging.Formatter()
        self._folders: dict[str, str] = {}

    def know(self, modules: Iterable[ModuleApp]) -> None:
        """Learn the folders of modules, to find a record's module by the file that logs."""
        self._folders = {
            f"{module.directory}{os.sep}": module.name
            for module in modules
            if module.directory is not None
        }

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record in one piece: threads and processes may write at the same time."""
        try:
            lines = self._label.lines(
                self.format_of_lines,
                self._text(record),
                level=record.levelname,
                at=record.created,
                module=self._module_of(record),
                logger=record.name,
                request_id=request_id.get(),
            )
            content = b"".join(
                self._mark + line.encode(errors="backslashreplace") + b"\n"
                for line in lines
            )
            self._write(content)
        except BrokenPipeError:
            pass  # nobody reads any more, and there is nowhere else to say so
        except Exception:
            self.handleError(record)

    def _write(self, content: bytes) -> None:
        while content:
            content = content[os.write(2, content) :]

    def _module_of(self, record: logging.LogRecord) -> str | None:
        """Return the module a record belongs to; None where that is unknown."""
        if (current := module_name.get()) is not None:
            return current
        if record.name == _ACCESS and isinstance(record.args, tuple):
            found = _MODULE_IN_PATH.match(str(record.args[2]))
            return found[1] if found else None
        for folder, name in self._folders.items():
            if record.pathname.startswith(folder):
                return name
        return None

    def _text(self, record: logging.LogRecord) -> str:
        text = _without_queries(record).getMessage()
        if record.exc_info:
            text += "\n" + self._traceback.formatException(record.exc_info)
        return text


def _without_queries(record: logging.LogRecord) -> logging.LogRecord:
    """Return a record whose paths end before the query, which may hold a secret."""
    if record.name not in _WITH_PATHS or not isinstance(record.args, tuple):
        return record
    shown = copy(record)
    shown.args = tuple(
        arg.partition("?")[0] if isinstance(arg, str) and arg.startswith("/") else arg
        for arg in record.args
    )
    return shown


class FileRecordHandler(RecordHandler):
    """Writes records to files of a bounded size, for a process that has no relay.

    Raises: OSError: the folder cannot be written.
    """

    def __init__(self, label: Label, settings: LogSettings) -> None:
        super().__init__(label, settings.format)
        assert settings.folder is not None
        self._files = [
            RotatingFile(settings.folder / name, settings.most_bytes, settings.keep)
            for name in (f"{label.instance}.log", MERGED)
        ]

    def _write(self, content: bytes) -> None:
        for file in self._files:
            with suppress(OSError):  # a full disk must not stop what is managed
                file.write(content)


def _packages_in(folder: Path) -> set[str]:
    """Return the names under which a module's folder was imported."""
    init = str(folder / "__init__.py")
    return {
        name
        for name, module in list(sys.modules.items())
        if getattr(module, "__file__", None) == init
    }
