"""Which contract a file holds."""

from __future__ import annotations

import pytest

from modular_api.contracts.names import ContractName, name_of_path, promised_name


@pytest.mark.parametrize(
    ("module", "version", "kind", "file"),
    [
        ("broker", "v1", "openapi", "broker_v1_openapi.json"),
        ("broker", "v12", "asyncapi", "broker_v12_asyncapi.json"),
        ("orders_v2", "v1", "openapi", "orders_v2_v1_openapi.json"),
    ],
)
def test_a_contract_and_its_file_name_each_other(module, version, kind, file) -> None:
    """Also where a module is named like a version."""
    name = ContractName(module, version, kind)
    assert name.file_name == file
    assert promised_name(file) == name


@pytest.mark.parametrize(
    "file",
    ["broker_openapi.json", "broker_v0_openapi.json", "1_v1_openapi.json", "x.json"],
)
def test_the_version_of_a_promise_is_spelled_out(file: str) -> None:
    """Without one, nobody could tell `orders_v2` from v2 of `orders`."""
    assert promised_name(file) is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("modules/broker/specs_generated/broker_openapi.json", "broker v1"),
        ("modules/broker/specs_generated/broker_v2_openapi.json", "broker v2"),
        ("m/orders_v2/specs_generated/orders_v2_openapi.json", "orders_v2 v1"),
        (
            "m/orders_v2/specs_generated/orders_v2_v3_asyncapi.json",
            "orders_v2 v3 (socket)",
        ),
        ("m/broker/specs_generated/datafeed_openapi.json", "None"),
        ("anywhere/broker_openapi.json", "broker v1"),
        ("anywhere/broker_v2_asyncapi.json", "broker v2 (socket)"),
        ("anywhere/package.json", "None"),
    ],
)
def test_a_path_names_a_contract(path: str, expected: str) -> None:
    """In a module's folder its name is known; elsewhere the file tells."""
    assert str(name_of_path(path.split("/"))) == expected


def test_versions_are_in_the_order_of_their_numbers() -> None:
    """v10 comes after v9."""
    names = [ContractName("a", version, "openapi") for version in ("v10", "v9")]
    assert [n.version for n in sorted(names, key=lambda name: name.order)] == [
        "v9",
        "v10",
    ]
