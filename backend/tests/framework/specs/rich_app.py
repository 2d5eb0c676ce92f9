"""An app with everything in it that Python might order by chance.

Run as a script, it prints the SHA-256 of its document and of a merge.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Generic, Literal, TypeVar

from fastapi import APIRouter, Body, FastAPI, Query, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from pydantic import BaseModel, Field

from modular_api.specs.canonical import canonical_bytes, sha256_hex
from modular_api.specs.merge import ModuleSpec, merge
from modular_api.specs.openapi import build_document
from modular_api.specs.operation_ids import operation_id_of

T = TypeVar("T")
WORDS = {"alpha", "beta", "gamma", "delta", "epsilon", "zeta"}


class Side(StrEnum):
    buy = "buy"
    sell = "sell"


class Tagged(BaseModel):
    tags: set[str] = WORDS
    maybe: frozenset[str] | None = frozenset(WORDS)
    by_name: dict[str, set[str]] = {"all": WORDS}
    sides: set[Side] = {Side.buy, Side.sell}


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"


class Order(BaseModel):
    tagged: Tagged = Tagged()
    price: Decimal | None = None
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] = Cat()
    next: Order | None = None


class Page(BaseModel, Generic[T]):
    items: list[T]


def local_order() -> type[BaseModel]:
    class Order(BaseModel):
        other: Side

    return Order


def rich_app(*, also: type[BaseModel]) -> FastAPI:
    """Make the app; `also` is one more model it answers."""
    router = APIRouter()

    @router.api_route("/orders", methods=["PUT", "POST", "PATCH"])
    async def save(
        order: Annotated[Order, Body(examples=[{"tagged": {"tags": WORDS}}])],
        tags: Annotated[set[str], Query()] = WORDS,
        key: str = Security(APIKeyHeader(name="X-Key")),
        token: str = Security(HTTPBearer()),
    ) -> Page[Order]:
        return Page(items=[order])

    @router.get("/others", response_model=Page[also])  # type: ignore[valid-type]  # made at run time
    async def others(side: Side = Side.buy) -> None: ...

    @router.get("/pets", responses={404: {"model": also}})
    async def pets() -> list[Cat | Dog]:
        return []

    app = FastAPI(
        title="rich", version="v1", generate_unique_id_function=operation_id_of
    )
    app.include_router(router, tags=["rich"])
    return app


def main() -> None:
    specs: list[ModuleSpec] = []
    modules: dict[str, type[BaseModel]] = {"rich": local_order(), "poor": Tagged}
    for module, also in modules.items():
        prefix = f"/api/v1/{module}"
        document = build_document(
            rich_app(also=also), module=module, version="v1", prefix=prefix
        )
        specs.append(ModuleSpec(module, "v1", prefix, document))
        print(sha256_hex(canonical_bytes(document)))
    merged = merge(specs, title="all", version="1")
    print(sha256_hex(canonical_bytes(merged)))


if __name__ == "__main__":
    main()
