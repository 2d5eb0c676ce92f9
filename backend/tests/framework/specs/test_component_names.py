"""Schemas are named after their classes, never after the files these stand in."""

from __future__ import annotations

import json
import sys
from enum import Enum
from types import ModuleType
from typing import Any, Generic, TypeVar

import pytest
from fastapi import FastAPI
from openapi_spec_validator import validate
from pydantic import BaseModel, ConfigDict, create_model

from modular_api.specs.canonical import canonical_bytes
from modular_api.specs.errors import SchemaNameConflict
from modular_api.specs.operation_ids import operation_id_of

T = TypeVar("T")

USER = """
    from pydantic import BaseModel

    class User(BaseModel):
        name: str
"""
OTHER_USER = """
    from pydantic import BaseModel

    class User(BaseModel):
        id: int
"""


def app_answering(*models: Any, taking: Any = None) -> FastAPI:
    """Make an app with a route `/0`, `/1`, … for each model it answers."""
    app = FastAPI(generate_unique_id_function=operation_id_of)
    for number, model in enumerate(models):
        add_route(app, f"/{number}", answer=model)
    if taking is not None:
        add_route(app, "/take", body=taking)
    return app


def add_route(app: FastAPI, path: str, *, answer: Any = int, body: Any = None) -> None:
    async def handler(body: Any = None) -> Any: ...

    handler.__name__ = "handle" + path.replace("/", "_")
    handler.__annotations__ = {"return": answer} | ({"body": body} if body else {})
    method = app.post if body else app.get
    if body is None:

        async def bare() -> Any: ...

        bare.__name__ = handler.__name__
        bare.__annotations__ = handler.__annotations__
        method(path)(bare)
    else:
        method(path)(handler)


def schemas(document: dict[str, Any]) -> dict[str, Any]:
    validate(document)
    found: dict[str, Any] = document["components"]["schemas"]
    return {k: v for k, v in found.items() if "ValidationError" not in k}


def answer_of(document: dict[str, Any], path: str) -> Any:
    content = document["paths"][path]["get"]["responses"]["200"]["content"]
    reference = content["application/json"]["schema"]["$ref"]
    return document["components"]["schemas"][reference.rpartition("/")[2]]


def test_two_models_of_one_name_stay_two(write_files: Any, build: Any) -> None:
    """Numbered in the order in which the operations use them."""
    files = write_files(a=USER, b=OTHER_USER)
    document = build(app_answering(files["b"].User, files["a"].User))
    assert list(schemas(document)) == ["User", "User2"]
    assert "id" in answer_of(document, "/0")["properties"]
    assert "name" in answer_of(document, "/1")["properties"]


def test_no_python_path_is_left(write_files: Any, build: Any) -> None:
    """Neither in names nor anywhere else in the text."""
    files = write_files(**{"deep.a": USER, "deep.b": OTHER_USER})
    models = [files["deep.a"].User, files["deep.b"].User]
    text = canonical_bytes(build(app_answering(*models))).decode()
    assert "written_" not in text and "deep" not in text and "__" not in text


def test_moving_a_file_changes_nothing(write_files: Any, build: Any) -> None:
    """The bytes are the same, whichever files the two models stand in."""

    def text(files: dict[str, ModuleType], first: str, second: str) -> bytes:
        app = app_answering(files[first].User, files[second].User)
        return canonical_bytes(build(app))

    before = write_files(a=USER, b=OTHER_USER)
    after = write_files(**{"z": USER, "deep.er": OTHER_USER})
    assert text(before, "a", "b") == text(after, "z", "deep.er")


def test_equal_models_become_one(write_files: Any, build: Any) -> None:
    """The same class written down twice is one schema to a client."""
    files = write_files(a=USER, b=USER)
    assert list(schemas(build(app_answering(files["a"].User, files["b"].User)))) == [
        "User"
    ]


WRAPPED = USER + """
    class Team(BaseModel):
        lead: User
"""
OTHER_WRAPPED = OTHER_USER + """
    class Team(BaseModel):
        lead: User
"""


def test_models_that_differ_below_stay_two(write_files: Any, build: Any) -> None:
    """Both `Team`s read the same, but they refer to different `User`s."""
    files = write_files(a=WRAPPED, b=OTHER_WRAPPED)
    document = build(app_answering(files["a"].Team, files["b"].Team))
    assert list(schemas(document)) == ["Team", "Team2", "User", "User2"]
    team2 = document["components"]["schemas"]["Team2"]
    assert team2["properties"]["lead"] == {"$ref": "#/components/schemas/User2"}


CYCLE = """
    from __future__ import annotations
    from pydantic import BaseModel

    class Node(BaseModel):
        leaf: Leaf
        next: Node | None

    class Leaf(BaseModel):
        node: Node | None
        value: {value}
"""


@pytest.mark.parametrize(
    ("second", "names"),
    [("int", ["Leaf", "Node"]), ("str", ["Leaf", "Leaf2", "Node", "Node2"])],
)
def test_cycles_are_compared_whole(
    write_files: Any, build: Any, second: str, names: list[str]
) -> None:
    """Equal cycles become one; one different field keeps every model in them apart."""
    files = write_files(a=CYCLE.format(value="int"), b=CYCLE.format(value=second))
    document = build(app_answering(files["a"].Node, files["b"].Node))
    assert list(schemas(document)) == names


def test_input_and_output_of_a_model_are_a_pair(build: Any) -> None:
    """A default makes a field optional coming in and certain going out."""

    class Order(BaseModel):
        model_config = ConfigDict(json_schema_serialization_defaults_required=True)
        qty: int = 1

    found = schemas(build(app_answering(Order, taking=Order)))
    assert list(found) == ["Order-Input", "Order-Output"]
    assert "required" not in found["Order-Input"]
    assert found["Order-Output"]["required"] == ["qty"]


def test_a_model_that_reads_the_same_both_ways_is_one(build: Any) -> None:
    """As plain FastAPI has it."""

    class Order(BaseModel):
        qty: int

    assert list(schemas(build(app_answering(Order, taking=Order)))) == ["Order"]


PAIR = """
    from pydantic import BaseModel, ConfigDict

    class Order(BaseModel):
        model_config = ConfigDict(json_schema_serialization_defaults_required=True)
        {field}: int = 1
"""


def test_pairs_of_different_models_are_numbered_together(
    write_files: Any, build: Any
) -> None:
    """`Order2-Input` and `Order2-Output` are one class, whichever is used first."""
    files = write_files(a=PAIR.format(field="a"), b=PAIR.format(field="b"))
    a, b = files["a"].Order, files["b"].Order
    app = FastAPI(generate_unique_id_function=operation_id_of)
    for path, kind in {"/1": {"answer": a}, "/2": {"body": b}}.items():
        add_route(app, path, **kind)
    for path, kind in {"/3": {"body": a}, "/4": {"answer": b}}.items():
        add_route(app, path, **kind)
    found = schemas(build(app))
    assert {name: list(schema["properties"]) for name, schema in found.items()} == {
        "Order-Input": ["a"],
        "Order-Output": ["a"],
        "Order2-Input": ["b"],
        "Order2-Output": ["b"],
    }


ONE_WAY = """
    from pydantic import BaseModel, computed_field

    class Order(BaseModel):
        qty: int

        @computed_field
        def {field}(self) -> int:
            return 1
"""


def test_two_models_may_share_what_comes_in(write_files: Any, build: Any) -> None:
    """Equal inputs become one; the different outputs keep names of their own."""
    files = write_files(a=ONE_WAY.format(field="a"), b=ONE_WAY.format(field="b"))
    a, b = files["a"].Order, files["b"].Order
    app = app_answering(a, b, taking=a)
    add_route(app, "/take/more", body=b)
    found = schemas(build(app))
    assert {name: sorted(schema["properties"]) for name, schema in found.items()} == {
        "Order-Input": ["qty"],
        "Order-Output": ["a", "qty"],
        "Order2-Output": ["b", "qty"],
    }


def test_generics_keep_their_arguments_names(write_files: Any, build: Any) -> None:
    """`Page[User]` of two different `User`s, and containers in between."""

    class Page(BaseModel, Generic[T]):
        items: list[T]

    files = write_files(a=USER, b=OTHER_USER)
    a, b = files["a"].User, files["b"].User
    document = build(app_answering(Page[a], Page[b], Page[dict[str, list[a]]]))  # type: ignore[valid-type]  # made at run time
    assert list(schemas(document)) == [
        "Page_User_",
        "Page_User_2",
        "Page_dict_str__list_User___",
        "User",
        "User2",
    ]
    assert "written_" not in json.dumps(document)


def test_nested_and_local_classes_have_short_names(build: Any) -> None:
    """`Outer.Inner` and a class made in a function are called by their last name."""

    class Outer(BaseModel):
        class Inner(BaseModel):
            x: int

        inner: Inner

    class Inner(BaseModel):
        y: int

    document = build(app_answering(Outer, Inner))
    assert list(schemas(document)) == ["Inner", "Inner2", "Outer"]
    assert "locals" not in json.dumps(document)


KINDS = """
    from dataclasses import dataclass
    from enum import Enum
    from typing_extensions import TypedDict

    class Side(Enum):
        {value} = "{value}"

    @dataclass
    class Fill:
        side: Side

    class Row(TypedDict):
        fill: Fill
"""


def test_enums_dataclasses_and_typed_dicts_are_named_too(
    write_files: Any, build: Any
) -> None:
    """Whatever pydantic makes a definition of."""
    files = write_files(a=KINDS.format(value="buy"), b=KINDS.format(value="sell"))
    document = build(app_answering(files["a"].Row, files["b"].Row))
    assert list(schemas(document)) == ["Fill", "Fill2", "Row", "Row2", "Side", "Side2"]


UNION = """
    from typing import Annotated, Literal
    from pydantic import BaseModel, Field

    class Cat(BaseModel):
        kind: Literal["cat"]
        {field}: int

    class Dog(BaseModel):
        kind: Literal["dog"]

    class Owner(BaseModel):
        pet: Annotated[Cat | Dog, Field(discriminator="kind")]
"""


def test_discriminators_follow_the_names(write_files: Any, build: Any) -> None:
    """The mapping of tags to schemas is made of references as well."""
    files = write_files(a=UNION.format(field="claws"), b=UNION.format(field="lives"))
    document = build(app_answering(files["a"].Owner, files["b"].Owner))
    found = schemas(document)
    assert list(found) == ["Cat", "Cat2", "Dog", "Owner", "Owner2"]
    pet = found["Owner2"]["properties"]["pet"]
    assert pet["discriminator"]["mapping"] == {
        "cat": "#/components/schemas/Cat2",
        "dog": "#/components/schemas/Dog",
    }
    assert pet["oneOf"][0] == {"$ref": "#/components/schemas/Cat2"}


def test_references_inside_data_are_data(build: Any) -> None:
    """An example may show what a reference looks like."""
    shown: Any = {"$ref": "#/components/schemas/0"}

    class Schema(BaseModel):
        model_config = ConfigDict(json_schema_extra={"example": {"it": shown}})
        it: dict[str, str] = shown

    # No validation: the validator follows references in data, too.
    schema = build(app_answering(Schema))["components"]["schemas"]["Schema"]
    assert schema["example"] == {"it": shown}
    assert schema["properties"]["it"]["default"] == shown


def test_references_written_by_hand_meet_the_final_names(
    build: Any, app: FastAPI
) -> None:
    """`openapi_extra` may refer to a model as it is called in the document."""

    class Order(BaseModel):
        qty: int

    by_hand = {"schema": {"$ref": "#/components/schemas/Order"}}
    extra = {"requestBody": {"content": {"application/json": by_hand}}}

    @app.post("/orders", openapi_extra=extra, response_model=Order)
    async def place() -> None: ...

    document = build(app)
    validate(document)
    assert document["paths"]["/orders"]["post"]["requestBody"] == extra["requestBody"]


def test_a_users_validation_error_is_not_lost(build: Any) -> None:
    """FastAPI has a schema of that name, and would put it in the place of this one."""

    class ValidationError(BaseModel):
        mine: int

    document = build(app_answering(ValidationError, taking=int))
    validate(document)
    found = document["components"]["schemas"]
    assert list(found["ValidationError2"]["properties"]) == ["mine"]
    assert "loc" in found["ValidationError"]["properties"]


def test_a_number_that_leads_to_another_class_is_passed_over(
    write_files: Any, build: Any
) -> None:
    """The class that is called `User2` keeps its name, whichever is used first."""
    files = write_files(
        a=USER,
        b=OTHER_USER,
        c=USER.replace("User", "User2").replace("name: str", "c: int"),
    )
    models = [files["a"].User, files["b"].User, files["c"].User2]
    for order, first, third in ((models, "name", "id"), (models[::-1], "id", "name")):
        found = schemas(build(app_answering(*order)))
        assert {name: list(schema["properties"]) for name, schema in found.items()} == {
            "User": [first],
            "User2": ["c"],
            "User3": [third],
        }


def test_numbers_of_different_names_never_meet(build: Any) -> None:
    """Eleven more `Box`es and one more `Box1` would both lead to `Box12`."""
    fields: list[dict[str, Any]] = [{f"f{number}": (int, ...)} for number in range(12)]
    boxes = [create_model("Box", **field) for field in fields]
    ones = [create_model("Box1", a=(int, ...)), create_model("Box1", b=(int, ...))]
    found = schemas(build(app_answering(*boxes, *ones)))
    assert set(found) == {"Box", *(f"Box{n}" for n in range(1, 14))}


def test_a_number_is_passed_over_for_the_sake_of_a_pair(
    write_files: Any, build: Any
) -> None:
    """`Order2-Input` is what some class is called, so the second pair is `Order3`."""
    files = write_files(a=PAIR.format(field="a"), b=PAIR.format(field="b"))
    a, b = files["a"].Order, files["b"].Order
    app = app_answering(a, b, create_model("Order2-Input", c=(int, ...)), taking=a)
    add_route(app, "/take/more", body=b)
    assert list(schemas(build(app))) == [
        "Order-Input",
        "Order-Output",
        "Order2-Input",
        "Order3-Input",
        "Order3-Output",
    ]


def test_a_direction_that_another_class_is_called_after_is_refused(
    write_files: Any, build: Any
) -> None:
    """No number helps. A class is named with file and line, if it can be found."""
    order = write_files(a=PAIR.format(field="a"))["a"].Order
    other = create_model("Order-Input", c=(int, ...))
    with pytest.raises(SchemaNameConflict) as caught:
        build(app_answering(order, other, taking=order))
    assert caught.value.name == "Order-Input"
    found, made = sorted(caught.value.owners, key=lambda owner: "(" not in owner)
    place = sys.modules[order.__module__].__file__
    assert found == f"{order.__module__}.Order ({place}:4)"
    assert made.endswith(".Order-Input")


def test_other_apps_are_described_as_ever(build: Any) -> None:
    """Building a document changes nothing of FastAPI's: plain apps keep their names."""

    class Color(Enum):
        red = "red"

    app = app_answering(Color)
    before = FastAPI.openapi(app)
    app.openapi_schema = None
    build(app)
    assert FastAPI.openapi(app) == before
