"""What can be wrong with a promise, or with what it is compared with.

ContractError
├── CorruptPromise         a file of the promise cannot be used
├── CorruptApprovals       the file of approvals cannot be used; every fault is listed
├── UnwritablePromise      a file of the promise cannot be written or removed
├── NothingToCompareWith   there is nothing at the place named by `--against`
├── UnusableDocument       a document found there cannot be compared
├── BadApproval            an approval without a reason, or for a day that is over
├── UnknownFingerprint     no change found now has this fingerprint
├── AmbiguousFingerprint   changes of several modules have this fingerprint
├── NoApprovalNeeded       the change is no break that anything waits for
├── NotAcceptable          unapproved breaks stand between the code and the promise
└── PromiseBroken          an app refuses to start, as its policy says
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from modular_api.errors import ModularError

RESTORE = (
    "Take it back from version control; if the promise is lost, remove the file and "
    "run `modular-api contracts accept`."
)


class ContractError(ModularError):
    """A promise cannot be read, compared, judged or moved."""


class CorruptPromise(ContractError):
    """A file of the promise cannot be used."""

    def __init__(self, place: Path | str, reason: str) -> None:
        self.place = place
        self.reason = reason
        super().__init__(f"{place} is no promised contract: {reason}. {RESTORE}")


class CorruptApprovals(ContractError):
    """The file of approvals cannot be used; `faults` says everything that is wrong."""

    def __init__(self, path: Path, faults: Sequence[str]) -> None:
        self.path = path
        self.faults = tuple(faults)
        lines = "".join(f"\n  - {fault}" for fault in self.faults)
        super().__init__(
            f"{path} is no list of approvals; mend it, or take it back from version "
            f"control:{lines}"
        )


class UnwritablePromise(ContractError):
    """A file of the promise cannot be written or removed; the old one is unharmed."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path} cannot be changed: {reason}. Make the folder {path.parent} "
            "writable and its disk not full, then run the command again."
        )


class NothingToCompareWith(ContractError):
    """There is nothing at the place named by `--against`."""

    def __init__(self, against: str, why: str) -> None:
        self.against = against
        super().__init__(f"There is nothing to compare with at '{against}': {why}.")


class UnusableDocument(ContractError):
    """A document cannot be compared.

    Attributes:
        place: the file, address or module it came from.
    """

    def __init__(self, place: str, reason: str, advice: str = "") -> None:
        self.place = place
        self.reason = reason
        sentence = f"{place} cannot be compared: {reason.removesuffix('.')}."
        super().__init__(f"{sentence} {advice}".rstrip())


class BadApproval(ContractError):
    """An approval says too little, or comes too late."""


class UnknownFingerprint(ContractError):
    """No change found now has this fingerprint.

    Attributes:
        waiting: fingerprints of the changes an approval could be given for.
    """

    def __init__(self, fingerprint: str, waiting: Sequence[str]) -> None:
        self.fingerprint = fingerprint
        self.waiting = tuple(waiting)
        there_are = ", ".join(self.waiting) or "none"
        super().__init__(
            f"No change has the fingerprint '{fingerprint}'. Those that wait for an "
            f"approval: {there_are}. `modular-api diff` shows them."
        )


class AmbiguousFingerprint(ContractError):
    """Changes of several contracts have this fingerprint; one break is approved at a time."""

    def __init__(self, fingerprint: str, contracts: Sequence[str]) -> None:
        self.fingerprint = fingerprint
        self.contracts = tuple(contracts)
        super().__init__(
            f"'{fingerprint}' is a change in {' and in '.join(self.contracts)}. Choose "
            "one with --modules."
        )


class NoApprovalNeeded(ContractError):
    """A change passes as it is."""

    def __init__(self, fingerprint: str, text: str) -> None:
        self.fingerprint = fingerprint
        super().__init__(
            f"'{fingerprint}' needs no approval, it passes as it is: {text}"
        )


class NotAcceptable(ContractError):
    """Unapproved breaks stand between the code and the promise; nothing was written.

    Attributes:
        breaks: each as `contract: fingerprint: text`.
    """

    def __init__(self, breaks: Sequence[str]) -> None:
        self.breaks = tuple(breaks)
        count = len(self.breaks)
        super().__init__(
            f"Nothing was accepted: {count} "
            f"{'change breaks' if count == 1 else 'changes break'} the promise. Take "
            f"{'it' if count == 1 else 'them'} back, offer a new version beside the "
            "old one, or have each approved with `modular-api contracts approve`:"
            + "".join(f"\n  - {line}" for line in self.breaks)
        )


class PromiseBroken(ContractError):
    """An app refuses to start because it breaks its promise, as its policy says."""

    def __init__(self, breaks: Sequence[str]) -> None:
        self.breaks = tuple(breaks)
        super().__init__(
            "The app breaks what was promised, and its contract policy says not to "
            "start then. `modular-api diff` shows the whole of it:"
            + "".join(f"\n  - {line}" for line in self.breaks)
        )


def in_the_past(until: date, today: date) -> BadApproval:
    """Say that an approval would never count."""
    return BadApproval(
        f"An approval until {until} would never count: today is {today}. Name the last "
        "day it should count, as YYYY-MM-DD."
    )
