"""The verdict, told in each form."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from modular_api.contracts.approvals import Approval
from modular_api.contracts.comparison import ContractChange
from modular_api.contracts.gate import Verdict, judge
from modular_api.contracts.names import ContractName
from modular_api.contracts.policy import Policy
from modular_api.contracts.reports import report as report_module
from modular_api.contracts.reports.github import to_github
from modular_api.contracts.reports.markdown import code, escape, to_markdown
from modular_api.contracts.reports.report import (
    Report,
    make_report,
    report_schema,
    schema_text,
)
from modular_api.specs.diff.change import Change, Direction, Level, Tier
from tests.framework.contracts.conftest import BROKER, REPORTS, TODAY

SCHEMA_FILE = Path(report_module.__file__).with_name("report.schema.json")
SOCKET = ContractName("reports", "v1", "asyncapi")

BREAK = Change(
    rule="response-required-property-removed",
    level=Level.BREAKING,
    tier=Tier.JSON,
    place="GET /orders#/responses/200",
    text="GET /orders: the property 'a_b' was removed.",
    advice="Bring it back.",
    fingerprint="f1",
    operation="list_orders",
    method="GET",
    path="/orders",
    direction=Direction.RESPONSE,
    old={"type": "string"},
    module="broker",
    version="v1",
    handler="/project/broker/routes.py:7",
    used_by=("reports",),
)
ADDED = replace(
    BREAK,
    rule="endpoint-added",
    level=Level.COMPATIBLE,
    text="It is new.",
    fingerprint="f2",
    path="/new",
    handler=None,
    used_by=(),
)
UPDATE = replace(
    ADDED,
    level=Level.DOCS,
    text="Reworded: 50% <b>off</b>.",
    method=None,
    path="/api/v1/reports/ws",
    operation="reports.update",
)
APPROVAL = Approval(
    "broker", "v1", "openapi", "f1", BREAK.rule, BREAK.place, TODAY, "Agreed."
)
IDLE = replace(APPROVAL, fingerprint="f9", until=TODAY - timedelta(days=1))


def verdict(*changes: tuple[ContractName, Change], approvals: Any = ()) -> Verdict:
    """Judge changes by the default policy."""
    found = [ContractChange(name, change) for name, change in changes]
    return judge(found, Policy(), approvals, TODAY)


def report(*changes: tuple[ContractName, Change], approvals: Any = ()) -> Report:
    """Report on changes."""
    return make_report(
        verdict(*changes, approvals=approvals),
        against="accepted",
        today=TODAY,
        folder=Path("/project"),
    )


ALL = ((BROKER, BREAK), (BROKER, ADDED), (SOCKET, UPDATE))


class TestJson:
    """`--format json`."""

    def test_the_published_schema_is_that_of_the_code(self) -> None:
        """Whoever changes the format publishes it."""
        assert SCHEMA_FILE.read_text() == schema_text()

    @pytest.mark.parametrize("approvals", [[], [APPROVAL, IDLE]])
    def test_every_report_is_as_the_schema_says(
        self, approvals: list[Approval]
    ) -> None:
        """And the schema allows nothing else."""
        validator = Draft202012Validator(dict(report_schema()))
        body = json.loads(report(*ALL, approvals=approvals).to_json())
        validator.validate(body)
        assert not validator.is_valid({**body, "more": 1})
        del body["changes"][0]["fingerprint"]
        assert not validator.is_valid(body)

    def test_a_change_is_told_whole(self) -> None:
        """With its handler below the folder, and what its approval says."""
        [told] = json.loads(report((BROKER, BREAK), approvals=[APPROVAL]).to_json())[
            "changes"
        ]
        approval = told.pop("approval")
        assert (approval["until"], approval["expired"]) == ("2026-06-15", False)
        assert told == {
            "module": "broker",
            "version": "v1",
            "kind": "openapi",
            "rule": "response-required-property-removed",
            "level": "breaking",
            "tier": "json",
            "outcome": "approved",
            "draft": False,
            "operation": "list_orders",
            "method": "GET",
            "path": "/orders",
            "place": "GET /orders#/responses/200",
            "direction": "response",
            "old": {"type": "string"},
            "new": None,
            "text": "GET /orders: the property 'a_b' was removed.",
            "advice": "Bring it back.",
            "fingerprint": "f1",
            "handler": "broker/routes.py:7",
            "used_by": ["reports"],
        }

    def test_the_summary_counts_by_level(self) -> None:
        """Worst first."""
        assert report(*ALL).summary() == "1 breaking, 1 compatible, 1 docs"
        assert report().summary() == "no changes"
        assert report().passes and not report(*ALL).passes


class TestMarkdown:
    """`--format markdown`."""

    def test_a_report_is_a_comment(self) -> None:
        """Levels are headings; what fails comes with what to do."""
        assert to_markdown(report(*ALL)) == (
            "## API changes\n\n"
            "Against `accepted`: 1 breaking, 1 compatible, 1 docs. **The gate fails.**\n\n"
            "### Breaking changes\n\n"
            "**broker v1**\n\n"
            "- `GET /orders`: The property 'a\\_b' was removed.\n"
            "  Bring it back.\n"
            "  Rule `response-required-property-removed`, fingerprint `f1`; in "
            "`broker/routes.py:7`; used by `reports`.\n\n"
            "### Additions and other compatible changes\n\n"
            "**broker v1**\n\n"
            "- `GET /new`: It is new.\n\n"
            "### Documentation\n\n"
            "**reports v1 (socket)**\n\n"
            "- `reports.update`: Reworded: 50% \\<b\\>off\\</b\\>.\n\n"
            "What was promised in v1 is broken. Take the change back, or leave v1 as it "
            "is and offer the new shape beside it, as v2; or have each break approved "
            "for a time:\n\n"
            "```\n"
            'modular-api contracts approve f1 --until YYYY-MM-DD --why "…"\n'
            "```\n"
        )

    def test_approvals_are_told(self) -> None:
        """Those that count, that have expired, and that nobody needs."""
        text = to_markdown(report((BROKER, BREAK), approvals=[APPROVAL, IDLE]))
        assert "*Approved until 2026-06-15: Agreed.*" in text
        assert "EXPIRED on 2026-06-14 and is needed by no change any more" in text
        expired = replace(APPROVAL, until=TODAY - timedelta(days=1))
        text = to_markdown(report((BROKER, BREAK), approvals=[expired]))
        assert "*The approval EXPIRED on 2026-06-14: Agreed.*" in text
        assert "The gate fails" in text

    def test_no_changes_are_one_sentence(self) -> None:
        """The changelog of a release without any."""
        assert (
            to_markdown(report())
            == "## API changes\n\nAgainst `accepted`: no changes.\n"
        )

    def test_names_cannot_make_markup(self) -> None:
        """A path may hold anything."""
        assert code("a`b``c") == "``` a`b``c ```"
        assert escape("`a_b` c_d `") == "`a_b` c\\_d \\`"
        assert escape("[x](y) *z*\n# h @all") == "\\[x\\](y) \\*z\\* \\# h \\@all"


class TestGithub:
    """`--format github`."""

    def test_each_change_is_a_line_at_its_handler(self) -> None:
        """Only what fails is an error; text cannot end a command early."""
        lines = to_github(report(*ALL)).splitlines()
        assert lines == [
            "::error file=broker/routes.py,line=7,title=broker v1%3A breaking%3A GET "
            "/orders::The property 'a_b' was removed. Bring it back. "
            "[response-required-property-removed, f1]",
            "::notice title=broker v1%3A compatible%3A GET /new::It is new. "
            "[endpoint-added, f2]",
            "::notice title=reports v1 (socket)%3A docs%3A reports.update::Reworded: "
            "50%25 <b>off</b>. [endpoint-added, f2]",
            "accepted: 1 breaking, 1 compatible, 1 docs",
        ]

    def test_an_approved_break_is_a_notice(self) -> None:
        """With its reason; an approval nobody needs is a warning."""
        lines = to_github(
            report((BROKER, BREAK), approvals=[APPROVAL, IDLE])
        ).splitlines()
        assert lines[0].startswith("::notice file=")
        assert "Approved until 2026-06-15: Agreed." in lines[0]
        assert lines[1].startswith("::warning title=Approval::The approval f9")

    def test_a_text_of_many_lines_stays_one_command(self) -> None:
        """Whatever a handler's docstring holds."""
        change = replace(BREAK, text="a\n::error::b\r", path="/a,b:c")
        [line, _] = to_github(report((BROKER, change))).splitlines()
        assert "::a%0A::error::b%0D " in line
        assert "title=broker v1%3A breaking%3A GET /a%2Cb%3Ac::" in line


def test_the_next_version_is_one_nobody_has() -> None:
    """Of broken v1 and v2, v3 is the way out."""
    text = to_markdown(
        report((BROKER, BREAK), (ContractName("broker", "v2", "openapi"), BREAK))
    )
    assert "promised in v1 and v2 is broken" in text
    assert "leave v2 as it is and offer the new shape beside it, as v3" in text


def test_a_break_that_passes_says_why() -> None:
    """A draft, or a tier nobody promised."""
    draft = to_markdown(report((BROKER, replace(BREAK, draft=True))))
    assert "*A draft: promised to nobody.*" in draft
    found = [ContractChange(BROKER, BREAK)]
    behind = make_report(
        judge(found, Policy(tier="wire"), [], TODAY),
        against="accepted",
        today=TODAY,
        folder=Path("/project"),
    )
    assert behind.passes
    assert "*Passes: the policy does not promise the tier 'json'.*" in to_markdown(
        behind
    )


def test_a_whole_contract_is_named_so() -> None:
    """It has neither method nor path."""
    gone = replace(BREAK, method=None, path=None, operation=None, place="#")
    assert "- `the whole contract`: " in to_markdown(report((REPORTS, gone)))
