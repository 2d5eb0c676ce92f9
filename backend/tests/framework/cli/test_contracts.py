"""`modular-api diff` and `modular-api contracts`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from modular_api import AppFactory
from modular_api.contracts.approvals import today_in_utc
from modular_api.project.settings import read_settings
from modular_api.project.source import choose_source
from modular_api.testing.live_server import LiveServer
from tests.framework.conftest import COMMAND, Invoke, Project

USER = """
    from modular_api import Module

    module = Module(uses=["greeter"])
"""
PROMISE = Path("contracts/greeter_v1_openapi.json")
TOMORROW = (today_in_utc() + timedelta(days=1)).isoformat()


@pytest.fixture
def promised(project: Project, invoke: Invoke) -> Project:
    """A project that has promised what it does."""
    project.write("pyproject.toml", '[tool.modular_api]\nmodules_dir = "modules"\n')
    project.write_module("greeter")
    assert invoke("contracts", "accept").exit_code == 0
    return project


def break_promise(*paths: str) -> None:
    """Let the promise have had operations the code has not."""
    promise = json.loads(PROMISE.read_text())
    for path in paths:
        operation = dict(promise["paths"]["/greeting"]["get"])
        promise["paths"][path] = {"get": operation | {"operationId": path.strip("/")}}
    PROMISE.write_text(json.dumps(promise))


def fingerprints(invoke: Invoke) -> list[str]:
    """Return those of the changes that fail."""
    changes = json.loads(invoke("diff", "--format", "json").stdout)["changes"]
    return [c["fingerprint"] for c in changes if c["outcome"] in ("fails", "expired")]


class TestDiff:
    """`modular-api diff`."""

    def test_before_any_promise_everything_is_new(
        self, project: Project, invoke: Invoke
    ) -> None:
        """That breaks nobody, and needs no git."""
        project.write_module("greeter")
        result = invoke("diff", "--modules-dir", "modules")
        assert result.exit_code == 0
        assert "greeter v1 is new, with 5 operations." in result.stdout
        assert not PROMISE.exists()

    def test_a_kept_promise_passes(self, promised: Project, invoke: Invoke) -> None:
        """In one line."""
        result = invoke("diff")
        assert result.stdout == "no changes, against accepted: passes\n"
        assert result.exit_code == 0

    def test_a_broken_promise_fails_and_tells_what_to_do(
        self, promised: Project, invoke: Invoke
    ) -> None:
        """Change, rule, fingerprint, users, a new version or an approval."""
        promised.write_module("caller", USER)
        break_promise("/farewell")
        result = invoke("diff")
        assert result.exit_code == 1
        lines = result.stdout.splitlines()
        assert "greeter v1" in lines
        [head] = [line for line in lines if line.startswith("  breaking ")]
        assert re.search(r"GET /farewell +api-\S+-without-deprecation \w{16}$", head)
        assert any("used by caller" in line for line in lines)
        assert "offer the new shape beside it, as v2" in result.stdout
        assert f"contracts approve {fingerprints(invoke)[0]} --until" in result.stdout
        assert lines[-1] == "1 breaking, 1 compatible, against accepted: FAILS"

    @pytest.mark.parametrize("format", ["text", "json", "markdown", "github"])
    def test_every_format_has_the_same_verdict(
        self, promised: Project, invoke: Invoke, format: str
    ) -> None:
        """Output on stdout, nothing on stderr."""
        assert invoke("diff", "--format", format).exit_code == 0
        break_promise("/farewell")
        result = invoke("diff", "--format", format)
        assert (result.exit_code, result.stderr) == (1, "")
        assert "/farewell" in result.stdout

    def test_handlers_are_named_from_where_somebody_looks(
        self, promised: Project, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """People from the current folder, GitHub from the repository's root."""
        (promised.folder / ".git").mkdir()
        promise = json.loads(PROMISE.read_text())
        del promise["paths"]["/greeting"]
        PROMISE.write_text(json.dumps(promise))
        monkeypatch.chdir("modules")
        [change] = json.loads(invoke("diff", "--format", "json").stdout)["changes"]
        assert change["handler"] == "greeter/module.py:7"
        result = invoke("diff", "--format", "github")
        assert "file=modules/greeter/module.py,line=7" in result.stdout

    def test_modules_can_be_chosen(self, promised: Project, invoke: Invoke) -> None:
        """Who uses them is still known; a promised module may be gone."""
        promised.write_module("caller", USER)
        break_promise("/farewell")
        assert "greeter" not in invoke("diff", "--modules", "caller").stdout
        chosen = json.loads(
            invoke("diff", "--modules", "greeter", "--format", "json").stdout
        )
        assert [change["used_by"] for change in chosen["changes"]] == [["caller"]]
        PROMISE.with_name("gone_v1_openapi.json").write_text(PROMISE.read_text())
        assert "gone v1 was removed" in invoke("diff", "--modules", "gone").stdout
        result = invoke("diff", "--modules", "gretter")
        assert result.exit_code == 1
        assert "'gretter'" in result.stderr and "greeter" in result.stderr

    def test_a_folder_a_file_and_an_address_can_be_compared_with(
        self, promised: Project, invoke: Invoke
    ) -> None:
        """One app, told in four ways, has not changed."""
        assert invoke("generate").exit_code == 0
        app = AppFactory("modules", generation="off").create_app()
        with LiveServer(app) as server:
            for against in (
                "contracts",
                "modules",
                str(PROMISE),
                f"{server.base_url}/api/v1/openapi.json",
                f"{server.base_url}/api/v1/greeter/openapi.json",
            ):
                result = invoke("diff", "--against", against)
                assert result.stdout == f"no changes, against {against}: passes\n"

    def test_a_commit_can_be_compared_with(
        self, promised: Project, invoke: Invoke
    ) -> None:
        """What was promised then, where nothing was generated."""
        break_promise("/farewell")
        for arguments in (
            ["init", "--quiet"],
            ["add", "--all"],
            ["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-qm", "x"],
        ):
            subprocess.run(["git", *arguments], check=True)
        assert invoke("diff", "--against", "HEAD").exit_code == 1
        result = invoke("diff", "--against", "no-such-branch")
        assert result.exit_code == 1
        assert "no commit of the repository" in result.stderr

    def test_the_policy_of_the_project_counts(
        self, promised: Project, invoke: Invoke
    ) -> None:
        """Here breaks below one path are left to their authors."""
        break_promise("/internal/farewell")
        assert invoke("diff").exit_code == 1
        promised.write(
            "pyproject.toml",
            """
            [tool.modular_api]
            modules_dir = "modules"
            [tool.modular_api.contracts]
            overrides = [{ path = "/internal/*", level = "warning" }]
            """,
        )
        result = invoke("diff")
        assert result.exit_code == 0
        summary = result.stdout.splitlines()[-1]
        assert "1 warning" in summary and summary.endswith("accepted: passes")

    @pytest.mark.parametrize(
        ("against", "told"),
        [
            ("http://127.0.0.1:1/", "refused"),
            ("file:///etc/passwd", "expected http or https"),
            ("modules/greeter", "holds no file like"),
            ("modules/greeter/module.py", "line 1, column 1"),
            ("no-such-ref", "not a git repository"),
        ],
    )
    def test_what_cannot_be_compared_with_is_told(
        self, promised: Project, invoke: Invoke, against: str, told: str
    ) -> None:
        """A typed error, as JSON too; no traceback."""
        result = invoke("diff", "--against", against)
        assert result.exit_code == 1
        assert told in result.stderr and "Traceback" not in result.stderr
        error = json.loads(
            invoke("diff", "--against", against, "--format", "json").stdout
        )["error"]
        assert error["type"] in ("NothingToCompareWith", "UnusableDocument")

    def test_a_damaged_promise_is_told_with_the_way_back(
        self, promised: Project, invoke: Invoke
    ) -> None:
        """Nothing is lost."""
        PROMISE.write_text("{")
        for command in (["diff"], ["contracts", "accept"]):
            result = invoke(*command)
            assert result.exit_code == 1
            assert "greeter v1 of accepted" in result.stderr
            assert "version control" in result.stderr
        assert PROMISE.read_text() == "{"

    def test_a_format_nobody_knows_is_a_usage_error(self, invoke: Invoke) -> None:
        """Nothing was tried."""
        assert invoke("diff", "--format", "xml").exit_code == 2

    def test_a_terminal_sees_colours_and_a_pipe_none(
        self, promised: Project, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What a program reads has no escapes in it."""
        break_promise("/farewell")
        assert "\x1b" not in invoke("diff").stdout
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.setenv("TERM", "xterm-256color")
        assert "\x1b[1;31mbreaking" in invoke("diff").stdout


class TestContracts:
    """`modular-api contracts accept | approve | list`."""

    def test_a_break_is_approved_accepted_and_over(
        self, promised: Project, invoke: Invoke
    ) -> None:
        """The whole way."""
        break_promise("/farewell")
        [fingerprint] = fingerprints(invoke)
        before = PROMISE.read_bytes()
        refused = invoke("contracts", "accept")
        assert refused.exit_code == 1
        assert fingerprint in refused.stderr
        assert PROMISE.read_bytes() == before

        why = "Nobody says farewell."
        approved = invoke(
            "contracts", "approve", fingerprint, "--until", TOMORROW, "--why", why
        )
        assert approved.exit_code == 0
        assert f"Approved until {TOMORROW}: greeter v1, api-" in approved.stdout
        assert PROMISE.read_bytes() == before
        shown = invoke("diff")
        assert shown.exit_code == 0
        assert f"Approved until {TOMORROW}: {why}" in shown.stdout
        assert f"approved until {TOMORROW}" in invoke("contracts", "list").stdout

        accepted = invoke("contracts", "accept")
        assert accepted.exit_code == 0
        assert "greeter v1: promised as it is now" in accepted.stdout
        assert f"the approval {fingerprint} is used up" in accepted.stdout
        assert invoke("diff").stdout == "no changes, against accepted: passes\n"

    def test_a_second_break_beside_an_approved_one_fails(
        self, promised: Project, invoke: Invoke
    ) -> None:
        """And is the only one that does."""
        break_promise("/farewell")
        [first] = fingerprints(invoke)
        invoke("contracts", "approve", first, "--until", TOMORROW, "--why", "So.")
        break_promise("/adieu")
        [second] = fingerprints(invoke)
        assert second != first
        assert invoke("diff").exit_code == 1

    def test_an_expired_approval_fails_loudly(
        self, promised: Project, invoke: Invoke
    ) -> None:
        """With its day; the file is not touched."""
        break_promise("/farewell")
        [fingerprint] = fingerprints(invoke)
        invoke("contracts", "approve", fingerprint, "--until", TOMORROW, "--why", "So.")
        file = promised.folder / "contracts" / "approvals.toml"
        file.write_text(file.read_text().replace(TOMORROW, "2020-02-29"))
        result = invoke("diff")
        assert result.exit_code == 1
        assert "The approval EXPIRED on 2020-02-29: So." in result.stdout
        assert "EXPIRED on 2020-02-29" in invoke("contracts", "list").stdout
        assert "2020-02-29" in file.read_text()

    def test_an_approval_nobody_needs_is_told(
        self, promised: Project, invoke: Invoke
    ) -> None:
        """Against the promise only, and of chosen modules only."""
        before = PROMISE.read_text()
        break_promise("/farewell")
        [fingerprint] = fingerprints(invoke)
        invoke("contracts", "approve", fingerprint, "--until", TOMORROW, "--why", "So.")
        PROMISE.write_text(before)
        promised.write_module("caller", USER)
        words = f"The approval {fingerprint} of greeter v1 is needed by no change"
        assert words in invoke("diff").stdout
        assert words not in invoke("diff", "--against", "contracts").stdout
        assert words not in invoke("diff", "--modules", "caller").stdout

    @pytest.mark.parametrize(
        ("arguments", "code", "told"),
        [
            (["nothing", "--until", TOMORROW, "--why", "So."], 1, "No change has"),
            (["x", "--until", "tomorrow", "--why", "So."], 2, "a day like 2030-12-31"),
            (["x", "--until", "2020-01-01", "--why", "So."], 1, "would never count"),
            (["x", "--until", TOMORROW, "--why", " "], 1, "a sentence on one line"),
            (["x", "--until", TOMORROW], 2, "--why"),
            ([], 2, "fingerprint"),
        ],
    )
    def test_a_wrong_approval_is_refused(
        self,
        promised: Project,
        invoke: Invoke,
        arguments: list[str],
        code: int,
        told: str,
    ) -> None:
        """And nothing is written."""
        break_promise("/farewell")
        result = invoke("contracts", "approve", *arguments)
        assert result.exit_code == code
        assert told in re.sub(r"\x1b\[[\d;]*m", "", result.stderr)
        assert not (promised.folder / "contracts" / "approvals.toml").exists()

    def test_the_promise_is_listed_without_loading_a_module(
        self, promised: Project, invoke: Invoke
    ) -> None:
        """Also where the code is broken; as JSON, too."""
        promised.write_module("greeter", "1 / 0\n")
        assert invoke("contracts", "list").stdout == f"greeter v1: {PROMISE}\n"
        assert json.loads(invoke("contracts", "list", "--json").stdout) == {
            "contracts": [{"module": "greeter", "version": "v1", "kind": "openapi"}],
            "approvals": [],
        }
        PROMISE.unlink()
        assert "Nothing is promised in contracts." in invoke("contracts", "list").stdout

    def test_the_promise_may_lie_elsewhere(
        self, promised: Project, invoke: Invoke
    ) -> None:
        """By option, or written down."""
        invoke("contracts", "accept", "--contracts-dir", "promise")
        assert Path("promise", PROMISE.name).read_bytes() == PROMISE.read_bytes()
        promised.write(
            "pyproject.toml",
            """
            [tool.modular_api]
            modules_dir = "modules"
            [tool.modular_api.contracts]
            folder = "written"
            """,
        )
        invoke("contracts", "accept")
        assert Path("written", PROMISE.name).exists()

    def test_accepting_again_writes_nothing(
        self, promised: Project, invoke: Invoke
    ) -> None:
        """The file keeps its time."""
        before = PROMISE.stat().st_mtime_ns
        result = invoke("contracts", "accept")
        assert "nothing was written" in result.stdout
        assert PROMISE.stat().st_mtime_ns == before

    def test_without_a_command_there_is_help(self, invoke: Invoke) -> None:
        """With all three."""
        result = invoke("contracts")
        assert all(word in result.output for word in ("accept", "approve", "list"))


@pytest.fixture
def served(promised: Project) -> Project:
    """A project that breaks its promise."""
    break_promise("/farewell")
    return promised


def test_a_policy_that_is_written_down_counts_at_start(served: Project) -> None:
    """Whatever the app itself would do; without the table that decides."""
    app = choose_source(read_settings(served.folder)).create_app()
    assert app.contracts is None
    served.write(
        "pyproject.toml",
        """
        [tool.modular_api]
        modules_dir = "modules"
        [tool.modular_api.contracts]
        at_start = "refuse"
        """,
    )
    done = subprocess.run(
        [*COMMAND, "run", "--port", "0"], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1
    assert "breaks what was promised" in done.stderr


def test_the_command_line_loads_no_engine_to_show_its_help() -> None:
    """Nor a web framework: help is quick."""
    code = (
        "import sys; from modular_api.cli.commands import build_cli; build_cli();"
        "print([n for n in sys.modules if n.startswith(('fastapi', 'modular_api.specs'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "[]"
