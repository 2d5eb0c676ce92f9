"""Read the logs of a deployment: the last lines, new lines, the lines of one module."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from modular_api.deploy.logs.errors import NoLogs
from modular_api.deploy.logs.label import NO_MODULE, module_of
from modular_api.deploy.logs.settings import MERGED

LOOK_S = 0.1
_PART = 1 << 16

NGINX = "nginx"
"""Stands for the files of nginx where a module is asked for."""

_OF_NGINX = re.compile(
    r"(\d+)/(\d+)/(\d+) ([\d:]+) \[(?P<level>\w+)\] (?P<pid>\d+)#\d+: (?P<text>.*)"
)
"""A line of nginx's error log, whose shape cannot be configured."""


def files_of(folder: Path, modules: Sequence[str] = ()) -> list[Path]:
    """Return the files to read: the merged one, nginx's where they are asked for.

    Raises: NoLogs: the folder has none.
    """
    wanted = [folder / MERGED] if set(modules) != {NGINX} else []
    if NGINX in modules:
        wanted += sorted(folder.glob("nginx-*.log"))
    files = [file for file in wanted if file.is_file()]
    if not files:
        raise NoLogs(folder)
    return files


def is_of(modules: Sequence[str]) -> Callable[[str], bool]:
    """Return a predicate for lines of these modules; without names it accepts every line.

    A line without a label is one of nginx's error log.
    """
    if not modules:
        return lambda line: True
    names = frozenset(modules)
    return lambda line: (module_of(line) or NGINX) in names


def with_label(line: str) -> str:
    """Return a line of nginx's error log with the head of all others."""
    found = _OF_NGINX.match(line)
    if found is None:
        return line
    year, month, day, clock = found.groups()[:4]
    level = found["level"].upper()
    return (
        f"{year}-{month}-{day} {clock},000 {level:<7} {NGINX}[{found['pid']}] {NGINX} "
        f"error: {found['text']}"
    )


def modules_in(folder: Path) -> set[str]:
    """Return the modules that have a line in the merged file."""
    try:
        with (folder / MERGED).open(errors="replace") as source:
            found = {module_of(line) for line in source}
    except FileNotFoundError:
        return set()
    return {name for name in found if name is not None} - {NO_MODULE}


def last_lines(
    file: Path, count: int, wanted: Callable[[str], bool]
) -> tuple[list[str], int]:
    """Return the last lines that are wanted, and where in the file they end.

    The file is read from its end, so that a large one takes no longer; a line that is
    being written is left for later.
    """
    found: list[str] = []
    with file.open("rb") as source:
        position = source.seek(0, os.SEEK_END)
        rest, end = b"", None
        while position > 0 and (end is None or len(found) < count):
            size = min(_PART, position)
            position -= size
            source.seek(position)
            rest = source.read(size) + rest
            if end is None:
                whole, newline, partial = rest.rpartition(b"\n")
                if not newline and position > 0:
                    continue
                end = position + len(rest) - len(partial)
                rest = whole if newline else b""
            first, *others = rest.split(b"\n")
            if position == 0:
                others.insert(0, first)
                first = b""
            rest = first
            lines = (line.decode(errors="replace") for line in reversed(others))
            found += (line for line in lines if wanted(line))
    return found[:count][::-1], end or 0


def follow(
    file: Path,
    position: int,
    wanted: Callable[[str], bool],
    *,
    go_on: Callable[[], bool] = lambda: True,
) -> Generator[str | None, None, None]:
    """Yield lines as they are written, and None whenever there are none yet.

    A file that is put aside is read to its end before the new one is begun; one that
    is emptied is read from its beginning.

    Args:
        position: where to begin.
        go_on: asked before every look; False ends it.
    """
    source = file.open("rb")
    source.seek(position)
    rest = b""
    try:
        while go_on():
            is_old = _is_another(source.fileno(), file)
            if os.fstat(source.fileno()).st_size < source.tell():
                source.seek(0)
                rest = b""
            *lines, rest = (rest + source.read()).split(b"\n")
            texts = (line.decode(errors="replace") for line in lines)
            yield from (text for text in texts if wanted(text))
            if is_old:
                with suppress(FileNotFoundError):
                    newer = file.open("rb")
                    source.close()
                    source, rest = newer, b""
            elif not lines:
                yield None
    finally:
        source.close()


def follow_all(
    files: Iterable[tuple[Path, int]],
    wanted: Callable[[str], bool],
    *,
    go_on: Callable[[], bool] = lambda: True,
) -> Iterator[str]:
    """Yield new lines of several files as they are written."""
    followed = [follow(file, at, wanted, go_on=go_on) for file, at in files]
    while followed:
        quiet = True
        for lines in tuple(followed):
            for line in lines:
                if line is None:
                    break
                quiet = False
                yield line
            else:
                followed.remove(lines)
        if quiet and followed:
            time.sleep(LOOK_S)


def clean_logs(folder: Path) -> list[Path]:
    """Empty every log file, and remove those put aside; return all of them.

    They are not removed: nginx, for one, would write on into a file nobody sees. All
    who write append, so what they write next stands at the beginning.
    """
    current, aside = (
        sorted(file for file in folder.glob(pattern) if file.is_file())
        for pattern in ("*.log", "*.log.[0-9]*")
    )
    for file in current:
        with suppress(FileNotFoundError):
            os.truncate(file, 0)
    for file in aside:
        file.unlink(missing_ok=True)
    return [*current, *aside]


def _is_another(descriptor: int, path: Path) -> bool:
    """Tell whether the path names another file than the open one, which was put aside."""
    try:
        return not os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
