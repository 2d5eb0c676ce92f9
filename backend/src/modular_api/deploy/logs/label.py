"""The head of every line: when, how important, which process, which module."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modular_api.deploy.logs.settings import LogFormat

OUTPUT = "OUTPUT"
"""The level of what was printed and not logged."""

NO_MODULE = "-"


@dataclass(frozen=True)
class Label:
    """Which process writes.

    Attributes:
        instance: `<server>-<index>`.
        module: the only module of the process; NO_MODULE where it has several.
    """

    instance: str
    slot: str
    pid: int
    module: str = NO_MODULE

    def lines(
        self,
        format: LogFormat,
        text: str,
        *,
        level: str = OUTPUT,
        at: float | None = None,
        module: str | None = None,
        **more: Any,
    ) -> Iterator[str]:
        """Yield the finished lines of one message.

        As text, every line of it gets the head; as JSON, it is one line.

        Args:
            at: when, in seconds since the epoch; now when left out.
            module: in place of the label's.
            more: `logger` and `request_id`, where they are known.
        """
        at = time.time() if at is None else at
        module = module or self.module
        if format is LogFormat.JSON:
            yield self._json(text, level, at, module, more)
            return
        head = f"{_local(at)} {level:<7} {self.instance}[{self.pid}] {module}"
        if "logger" in more:
            head += f" {more['logger']}"
        if more.get("request_id"):
            head += f" [{more['request_id']}]"
        for line in text.splitlines() or [""]:
            yield f"{head}: {line}"

    def _json(
        self, text: str, level: str, at: float, module: str, more: Mapping[str, Any]
    ) -> str:
        data = {
            "time": _utc(at),
            "level": level,
            "instance": self.instance,
            "slot": self.slot,
            "pid": self.pid,
            "module": module,
            **{key: value for key, value in more.items() if value is not None},
            "message": text,
        }
        return json.dumps(data, ensure_ascii=False)


_HEAD = re.compile(
    r"\S+ \S+ (?P<level>\S+) +(?P<instance>\S+)\[(?P<pid>\d+)\] (?P<module>[^\s:]+)"
)


def module_of(line: str) -> str | None:
    """Return which module a finished line is of; None where it has no label."""
    if line.startswith("{"):
        try:
            found = json.loads(line).get("module")
        except ValueError:
            return None
        return found if isinstance(found, str) else None
    head = _HEAD.match(line)
    return head["module"] if head else None


def _local(at: float) -> str:
    whole = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
    return f"{whole},{int(at % 1 * 1000):03d}"


def _utc(at: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
    return f"{whole}.{int(at % 1 * 1000):03d}Z"
