"""What an app does about its promise when it starts."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from modular_api.app.generation import job_of
from modular_api.contracts.approvals import today_in_utc
from modular_api.contracts.documents import LiveContracts
from modular_api.contracts.errors import ContractError, PromiseBroken
from modular_api.contracts.gate import Verdict, examine
from modular_api.contracts.names import ContractName
from modular_api.contracts.policy import Policy
from modular_api.contracts.store import ContractStore
from modular_api.model import AppModel
from modular_api.module.module_app import ModuleApp

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ContractCheck:
    """Compares what an app says with what was promised, and never moves the promise.

    Args:
        folder: of the promise; without one, nothing is promised.
        policy: what fails, and whether a start is refused then.
    """

    folder: Path
    policy: Policy = field(default_factory=Policy)

    def at_start(self, modules: Sequence[ModuleApp]) -> None:
        """Log each change with its level, worst first.

        Modules that are not part of the app are left alone: a process may serve some
        of those that were promised.

        Raises:
            PromiseBroken: the gate fails, and the policy refuses to start then.
            ContractError: the promise cannot be read, and the policy refuses.
        """
        if self.policy.at_start == "off":
            return
        refuses = self.policy.at_start == "refuse"
        try:
            verdict = self._verdict(modules)
        except ContractError as error:
            if refuses:
                raise
            log.error("the promise was not checked: %s", error)
            return
        _log(verdict)
        if refuses and verdict.failures:
            raise PromiseBroken([str(each) for each in verdict.failures])

    def _verdict(self, modules: Sequence[ModuleApp]) -> Verdict:
        store = ContractStore(self.folder)
        promised = store.read()
        named = frozenset(module.name for module in modules)
        live = LiveContracts(live_documents(modules), named)
        if not promised.documents:
            return Verdict(())
        approvals = store.approvals.read()
        return examine(promised, live, self.policy, approvals, today_in_utc())


def live_documents(modules: Iterable[ModuleApp]) -> dict[ContractName, bytes]:
    """Return the canonical documents of modules, over HTTP and over sockets."""
    return {
        ContractName(module.name, document.version, document.kind): document.content
        for module in modules
        for document in job_of(module, module.directory or Path()).documents
    }


def live_contracts(modules: Sequence[ModuleApp], model: AppModel) -> LiveContracts:
    """Return the documents of a whole app, with handlers and users of the modules."""
    handlers = {
        (module.name, version.name, route.method, route.path): route.handler
        for module in model.modules
        for version in module.versions
        for route in version.routes
    }
    used_by = {
        module.name: tuple(
            other.name for other in model.modules if module.name in other.uses
        )
        for module in model.modules
    }
    return LiveContracts(live_documents(modules), handlers=handlers, used_by=used_by)


def _log(verdict: Verdict) -> None:
    for each in verdict.judged:
        level = logging.WARNING if each.outcome.is_failure else logging.INFO
        found, change = each.found, each.found.change
        log.log(
            level,
            "%s: %s: %s [%s, %s]",
            found.contract,
            each.level,
            change.text,
            each.outcome,
            change.fingerprint,
        )
