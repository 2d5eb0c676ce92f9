"""One document for many modules."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate

from modular_api.specs.canonical import canonical_bytes
from modular_api.specs.errors import (
    OperationIdCollision,
    RepeatedModuleSpec,
    SchemaNameConflict,
)
from modular_api.specs.merge import ModuleSpec, merge


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def thing(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields}


INT = {"type": "integer"}
TEXT = {"type": "string"}


def spec(module: str, *, uses: str | None = None, **schemas: Any) -> ModuleSpec:
    """Make a module with one operation, which answers the schema it `uses`."""
    used = uses or next(iter(schemas), None)
    content = {"application/json": {"schema": ref(used) if used else {}}}
    return ModuleSpec(
        module=module,
        version="v1",
        prefix=f"/api/v1/{module}",
        document={
            "openapi": "3.1.0",
            "info": {"title": module, "version": "v1"},
            "servers": [{"url": f"/api/v1/{module}"}],
            "paths": {
                "/things/{id}": {
                    "get": {
                        "operationId": "get_thing",
                        "tags": [module],
                        "parameters": [
                            {
                                "in": "path",
                                "name": "id",
                                "required": True,
                                "schema": INT,
                            }
                        ],
                        "responses": {"200": {"description": "ok", "content": content}},
                    }
                }
            },
            "components": {"schemas": schemas},
        },
    )


def merged(*specs: ModuleSpec) -> dict[str, Any]:
    document = merge(specs, title="App", version="1")
    validate(document)
    return document


def schemas(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"]
    return found


def answer(document: dict[str, Any], module: str) -> Any:
    operation = document["paths"][f"/api/v1/{module}/things/{{id}}"]["get"]
    return operation["responses"]["200"]["content"]["application/json"]["schema"]


def test_paths_ids_and_tags_are_the_modules() -> None:
    """Paths get the prefix, ids the module's name; tags stay and are listed in order."""
    document = merged(spec("shop"), spec("broker"))
    assert list(document["paths"]) == [
        "/api/v1/broker/things/{id}",
        "/api/v1/shop/things/{id}",
    ]
    operations = [item["get"] for item in document["paths"].values()]
    assert [op["operationId"] for op in operations] == [
        "broker_get_thing",
        "shop_get_thing",
    ]
    assert [op["tags"] for op in operations] == [["broker"], ["shop"]]
    assert document["tags"] == [{"name": "broker"}, {"name": "shop"}]
    assert "servers" not in document


def test_no_modules_make_a_valid_document() -> None:
    """An app may start out empty."""
    assert merge([], title="App", version="1", description="Nothing yet.") == {
        "openapi": "3.1.0",
        "info": {"title": "App", "version": "1", "description": "Nothing yet."},
        "paths": {},
    }
    merged()


def test_equal_components_stay_one() -> None:
    """With all they refer to."""
    shared: dict[str, Any] = {
        "User": thing(home=ref("Home")),
        "Home": thing(street=TEXT),
    }
    document = merged(spec("a", **shared), spec("b", **shared), spec("c"))
    assert list(schemas(document)) == ["Home", "User"]
    assert answer(document, "a") == answer(document, "b") == ref("User")


def test_different_components_get_the_modules_name() -> None:
    """In Pascal case, and references follow."""
    document = merged(
        spec("order_book", User=thing(a=INT)), spec("shop", User=thing(b=INT))
    )
    assert list(schemas(document)) == ["OrderBookUser", "ShopUser"]
    assert answer(document, "order_book") == ref("OrderBookUser")
    assert answer(document, "shop") == ref("ShopUser")


def test_key_order_and_required_order_are_no_difference() -> None:
    """Two schemas are equal if their canonical texts are."""
    one = {"type": "object", "required": ["a", "b"]}
    two = {"required": ["b", "a"], "type": "object"}
    assert list(schemas(merged(spec("a", X=one), spec("b", X=two)))) == ["X"]


def test_a_difference_below_divides_what_is_above() -> None:
    """`Team` has one text, but its `User` is not the same; `Home` below is."""
    above: dict[str, Any] = {
        "Team": thing(lead=ref("User")),
        "Home": thing(street=TEXT),
    }
    document = merged(
        spec("a", **above, User=thing(home=ref("Home"))),
        spec("b", **above, User=thing(home=ref("Home"), age=INT)),
    )
    assert list(schemas(document)) == ["ATeam", "AUser", "BTeam", "BUser", "Home"]
    assert schemas(document)["BTeam"] == thing(lead=ref("BUser"))
    assert schemas(document)["BUser"]["properties"]["home"] == ref("Home")


def test_a_third_modules_component_divides_too() -> None:
    """`User` is equal in two modules and other in a third: each gets its own."""
    shared: dict[str, Any] = {"Team": thing(lead=ref("User")), "User": thing(a=INT)}
    document = merged(
        spec("a", **shared), spec("b", **shared), spec("c", User=thing(b=INT))
    )
    assert list(schemas(document)) == ["ATeam", "AUser", "BTeam", "BUser", "CUser"]


def test_a_component_of_one_module_keeps_its_name() -> None:
    """Though what it refers to is divided."""
    document = merged(
        spec("a", Team=thing(lead=ref("User")), User=thing(a=INT)),
        spec("b", User=thing(b=INT)),
    )
    assert list(schemas(document)) == ["AUser", "BUser", "Team"]
    assert schemas(document)["Team"] == thing(lead=ref("AUser"))


@pytest.mark.parametrize(
    ("leaf", "names"),
    [
        (INT, ["Leaf", "Node"]),
        (TEXT, ["ALeaf", "ANode", "BLeaf", "BNode"]),
    ],
)
def test_cycles_are_compared_whole(leaf: Any, names: list[str]) -> None:
    """Equal cycles stay one; different ones are divided all the way round."""

    def cycle(value: Any) -> dict[str, Any]:
        return {
            "Node": thing(next=ref("Node"), leaf=ref("Leaf")),
            "Leaf": thing(node=ref("Node"), value=value),
        }

    document = merged(spec("a", **cycle(INT)), spec("b", **cycle(leaf)))
    assert list(schemas(document)) == names
    if "ANode" in names:
        assert schemas(document)["BNode"] == thing(next=ref("BNode"), leaf=ref("BLeaf"))


def test_discriminators_follow_and_data_does_not() -> None:
    """A mapping refers; an example only looks as if it did."""

    def pets(**cat: Any) -> dict[str, Any]:
        mapping = {"cat": ref("Cat")["$ref"], "dog": "dog.json"}
        pet = {
            "oneOf": [ref("Cat")],
            "discriminator": {"propertyName": "kind", "mapping": mapping},
            "x-data": ref("Cat"),
        }
        return {"Pet": pet, "Cat": thing(**cat)}

    document = merged(spec("a", **pets(a=INT)), spec("b", **pets(b=INT)))
    pet = schemas(document)["BPet"]
    assert pet["discriminator"]["mapping"] == {
        "cat": ref("BCat")["$ref"],
        "dog": "dog.json",
    }
    assert pet["x-data"] == ref("Cat")


def secured(module: str, scheme: dict[str, Any]) -> ModuleSpec:
    made = spec(module)
    document = copy.deepcopy(dict(made.document))
    document["components"]["securitySchemes"] = {"key": scheme}
    for item in document["paths"].values():
        item["get"]["security"] = [{"key": []}]
        item["get"]["callbacks"] = {
            "done": {
                "{$url}": {
                    "post": {
                        "operationId": "done",
                        "security": [{"key": []}],
                        "responses": {"200": {"description": "ok"}},
                    }
                }
            }
        }
    return ModuleSpec(module, "v1", made.prefix, document)


def test_security_requirements_follow_their_schemes() -> None:
    """They name schemes without a reference, in callbacks too."""
    bearer = {"type": "http", "scheme": "bearer"}
    header = {"type": "apiKey", "in": "header", "name": "X-Key"}
    document = merged(secured("a", bearer), secured("b", header))
    assert list(document["components"]["securitySchemes"]) == ["Akey", "Bkey"]
    operation = document["paths"]["/api/v1/b/things/{id}"]["get"]
    assert operation["security"] == [{"Bkey": []}]
    callback = operation["callbacks"]["done"]["{$url}"]["post"]
    assert (callback["operationId"], callback["security"]) == ("b_done", [{"Bkey": []}])

    document = merged(secured("a", bearer), secured("b", bearer))
    assert list(document["components"]["securitySchemes"]) == ["key"]


def test_webhooks_get_the_modules_name() -> None:
    """Two modules may have a webhook of one name."""
    specs = []
    for module in ("a", "b"):
        operation = {"operationId": "ping", "responses": {"200": {"description": "ok"}}}
        document = {**spec(module).document, "webhooks": {"ping": {"post": operation}}}
        specs.append(ModuleSpec(module, "v1", f"/api/v1/{module}", document))
    found = merged(*specs)["webhooks"]
    assert {k: v["post"]["operationId"] for k, v in found.items()} == {
        "a_ping": "a_ping",
        "b_ping": "b_ping",
    }


def test_tags_declared_are_kept() -> None:
    """Where two modules declare one tag, the words of the first by name count."""
    specs = []
    for module, words in {"b": {"description": "B"}, "a": {"description": "A"}}.items():
        document = {**spec(module).document, "tags": [{"name": "x", **words}]}
        specs.append(ModuleSpec(module, "v1", f"/api/v1/{module}", document))
    assert merged(*specs)["tags"] == [
        {"name": "a"},
        {"name": "b"},
        {"name": "x", "description": "A"},
    ]


def test_a_name_that_exists_already_is_refused() -> None:
    """`Shop` + `User` is what another module calls something else."""
    specs = [
        spec("shop", User=thing(a=INT)),
        spec("broker", User=thing(b=INT), ShopUser=thing(c=INT)),
    ]
    for order in (specs, specs[::-1]):
        with pytest.raises(SchemaNameConflict) as caught:
            merged(*order)
        text = str(caught.value)
        assert "'ShopUser' of module 'broker'" in text
        assert "'User' of module 'shop'" in text


def test_two_names_that_meet_are_refused() -> None:
    """Module `order` with `BookUser`, and `order_book` with `User`."""
    with pytest.raises(
        SchemaNameConflict, match=r"'OrderBookUser'.*'order'.*'order_book'"
    ):
        merged(
            spec("order", BookUser=thing(a=INT)),
            spec("order_book", User=thing(b=INT)),
            spec("z", BookUser=thing(c=INT), User=thing(d=INT)),
        )


def test_operation_ids_that_meet_are_refused() -> None:
    """Module `a` with `b_get_thing`, and `a_b` with `get_thing`."""
    document = copy.deepcopy(dict(spec("a").document))
    document["paths"]["/things/{id}"]["get"]["operationId"] = "b_get_thing"
    with pytest.raises(OperationIdCollision) as caught:
        merged(ModuleSpec("a", "v1", "/api/v1/a", document), spec("a_b"))
    text = str(caught.value)
    assert "'a_b_get_thing'" in text
    assert "a: GET /api/v1/a/things/{id}" in text and "a_b: GET /api/v1/a_b/" in text


def test_a_module_given_twice_is_refused() -> None:
    """Each version is merged into a document of its own."""
    second = ModuleSpec("a", "v2", "/api/v2/a", spec("a").document)
    with pytest.raises(RepeatedModuleSpec, match="'a' stands 2 times.*v1, v2"):
        merged(spec("a"), second)


def test_the_arguments_are_left_alone() -> None:
    """Documents that were merged are the modules' own, and are served as they are."""
    specs = [spec("a", User=thing(a=INT)), spec("b", User=thing(b=INT))]
    before = copy.deepcopy(specs)
    merged(*specs)
    assert specs == before


NAMES = st.sampled_from(["A", "B", "C"])
SCHEMA = st.one_of(
    st.sampled_from([INT, TEXT]), NAMES.map(ref), NAMES.map(lambda n: thing(x=ref(n)))
)
COMPONENTS = st.fixed_dictionaries(dict.fromkeys("ABC", SCHEMA))


def expanded(schema: Any, components: Any, depth: int = 5) -> Any:
    """Write references out, down to a depth at which these few names have repeated."""
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        if depth == 0:
            return "…"
        name = schema["$ref"].rpartition("/")[2]
        return expanded(components[name], components, depth - 1)
    return {k: expanded(v, components, depth) for k, v in schema.items()}


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.sampled_from(["x", "y", "z"]), COMPONENTS), st.randoms())
def test_merging_keeps_every_meaning_in_any_order(modules: Any, seed: Any) -> None:
    """Whatever is renamed, each operation answers what its module said it does."""
    specs = [spec(name, uses="A", **parts) for name, parts in modules.items()]
    document = merge(specs, title="App", version="1")
    seed.shuffle(specs)
    again = merge(specs, title="App", version="1")
    assert canonical_bytes(again) == canonical_bytes(document)
    for module, components in modules.items():
        found = document["components"]["schemas"]
        assert expanded(answer(document, module), found) == expanded(
            ref("A"), components
        )
