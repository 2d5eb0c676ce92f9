"""Folders and documents to compare with."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from modular_api.contracts.baselines.choice import read_baseline
from modular_api.contracts.comparison import find_changes
from modular_api.contracts.documents import Baseline, LiveContracts
from modular_api.contracts.errors import NothingToCompareWith, UnusableDocument
from modular_api.contracts.names import ContractName
from modular_api.contracts.store import ContractStore
from modular_api.specs.merge import ModuleSpec, merge
from tests.framework.contracts.conftest import (
    BROKER,
    BROKER_V2,
    REPORTS,
    TODAY,
    document,
    encoded,
)

BROKER_NOW = encoded(document("GET /orders"))
REPORTS_NOW = encoded(document("GET /reports", module="reports"))
LIVE = LiveContracts({BROKER: BROKER_NOW, REPORTS: REPORTS_NOW})


def baseline(against: Path | str, live: LiveContracts = LIVE) -> Baseline:
    """Read what `--against` names, outside of any repository."""
    nowhere = ContractStore(Path(os.devnull))
    return read_baseline(str(against), store=nowhere, live=live, modules=[])


def write(path: Path, content: bytes = b"{}") -> Path:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


class TestFolder:
    """`--against DIR`."""

    def test_a_promise_elsewhere(self, tmp_path: Path) -> None:
        """For example in another checkout."""
        for name in (BROKER, BROKER_V2):
            write(tmp_path / name.file_name, str(name).encode())
        assert baseline(tmp_path).documents == {
            BROKER: b"broker v1",
            BROKER_V2: b"broker v2",
        }

    def test_a_folder_of_modules(self, tmp_path: Path) -> None:
        """Their own folders tell their names; what is hidden is left alone."""
        write(tmp_path / "broker/specs_generated/broker_openapi.json", b"1")
        write(tmp_path / "broker/specs_generated/broker_v2_openapi.json", b"2")
        write(tmp_path / ".old/broker/specs_generated/broker_openapi.json", b"3")
        write(tmp_path / "broker/package.json")
        assert baseline(tmp_path).documents == {BROKER: b"1", BROKER_V2: b"2"}

    def test_a_modules_specs_named_directly(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Also from inside of it."""
        folder = tmp_path / "orders_v2" / "specs_generated"
        write(folder / "orders_v2_openapi.json", b"1")
        expected = {ContractName("orders_v2", "v1", "openapi"): b"1"}
        assert baseline(folder).documents == expected
        monkeypatch.chdir(folder)
        assert baseline(".").documents == expected

    def test_two_documents_of_one_contract_are_refused(self, tmp_path: Path) -> None:
        """Nobody said which one is meant."""
        write(tmp_path / "contracts/broker_v1_openapi.json")
        write(tmp_path / "m/broker/specs_generated/broker_openapi.json")
        with pytest.raises(UnusableDocument, match="broker v1 lies in .* and in "):
            baseline(tmp_path)

    def test_a_folder_of_other_things_is_refused(self, tmp_path: Path) -> None:
        """Comparing with nothing would pass."""
        write(tmp_path / "package.json")
        with pytest.raises(NothingToCompareWith, match="_openapi.json or "):
            baseline(tmp_path)

    def test_a_file_that_cannot_be_read_is_told(self, tmp_path: Path) -> None:
        """Here a folder of that name."""
        (tmp_path / "broker_v1_openapi.json").mkdir()
        with pytest.raises(UnusableDocument, match="broker_v1_openapi.json"):
            baseline(tmp_path)


class TestDocument:
    """`--against FILE`."""

    def test_a_modules_document_is_known_by_its_server(self, tmp_path: Path) -> None:
        """Whatever the file is called; other modules are not removed by it."""
        old = encoded(document("GET /orders", "POST /orders"))
        read = baseline(write(tmp_path / "old.json", old))
        assert read.documents == {BROKER: old}
        changes = find_changes(read, LIVE, TODAY)
        assert [(c.contract, c.change.path) for c in changes] == [(BROKER, "/orders")]

    def test_a_full_address_will_do(self, tmp_path: Path) -> None:
        """As a gateway may write it."""
        old = document("GET /orders")
        old["servers"] = [{"url": "https://api.example.com:8443/api/v2/broker"}]
        read = baseline(write(tmp_path / "old.json", encoded(old)))
        assert list(read.documents) == [BROKER_V2]

    def test_a_document_without_an_address_is_known_by_its_file(
        self, tmp_path: Path
    ) -> None:
        """As it is named where specs are generated."""
        old = document("GET /reports")
        del old["servers"]
        read = baseline(write(tmp_path / "reports_openapi.json", encoded(old)))
        assert list(read.documents) == [REPORTS]

    def test_with_one_module_there_is_no_question(self, tmp_path: Path) -> None:
        """`--modules` chooses it."""
        old = document("GET /orders")
        del old["servers"]
        file = write(tmp_path / "old.json", encoded(old))
        assert list(baseline(file, LIVE.only(["broker"])).documents) == [BROKER]
        with pytest.raises(UnusableDocument, match="choose one with --modules"):
            baseline(file)

    def test_a_sockets_document_is_known_by_its_channels(self, tmp_path: Path) -> None:
        """They carry the address."""
        channel = {"address": "/api/v1/broker/ws"}
        socket = {"asyncapi": "3.0.0", "channels": {"ws": channel}}
        read = baseline(write(tmp_path / "a.json", encoded(socket)))
        assert list(read.documents) == [ContractName("broker", "v1", "asyncapi")]
        socket["channels"] = {"a": channel, "b": {"address": "/api/v1/reports/ws"}}
        with pytest.raises(UnusableDocument, match="broker v1 .* and reports v1"):
            baseline(write(tmp_path / "a.json", encoded(socket)))

    @pytest.mark.parametrize(
        ("content", "fault"),
        [
            (b"{}", "no 'openapi' or 'asyncapi'"),
            (b'{"swagger": "2.0"}', "no 'openapi' or 'asyncapi'"),
            (b"", "line 1, column 1"),
            (b"[1]", "it holds a list"),
            (
                b'{"openapi": "3.1.0", "paths": 1, "servers": [1, {"url": 2}]}',
                "nothing",
            ),
            (b'{"asyncapi": "3.0.0", "channels": [1]}', "nothing in it says"),
        ],
    )
    def test_what_is_no_document_is_refused(
        self, tmp_path: Path, content: bytes, fault: str
    ) -> None:
        """With what is wrong, and where."""
        file = write(tmp_path / "x.json", content)
        with pytest.raises(UnusableDocument, match=fault) as caught:
            baseline(file)
        assert str(file) in str(caught.value)


class TestMergedDocument:
    """The document of a whole app, as `/api/v1/openapi.json` answers it."""

    SHARED = {"properties": {"id": {"type": "string"}}, "type": "object"}

    def documents(self, field: str = "string") -> dict[str, dict[str, Any]]:
        """Describe two modules with models of one name that differ."""
        documents = {}
        for module, type_ in (("broker", field), ("reports", "integer")):
            part = document("GET /orders", "GET /new", module=module)
            body = {
                "application/json": {"schema": {"$ref": "#/components/schemas/Row"}}
            }
            answer = part["paths"]["/orders"]["get"]["responses"]["200"]
            answer["content"] = body
            row = {"properties": {"a": {"type": type_}}, "type": "object"}
            part["components"] = {"schemas": {"Row": row, "Unused": self.SHARED}}
            part["components"]["securitySchemes"] = {
                "Key": {"type": "apiKey", "in": "header", "name": "X-Key"}
            }
            part["paths"]["/orders"]["get"]["security"] = [{"Key": []}]
            part["info"]["description"] = "Words a merged document does not have."
            documents[module] = part
        return documents

    def merged(self, tmp_path: Path, documents: dict[str, dict[str, Any]]) -> Path:
        """Write the document of an app of these modules."""
        specs = [
            ModuleSpec(name, "v1", f"/api/v1/{name}", part)
            for name, part in documents.items()
        ]
        merged = merge(specs, title="App", version="v1")
        return write(tmp_path / "openapi.json", encoded(merged))

    def live(self, documents: dict[str, dict[str, Any]]) -> LiveContracts:
        """Return an app of these modules."""
        return LiveContracts(
            {
                ContractName(name, "v1", "openapi"): encoded(part)
                for name, part in documents.items()
            }
        )

    def test_the_same_app_has_not_changed(self, tmp_path: Path) -> None:
        """Prefixes, names of operations and of models are taken back."""
        documents = self.documents()
        for part in documents.values():
            del part["components"]["schemas"]["Unused"]
        live = self.live(documents)
        read = baseline(self.merged(tmp_path, documents), live)
        assert find_changes(read, live, TODAY) == []

    def test_changes_are_found_in_the_module_they_are_in(self, tmp_path: Path) -> None:
        """With the fingerprints they have against the promise."""
        old, new = self.documents(), self.documents()
        del new["reports"]["paths"]["/new"]
        live = self.live(new)
        found = find_changes(baseline(self.merged(tmp_path, old), live), live, TODAY)
        broken = [c for c in found if c.change.level.value == "breaking"]
        expected = find_changes(
            Baseline("promise", self.live(old).documents), live, TODAY
        )
        assert [c.contract for c in broken] == [REPORTS]
        assert {c.change.fingerprint for c in broken} == {
            c.change.fingerprint for c in expected
        }

    def test_a_module_that_is_gone_is_missed_there_too(self, tmp_path: Path) -> None:
        """A merged document has every module of its version."""
        old = self.documents()
        live = self.live({"broker": old["broker"]})
        found = find_changes(baseline(self.merged(tmp_path, old), live), live, TODAY)
        assert [
            (c.contract, c.change.rule) for c in found if c.contract == REPORTS
        ] == [(REPORTS, "api-version-removed")]

    def test_another_version_is_not_part_of_it(self, tmp_path: Path) -> None:
        """`/api/v1/openapi.json` says nothing of v2."""
        old = self.documents()
        both = {**self.live(old).documents, BROKER_V2: BROKER_NOW}
        live = LiveContracts(both)
        read = baseline(self.merged(tmp_path, old), live)
        assert BROKER_V2 not in {c.contract for c in find_changes(read, live, TODAY)}


def test_a_name_of_nothing_is_refused(tmp_path: Path) -> None:
    """An empty text, or one no terminal shows."""
    for against in ("", "a\0b", "\n"):
        with pytest.raises(NothingToCompareWith):
            baseline(against)


def test_a_path_comes_before_a_ref(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It works where git is not even installed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    write(tmp_path / "main" / BROKER.file_name, b"1")
    assert shutil.which("git") is None
    assert baseline("main").documents == {BROKER: b"1"}
    with pytest.raises(NothingToCompareWith, match="git is not installed"):
        baseline("other")
