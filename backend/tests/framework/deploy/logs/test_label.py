"""The head of a line, as it is written and as it is read again."""

from __future__ import annotations

import json

import pytest

from modular_api.deploy.logs.label import NO_MODULE, Label, module_of
from modular_api.deploy.logs.settings import LogFormat

LABEL = Label("core-0", "blue", 123, "broker")


@pytest.mark.parametrize("format", LogFormat)
def test_the_module_of_a_line_can_be_read_again(format: LogFormat) -> None:
    """Of what was printed, and of what was logged."""
    printed = list(LABEL.lines(format, "text: with colons [and brackets]"))
    logged = list(
        LABEL.lines(
            format, "x", level="INFO", module="datafeed", logger="a.b", request_id="1"
        )
    )
    assert [module_of(line) for line in printed + logged] == ["broker", "datafeed"]


def test_every_line_of_a_text_has_the_head() -> None:
    """A traceback is of one process and one request to its end."""
    lines = list(
        LABEL.lines(
            LogFormat.TEXT, "a\nb", level="ERROR", at=0.5, logger="l", request_id="i"
        )
    )
    assert [line[24:] for line in lines] == [
        "ERROR   core-0[123] broker l [i]: a",
        "ERROR   core-0[123] broker l [i]: b",
    ]
    assert all(line[19:23] == ",500" for line in lines)


def test_as_json_a_message_is_one_line() -> None:
    """With everything a program wants to know."""
    [line] = LABEL.lines(LogFormat.JSON, "a\nb", at=0.25, request_id="i", logger="l")
    assert json.loads(line) == {
        "time": "1970-01-01T00:00:00.250Z",
        "level": "OUTPUT",
        "instance": "core-0",
        "slot": "blue",
        "pid": 123,
        "module": "broker",
        "logger": "l",
        "request_id": "i",
        "message": "a\nb",
    }


@pytest.mark.parametrize("line", ["", "{", "{}", "127.0.0.1 - GET /", '{"module": 1}'])
def test_a_line_of_somebody_else_has_no_module(line: str) -> None:
    """nginx writes its own."""
    assert module_of(line) is None


def test_a_process_of_several_modules_says_so() -> None:
    """A dash, where nothing tells which."""
    label = Label("core-0", "blue", 1)
    assert module_of(next(label.lines(LogFormat.TEXT, "x"))) == NO_MODULE
