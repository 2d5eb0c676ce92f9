"""The promise on disk."""

from __future__ import annotations

import pytest

from modular_api.contracts.errors import CorruptPromise, UnwritablePromise
from modular_api.contracts.store import ContractStore
from tests.framework.contracts.conftest import BROKER, BROKER_V2, REPORTS


def test_without_a_folder_nothing_is_promised(store: ContractStore) -> None:
    """And looking makes none."""
    assert store.names() == []
    assert store.read().documents == {}
    assert not store.folder.exists()


def test_what_is_promised_is_read_again(store: ContractStore) -> None:
    """Bytes and names, in order."""
    for name in (REPORTS, BROKER_V2, BROKER):
        assert store.write(name, str(name).encode())
    assert store.names() == [BROKER, BROKER_V2, REPORTS]
    assert store.read().documents[BROKER_V2] == b"broker v2"
    assert not store.write(BROKER, b"broker v1")
    store.remove(BROKER)
    assert store.names() == [BROKER_V2, REPORTS]


def test_other_files_may_lie_there(store: ContractStore) -> None:
    """A README, and what a crash has left."""
    store.write(BROKER, b"{}")
    (store.folder / "README.md").write_text("Ours.")
    (store.folder / ".broker_v1_openapi.json.ab.tmp").write_text("{")
    (store.folder / ".x.json").write_text("{")
    assert store.names() == [BROKER]


def test_a_misnamed_document_is_no_forgotten_promise(store: ContractStore) -> None:
    """It would never be compared again."""
    store.write(BROKER, b"{}")
    (store.folder / "brokr-v1-openapi.json").write_text("{}")
    with pytest.raises(CorruptPromise, match="brokr-v1-openapi.json") as caught:
        store.read()
    assert "<module>_<version>_openapi.json" in str(caught.value)


def test_a_file_in_the_folders_place_is_told(store: ContractStore) -> None:
    """Read or written, it is harmed by neither."""
    store.folder.write_text("mine")
    with pytest.raises(CorruptPromise):
        store.read()
    with pytest.raises(UnwritablePromise, match="cannot be changed"):
        store.write(BROKER, b"{}")
    assert store.folder.read_text() == "mine"


def test_a_folder_in_a_documents_place_is_told(store: ContractStore) -> None:
    """Read, written or removed."""
    store.path_of(BROKER).mkdir(parents=True)
    with pytest.raises(CorruptPromise):
        store.read()
    with pytest.raises(UnwritablePromise):
        store.write(BROKER, b"{}")
    with pytest.raises(UnwritablePromise):
        store.remove(BROKER)
