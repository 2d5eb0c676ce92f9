"""`modular-api contracts`: the promise, moved on request and never by itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modular_api.cli.contract_options import (
    ContractsDirOption,
    SelectedModulesOption,
    open_project,
)
from modular_api.cli.options import (
    AppOption,
    DebugOption,
    JsonOption,
    ModulesDirOption,
)
from modular_api.cli.reporting import reporting
from modular_api.project.errors import UsageError

if TYPE_CHECKING:
    from modular_api.contracts.approvals import Approval
    from modular_api.contracts.names import ContractName
    from modular_api.contracts.promising import Accepted

UntilOption = Annotated[
    str,
    typer.Option(
        "--until", metavar="YYYY-MM-DD", help="The last day, in UTC, that it counts."
    ),
]

WhyOption = Annotated[
    str, typer.Option("--why", metavar="TEXT", help="The reason, for its reviewers.")
]


def contracts_cli() -> typer.Typer:
    """Put the commands below `contracts` together."""
    cli = typer.Typer(
        no_args_is_help=True,
        help="Look at what was promised to clients, or move the promise.",
    )
    cli.command("list")(list_contracts)
    cli.command("accept")(accept)
    cli.command("approve")(approve)
    return cli


def accept(
    app: AppOption = None,
    modules_dir: ModulesDirOption = None,
    modules: SelectedModulesOption = None,
    contracts_dir: ContractsDirOption = None,
    debug: DebugOption = False,
) -> None:
    """Promise what the code says now; breaks only where each one is approved.

    Approvals that are used up by this are removed from their file.
    """
    with reporting(debug=debug):
        from modular_api.contracts.approvals import today_in_utc
        from modular_api.contracts.promising import accept as accept_contracts

        project = open_project(app, modules_dir, contracts_dir)
        live = project.live(modules)
        done = accept_contracts(project.store, live, project.policy, today_in_utc())
        for line in _accepted_lines(done):
            typer.echo(line)


def approve(
    fingerprint: Annotated[
        str, typer.Argument(help="The break, as `modular-api diff` shows it.")
    ],
    until: UntilOption,
    why: WhyOption,
    app: AppOption = None,
    modules_dir: ModulesDirOption = None,
    modules: SelectedModulesOption = None,
    contracts_dir: ContractsDirOption = None,
    debug: DebugOption = False,
) -> None:
    """Let one break of the promise pass until the end of a day.

    It is written beside the promise, to be reviewed and committed. It counts for this
    one change, in later commits too, and for no other.
    """
    with reporting(debug=debug):
        from modular_api.contracts.approvals import today_in_utc
        from modular_api.contracts.promising import approve as approve_break

        last_day = _day(until)
        project = open_project(app, modules_dir, contracts_dir)
        approval = approve_break(
            project.store,
            project.live(modules),
            project.policy,
            fingerprint,
            until=last_day,
            why=why,
            today=today_in_utc(),
        )
        typer.echo(
            f"Approved until {approval.until}: {approval.contract}, {approval.rule} at "
            f"{approval.place}"
        )


def list_contracts(
    app: AppOption = None,
    modules_dir: ModulesDirOption = None,
    contracts_dir: ContractsDirOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List what is promised, and the breaks that were approved. No module is loaded."""
    with reporting(debug=debug, as_json=as_json):
        from modular_api.contracts.approvals import today_in_utc

        store = open_project(app, modules_dir, contracts_dir).store
        names, approvals = store.names(), store.approvals.read()
        if as_json:
            typer.echo(_listing_json(names, approvals))
            return
        for name in names:
            typer.echo(f"{name}: {_shown(store.path_of(name))}")
        if not names:
            typer.echo(f"Nothing is promised in {_shown(store.folder)}.")
        today = today_in_utc()
        for approval in approvals:
            word = "until" if approval.counts_on(today) else "EXPIRED on"
            typer.echo(
                f"{approval.contract}: approved {word} {approval.until}: "
                f"{approval.fingerprint}, {approval.rule} at {approval.place} "
                f"({approval.why})"
            )


def _accepted_lines(done: Accepted) -> Iterable[str]:
    for judged in done.verdict.judged:
        yield f"{judged.found.contract}: {judged.level}: {judged.found.change.text}"
    for name in done.written:
        yield f"{name}: promised as it is now"
    for name in done.removed:
        yield f"{name}: promised no more"
    for approval in done.spent:
        yield f"{approval.contract}: the approval {approval.fingerprint} is used up"
    if not (done.written or done.removed):
        yield "The promise is what the code says; nothing was written."


def _listing_json(names: list[ContractName], approvals: Iterable[Approval]) -> str:
    import json

    from modular_api.contracts.approvals import today_in_utc
    from modular_api.contracts.reports.report import reported_approvals

    listed = reported_approvals(approvals, today_in_utc())
    contracts = [
        {"module": name.module, "version": name.version, "kind": name.kind}
        for name in names
    ]
    shown = [approval.model_dump(mode="json") for approval in listed]
    return json.dumps(
        {"contracts": contracts, "approvals": shown}, indent=2, ensure_ascii=False
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--until is '{text}', expected a day like 2030-12-31."
        ) from None


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
