"""A small process that labels everything another one writes, and keeps its log files.

It needs no manager, so it works in the background as in the foreground. It ends after the
process it reads from, so that the last output of a killed process is kept as well.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from modular_api.deploy.logs.label import NO_MODULE, Label
from modular_api.deploy.logs.rotating import RotatingFile
from modular_api.deploy.logs.settings import MERGED, LogSettings

log = logging.getLogger(__name__)

FINISHED = b"\x1e"
"""Begins a line that has its label already (RS, the record separator)."""

_PART = 1 << 16
_LONGEST_LINE = 1 << 16
_LAST_WORDS_S = 1.0


class Relay:
    """The process that reads what this one writes.

    If it is killed, output goes straight to the instance's file, without labels, so
    that printing does not fail.
    """

    def __init__(self, pid: int, file: Path) -> None:
        self.pid = pid
        self._file = file
        self._is_finished = False
        self._thread = threading.Thread(target=self._watch, name="relay", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Write nothing more, and wait until all of it is in the files."""
        self._is_finished = True
        _write_to(os.open(os.devnull, os.O_WRONLY))
        # Not for ever: something we started may hold the pipe still.
        self._thread.join(_LAST_WORDS_S)

    def _watch(self) -> None:
        with suppress(ChildProcessError):  # the system reaped it for us
            os.waitpid(self.pid, 0)
        if not self._is_finished:
            _write_to(os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT))
            log.error("process %s, which kept the logs, is gone", self.pid)


def _write_to(fd: int) -> None:
    """Redirect stdout and stderr to this file."""
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    os.close(fd)


def start_relay(
    settings: LogSettings, instance: str, slot: str, modules: Sequence[str]
) -> Relay | None:
    """Redirect stdout and stderr to a new relay, which labels and keeps all lines.

    To be called before the process has threads: the relay is forked off it.

    Returns: None where the settings name no folder; nothing is changed then.
    """
    if settings.folder is None:
        return None
    label = label_of(instance, slot, modules)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(writer)
            _run(reader, settings, label)
        finally:
            os._exit(0)
    os.close(reader)
    _write_to(writer)
    # A pipe is no terminal, and text would wait in a buffer until that is full.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr] # a real stream
    return Relay(pid, settings.folder / f"{instance}.log")


def label_of(instance: str, slot: str, modules: Sequence[str]) -> Label:
    """Return the label of this process."""
    module = modules[0] if len(modules) == 1 else NO_MODULE
    return Label(instance, slot, os.getpid(), module)


def _run(reader: int, settings: LogSettings, label: Label) -> None:
    with suppress(OSError):  # what `ps` and `top` show, on Linux
        Path("/proc/self/comm").write_text("modular-api-log")
    # It ends when nobody can write any more, and by nothing else: what is asked of
    # the process it reads from may be asked of all its group.
    for kind in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(kind, signal.SIG_IGN)
    # The listening sockets, too: they would stay open as long as this process.
    os.dup2(reader, 0)
    os.closerange(3, os.sysconf("SC_OPEN_MAX") if sys.platform == "darwin" else 1 << 16)
    assert settings.folder is not None
    files = [
        RotatingFile(settings.folder / name, settings.most_bytes, settings.keep)
        for name in (f"{label.instance}.log", MERGED)
    ]
    for lines in _parts(0):
        labelled = b"".join(_labelled(lines, settings, label))
        for file in files:
            # A full disk must not stop what is served; the next lines may fit again.
            with suppress(OSError):
                file.write(labelled)


def _parts(fd: int) -> Iterator[list[bytes]]:
    """Yield lines as they arrive; a line longer than `_LONGEST_LINE` is split."""
    rest = b""
    while part := os.read(fd, _PART):
        *lines, rest = (rest + part).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            lines.append(rest)
            rest = b""
        if lines:
            yield lines
    if rest:
        yield [rest]


def _labelled(
    lines: Sequence[bytes], settings: LogSettings, label: Label
) -> Iterator[bytes]:
    for line in lines:
        if line.startswith(FINISHED):
            yield line[1:] + b"\n"
        else:
            text = line.decode(errors="backslashreplace").rstrip("\r")
            for finished in label.lines(settings.format, text):
                yield finished.encode() + b"\n"
