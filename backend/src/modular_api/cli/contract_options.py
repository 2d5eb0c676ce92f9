"""What the commands about contracts share: their options, and what these mean."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from modular_api.contracts.policy import Policy
from modular_api.project.settings import PROMISE_FOLDER, read_settings
from modular_api.project.source import AppSource, choose_source

if TYPE_CHECKING:
    from modular_api.app.modular_app import ModularApp
    from modular_api.contracts.documents import LiveContracts
    from modular_api.contracts.reports.report import Report
    from modular_api.contracts.store import ContractStore

SelectedModulesOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--modules", metavar="A,B", help="Look at these modules alone; default: all."
    ),
]

ContractsDirOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--contracts-dir",
        metavar="DIR",
        help="Folder of the promise; default: contracts, beside pyproject.toml.",
    ),
]


@dataclass(frozen=True)
class Project:
    """An app, its promise and its policy."""

    source: AppSource
    promise: Path
    policy: Policy

    @cached_property
    def store(self) -> ContractStore:
        """The promise."""
        from modular_api.contracts.store import ContractStore

        return ContractStore(self.promise)

    @cached_property
    def _app(self) -> ModularApp:
        from modular_api.codegen.mode import GenerationMode

        return self.source.create_app(GenerationMode.OFF)

    def live(self, modules: str | None) -> LiveContracts:
        """Return what the app says now, of some modules or of all.

        The whole app is built either way: which modules use one, only it can tell.

        Raises: RegistryError: no module of a name is or was promised.
        """
        from modular_api.app.contract_check import live_contracts
        from modular_api.registry.faults import RegistryError, UnknownModule

        live = live_contracts(self._app.modules_apps, self._app.describe())
        if modules is None:
            return live
        chosen = list(filter(None, (name.strip() for name in modules.split(","))))
        known = {module.name for module in self._app.modules_apps}
        known |= {name.module for name in self.store.names()}
        unknown = [
            UnknownModule(name, given_in="--modules", known=sorted(known))
            for name in chosen
            if name not in known
        ]
        if unknown:
            raise RegistryError(unknown)
        return live.only(chosen)

    def report(self, against: str, live: LiveContracts, *, folder: Path) -> Report:
        """Compare what the app says now with something older, and judge it.

        Args:
            folder: handlers below it are named relative to it.
        Raises: ContractError.
        """
        from modular_api.contracts.approvals import today_in_utc
        from modular_api.contracts.baselines.choice import read_baseline
        from modular_api.contracts.gate import examine
        from modular_api.contracts.reports.report import make_report
        from modular_api.contracts.store import ACCEPTED

        baseline = read_baseline(
            against, store=self.store, live=live, modules=self._modules_folders()
        )
        approvals = [
            approval
            for approval in self.store.approvals.read()
            if live.looks_at(approval.module)
        ]
        today = today_in_utc()
        verdict = examine(baseline, live, self.policy, approvals, today)
        if against != ACCEPTED:
            # An approval is about the promise; that others do not need it says nothing.
            verdict = verdict.without_idle()
        return make_report(verdict, against=against, today=today, folder=folder)

    def _modules_folders(self) -> Iterable[Path]:
        folders = (module.directory for module in self._app.modules_apps)
        return {folder.parent for folder in folders if folder is not None}


def open_project(
    app: str | None, modules_dir: str | None, contracts_dir: Path | None
) -> Project:
    """Find out which app, which promise and which policy are meant.

    Raises: UsageError.
    """
    settings = read_settings(Path.cwd())
    source = choose_source(settings, app=app, modules_dir=modules_dir)
    written = settings.contracts
    if contracts_dir is not None:
        promise = Path.cwd() / contracts_dir
    elif written is not None:
        promise = written.folder
    else:
        promise = settings.root / PROMISE_FOLDER
    return Project(source, promise, Policy() if written is None else written.policy)
