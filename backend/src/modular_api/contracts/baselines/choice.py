"""What `--against` names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from modular_api.contracts.baselines.folder import read_folder
from modular_api.contracts.baselines.single import read_single
from modular_api.contracts.documents import Baseline, LiveContracts
from modular_api.contracts.errors import NothingToCompareWith, UnusableDocument
from modular_api.contracts.store import ACCEPTED, ContractStore


def read_baseline(
    against: str,
    *,
    store: ContractStore,
    live: LiveContracts,
    modules: Iterable[Path],
) -> Baseline:
    """Return the older side of a comparison.

    A path that exists is no git ref; of a branch called like a folder, write
    `refs/heads/NAME`.

    Args:
        against: `accepted`, a git ref, a folder, a file or a web address.
        modules: folders whose folders are modules; where a commit has them, too.

    Raises: ContractError: nothing is there, or it cannot be used.
    """
    if against == ACCEPTED:
        return store.read()
    if not against or not against.isprintable():
        raise NothingToCompareWith(against, "that is no name of anything")
    if "://" in against:
        # HTTP costs more to import than all the rest.
        from modular_api.contracts.baselines.web import fetch

        return read_single(fetch(against), against, live)
    path = Path(against)
    if path.is_dir():
        return read_folder(path)
    if path.exists():
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UnusableDocument(against, error.strerror or str(error)) from error
        return read_single(content, against, live)
    from modular_api.contracts.baselines.git_ref import read_git_ref

    return read_git_ref(against, promise=store.folder, modules=modules)
