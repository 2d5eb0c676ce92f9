"""Errors of the manager.

ModularError
└── ManagerError
    ├── AlreadyManaged      another manager runs these servers
    ├── NotManaged          there is no manager to ask
    ├── PortsTaken          addresses cannot be listened on; nothing was started
    ├── StartStopped        somebody has stopped it before everything was ready
    ├── StartFailed         a process never became ready; what had started was stopped
    ├── RollFailed          the new process never became ready; the old one serves on
    ├── PeerWouldBreak      new code breaks what a running peer relies on
    ├── UnknownServer       the configuration has no server of this name
    ├── BadFolder           files cannot be kept where they should be
    ├── CannotExclude       there are no modules of these names
    ├── NothingLeft         every module was excluded
    ├── NotDescribed        the app cannot be built, so there is nothing to start
    ├── GatewayFailed       nginx is missing, does not start, or refuses what it is told
    ├── ControlFailed       the manager could not be asked, or not understood
    │   └── ManagerSilent   it does not even say that it has heard
    └── BadRecord           a file about a process is none of ours
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from modular_api.errors import ModularError
from modular_api.listening import CannotListen


class ManagerError(ModularError):
    """Something the manager was asked for cannot be done."""


class AlreadyManaged(ManagerError):
    """Another manager runs these servers."""

    def __init__(self, pid: int, folder: Path) -> None:
        self.pid = pid
        super().__init__(
            f"Manager {pid} runs already and keeps its files in {folder}; use "
            "`manager restart` or `manager stop`, or another folder."
        )


class NotManaged(ManagerError):
    """There is no manager to ask."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"No manager runs with its files in {folder}; start one with "
            "`modular-api manager start`."
        )


class PortsTaken(ManagerError):
    """Addresses cannot be listened on; nothing was started.

    Attributes:
        faults: one for each address.
    """

    def __init__(self, faults: Sequence[tuple[str, CannotListen]]) -> None:
        self.faults = tuple(faults)
        lines = "".join(f"\n  - {name}: {fault}" for name, fault in self.faults)
        super().__init__(f"Nothing was started:{lines}")


class StartStopped(ManagerError):
    """Somebody has stopped it before everything was ready."""

    def __init__(self) -> None:
        super().__init__("It was stopped while it was starting; nothing of it runs.")


class StartFailed(ManagerError):
    """A process never became ready."""

    def __init__(self, name: str, why: str, last_words: str = "") -> None:
        self.name = name
        self.why = why
        self.last_words = last_words
        super().__init__(f"{name} did not start: {why}{_quoted(last_words)}")


class RollFailed(ManagerError):
    """The new process never became ready; the old one serves on."""

    def __init__(self, name: str, why: str, last_words: str = "") -> None:
        self.name = name
        self.why = why
        super().__init__(
            f"{name} was not replaced, its old process serves on: the new one failed: "
            f"{why}{_quoted(last_words)}"
        )


class PeerWouldBreak(ManagerError):
    """New code breaks what a running peer relies on; nothing was replaced."""

    def __init__(self, server: str, breaks: Sequence[str]) -> None:
        self.server = server
        self.breaks = tuple(breaks)
        lines = "".join(f"\n  - {text}" for text in self.breaks)
        super().__init__(
            f"{server} was not replaced, as its new contract breaks a peer that runs: "
            f"{lines}\nRestart all with `manager restart`, or insist with --force."
        )


class UnknownServer(ManagerError):
    """The configuration has no server of this name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        super().__init__(f"There is no server '{name}'; there are: {', '.join(known)}.")


class BadFolder(ManagerError):
    """Files cannot be kept where they should be."""

    def __init__(self, folder: Path, error: OSError) -> None:
        self.folder = folder
        super().__init__(
            f"Files cannot be kept in {folder}: {error.strerror or error}."
        )


class CannotExclude(ManagerError):
    """There are no modules of these names."""

    def __init__(self, names: Sequence[str], known: Sequence[str]) -> None:
        self.names = tuple(names)
        super().__init__(
            f"There is no module {', '.join(names)} to leave out; there are: "
            f"{', '.join(known)}."
        )


class NothingLeft(ManagerError):
    """Every module was excluded."""

    def __init__(self, excluded: Sequence[str]) -> None:
        super().__init__(f"Without {', '.join(excluded)} there is nothing to start.")


class NotDescribed(ManagerError):
    """The app cannot be built, so there is nothing to start.

    Attributes:
        outcome: what that means for what was asked for, and for what runs.
    """

    def __init__(self, why: str, outcome: str = "nothing was started") -> None:
        self.outcome = outcome
        super().__init__(f"The app cannot be built, so {outcome}: {why}")


class GatewayFailed(ManagerError):
    """nginx is missing, does not start, or refuses what it is told."""


class ControlFailed(ManagerError):
    """The manager could not be asked, or answered what nobody understands."""


class ManagerSilent(ControlFailed):
    """The manager does not even say that it has heard."""

    def __init__(self, pid: int, waited_s: float, *, suspended: bool) -> None:
        self.pid = pid
        remedy = (
            f"It is suspended: `kill -CONT {pid}` lets it go on."
            if suspended
            else f"`kill -9 {pid}` ends it."
        )
        super().__init__(
            f"Manager {pid} has not answered for {waited_s:g} s. {remedy} When it was "
            "killed, `manager stop` stops what it has left, and `manager start "
            "--detach` adopts detached processes."
        )


class BadRecord(ManagerError):
    """A file about a process is none of ours."""

    def __init__(self, path: Path, why: str) -> None:
        self.path = path
        super().__init__(
            f"{path} was not written by a manager ({why}); nothing was started or "
            "stopped. Look what it is, and remove it if nobody needs it."
        )


def _quoted(last_words: str) -> str:
    return "".join(f"\n  | {line}" for line in last_words.splitlines())
