"""The module's declaration and its routes."""

from __future__ import annotations

import hashlib
import os

from fastapi import APIRouter, HTTPException, Request, UploadFile
from pydantic import BaseModel

from modular_api import Module
from modular_api.clients.context import request_id

router = APIRouter()


class Stored(BaseModel):
    """What came in."""

    name: str | None
    size: int
    sha256: str


class Seen(BaseModel):
    """What the process knows of a request."""

    request_id: str | None
    client: str | None
    host: str | None
    path: str
    pid: int


class Sum(BaseModel):
    """Numbers, and what they come to."""

    numbers: list[int]
    total: int = 0


@router.post("/uploads", status_code=201)
async def upload(file: UploadFile) -> Stored:
    """Take a file."""
    digest = hashlib.sha256()
    size = 0
    while part := await file.read(65536):
        digest.update(part)
        size += len(part)
    return Stored(name=file.filename, size=size, sha256=digest.hexdigest())


@router.post("/sums")
async def add(sum_: Sum) -> Sum:
    """Add numbers."""
    return Sum(numbers=sum_.numbers, total=sum(sum_.numbers))


@router.get("/seen/{anything:path}")
async def tell(anything: str, request: Request) -> Seen:
    """Tell what arrived."""
    return Seen(
        request_id=request_id.get(),
        client=request.client.host if request.client else None,
        host=request.headers.get("host"),
        path=anything,
        pid=os.getpid(),
    )


@router.get("/missing")
async def miss() -> Sum:
    """Answer with a problem of its own."""
    raise HTTPException(404, "there is no such sum")


module = Module(routers={"v1": router})
