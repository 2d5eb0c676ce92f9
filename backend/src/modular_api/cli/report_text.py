"""A report for people at a terminal: one block a contract, the worst on top."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from modular_api.cli.table import console
from modular_api.contracts.gate import Outcome
from modular_api.contracts.policy import LevelName
from modular_api.contracts.reports.words import idle_words, remark, way_out

if TYPE_CHECKING:
    from modular_api.contracts.reports.report import Report, ReportedChange

_COLOURS: dict[LevelName, str] = {
    "breaking": "bold red",
    "warning": "yellow",
    "compatible": "green",
    "docs": "dim",
}
_INDENT = 14


def print_report(report: Report) -> None:
    """Print a report; coloured and wrapped where somebody watches."""
    out = console()
    for line in _lines(report):
        out.print(line)


def _lines(report: Report) -> Iterator[Text]:
    for contract, changes in report.by_contract().items():
        yield Text(str(contract), style="bold")
        for change in changes:
            yield from _change(change)
        yield Text()
    for approval in report.idle_approvals:
        yield Text(idle_words(approval), style="yellow")
    if words := way_out(report):
        yield Text(words)
        yield Text()
    verdict = Text(f"{report.summary()}, against {report.against}: ")
    verdict.append(*(("passes", "green") if report.passes else ("FAILS", "bold red")))
    yield verdict


def _change(change: ReportedChange) -> Iterator[Text]:
    passes = change.outcome is not Outcome.PASSES and not change.outcome.is_failure
    head = Text("  ")
    head.append(f"{change.level:<12}", _COLOURS["docs" if passes else change.level])
    head.append(change.subject, "bold" if change.level == "breaking" else "")
    head.append(f"  {change.rule} {change.fingerprint}", "dim")
    yield head
    yield _detail(change.sentence)
    if words := remark(change):
        yield _detail(words, "yellow")
    if change.outcome.is_failure or change.level == "warning":
        yield _detail(change.advice)
        if where := _where(change):
            yield _detail(where, "dim")


def _where(change: ReportedChange) -> str:
    users = f"used by {', '.join(change.used_by)}" if change.used_by else ""
    return "; ".join(filter(None, (change.handler, users)))


def _detail(words: str, style: str = "") -> Text:
    return Text(" " * _INDENT + " ".join(words.split()), style)
