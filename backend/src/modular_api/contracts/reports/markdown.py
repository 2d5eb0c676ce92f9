"""A comment on a pull request, and the changelog of an API between two releases."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modular_api.contracts.policy import LEVELS, LevelName
from modular_api.contracts.reports.report import Report, ReportedChange
from modular_api.contracts.reports.words import idle_words, remark, way_out

_HEADINGS: dict[LevelName, str] = {
    "breaking": "Breaking changes",
    "warning": "Warnings",
    "compatible": "Additions and other compatible changes",
    "docs": "Documentation",
}


def to_markdown(report: Report) -> str:
    """Return the report as Markdown, with a heading for each level, worst first."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield "## API changes"
    yield ""
    verdict = "" if report.passes else " **The gate fails.**"
    yield f"Against {code(report.against)}: {report.summary()}.{verdict}"
    for level in reversed(LEVELS):
        changes = report.of_level(level)
        if changes:
            yield from ("", f"### {_HEADINGS[level]}")
            yield from _by_contract(changes)
    if report.idle_approvals:
        yield from ("", "### Approvals nobody needs", "")
        yield from (f"- {escape(idle_words(each))}" for each in report.idle_approvals)
    if words := way_out(report):
        text, command = words.split("\n", 1)
        yield from ("", escape(text), "", "```", command.strip(), "```")


def _by_contract(changes: list[ReportedChange]) -> Iterator[str]:
    contract = None
    for change in changes:
        if change.contract != contract:
            contract = change.contract
            yield from ("", f"**{escape(str(contract))}**", "")
        yield from _change(change)


def _change(change: ReportedChange) -> Iterator[str]:
    yield f"- {code(change.subject)}: {escape(change.sentence)}"
    details = [f"Rule {code(change.rule)}, fingerprint {code(change.fingerprint)}"]
    if change.handler:
        details.append(f"in {code(change.handler)}")
    if change.used_by:
        details.append(f"used by {', '.join(map(code, change.used_by))}")
    if change.level in ("breaking", "warning"):
        yield f"  {escape(change.advice)}"
        yield f"  {'; '.join(details)}."
    if words := remark(change):
        yield f"  *{escape(words)}*"


def escape(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line; code in it stays code."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    # Every second part is code.
    parts[::2] = [
        re.sub(r"([\\`*_{}\[\]<>#|~@])", r"\\\1", part) for part in parts[::2]
    ]
    return "".join(parts)


def code(text: str) -> str:
    """Return a text as code; the fence is longer than any run of backticks in it."""
    one_line = " ".join(text.split())
    longest = max(map(len, re.findall(r"`+", one_line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{one_line}{pad}{fence}"
