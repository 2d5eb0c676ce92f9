"""Workflow commands: GitHub shows each change at the line of its handler.

Source: docs.github.com, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

from collections.abc import Iterator

from modular_api.contracts.policy import LevelName
from modular_api.contracts.reports.report import Report, ReportedChange
from modular_api.contracts.reports.words import idle_words, remark

_COMMANDS: dict[LevelName, str] = {
    "breaking": "notice",  # one that passes: approved, or a draft
    "warning": "warning",
    "compatible": "notice",
    "docs": "notice",
}


def to_github(report: Report) -> str:
    """Return a line for each change; those that fail are errors."""
    return "\n".join([*_lines(report), f"{report.against}: {report.summary()}"]) + "\n"


def _lines(report: Report) -> Iterator[str]:
    for change in report.changes:
        command = "error" if change.outcome.is_failure else _COMMANDS[change.level]
        words = [change.sentence, remark(change) or ""]
        if command != "notice":
            words.append(change.advice)
        words.append(f"[{change.rule}, {change.fingerprint}]")
        message = " ".join(filter(None, words))
        yield f"::{command} {_properties(change)}::{_data(message)}"
    for approval in report.idle_approvals:
        yield f"::warning title=Approval::{_data(idle_words(approval))}"


def _properties(change: ReportedChange) -> str:
    properties = {"title": f"{change.contract}: {change.level}: {change.subject}"}
    file, colon, line = (change.handler or "").rpartition(":")
    if colon and line.isdecimal():
        properties = {"file": file, "line": line, **properties}
    return ",".join(f"{key}={_property(value)}" for key, value in properties.items())


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
