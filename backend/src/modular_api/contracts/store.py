"""The promise on disk: one file for each contract, and the approvals beside them."""

from __future__ import annotations

from pathlib import Path

from modular_api.contracts.approvals import ApprovalsFile
from modular_api.contracts.documents import Baseline
from modular_api.contracts.errors import RESTORE, CorruptPromise, UnwritablePromise
from modular_api.contracts.names import ContractName, promised_name
from modular_api.specs.errors import CorruptSpecFile, UnwritableFolder
from modular_api.specs.store import SpecFile

ACCEPTED = "accepted"
"""How the promise is called where something to compare with is named."""

APPROVALS_FILE = "approvals.toml"


class ContractStore:
    """A folder of promised documents. Nothing is remembered: each call reads the disk.

    Args:
        folder: need not exist; then nothing is promised.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.approvals = ApprovalsFile(folder / APPROVALS_FILE)

    def __repr__(self) -> str:
        return f"ContractStore({str(self.folder)!r})"

    def path_of(self, name: ContractName) -> Path:
        """Return the file a contract is promised in."""
        return self.folder / name.file_name

    def names(self) -> list[ContractName]:
        """List what is promised, in order.

        Raises: CorruptPromise: a file's name names no contract, so that its promise
            would be forgotten.
        """
        try:
            files = [path for path in self.folder.iterdir() if path.suffix == ".json"]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise CorruptPromise(self.folder, error.strerror or str(error)) from error
        names = []
        for path in sorted(files):
            if path.name.startswith("."):  # on its way, or left by a crash
                continue
            name = promised_name(path.name)
            if name is None:
                raise CorruptPromise(
                    path, "its name is not like <module>_<version>_openapi.json"
                )
            names.append(name)
        return sorted(names, key=lambda name: name.order)

    def read(self) -> Baseline:
        """Return everything that is promised.

        Raises: CorruptPromise.
        """
        documents = {}
        for name in self.names():
            path = self.path_of(name)
            try:
                content = SpecFile(path).read_bytes()
            except CorruptSpecFile as error:
                raise CorruptPromise(path, error.reason) from error
            if content is not None:
                documents[name] = content
        return Baseline(ACCEPTED, documents, advice=RESTORE)

    def write(self, name: ContractName, content: bytes) -> bool:
        """Promise a document in one step, if it differs; tell whether it did.

        Raises: UnwritablePromise.
        """
        try:
            return SpecFile(self.path_of(name)).write(content)
        except UnwritableFolder as error:
            raise UnwritablePromise(error.path, error.reason) from error

    def remove(self, name: ContractName) -> None:
        """Take a promise back.

        Raises: UnwritablePromise.
        """
        path = self.path_of(name)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise UnwritablePromise(path, error.strerror or str(error)) from error
