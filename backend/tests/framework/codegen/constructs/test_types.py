"""The generated client of every construct is typed, and so are its users."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.framework.codegen.constructs.conftest import PACKAGE

SOURCE = Path(__file__).parents[4] / "src"

USER = f"""
import datetime
from decimal import Decimal
from typing import Literal, assert_type
from uuid import UUID

from {PACKAGE} import ConstructsClient
from {PACKAGE}.constructs_client import (
    Card, Cash, Cat, Dog, File, Instrument, Mixed, Side, Tick, Transfer, Unknown, Unset
)
from modular_api.clients.credentials import Bearer
from modular_api.clients.streams import ItemStream, SyncItemStream

async def use(client: ConstructsClient, uuid: UUID) -> None:
    assert_type(await client.decimal_body(Decimal("1.5")), Decimal)
    assert_type(
        await client.timedelta_body(datetime.timedelta(hours=1)), datetime.timedelta
    )
    assert_type(
        await client.tuple_body((1, "a", datetime.date(2026, 1, 2))),
        tuple[int, str, datetime.date],
    )
    assert_type(await client.set_body({{1}}), set[int])
    assert_type(await client.dict_of_models_body({{}}), dict[str, Instrument])
    assert_type(await client.mixed_enum(Mixed.ONE), Mixed)
    assert_type(await client.literal_body("one"), Literal["one"])
    assert_type(await client.primitive_union(None), int | None | str)
    assert_type(
        await client.field_told_union(Unknown(a=1)), Cat | Dog | Unknown
    )
    assert_type(await client.uuid_or_int(uuid), UUID | int)
    assert_type(await client.image_answer(), bytes)
    assert_type(client.sync.text_answer(), str)
    assert_type(client.json_lines(count=1), ItemStream[Tick])
    assert_type(client.sync.json_lines(count=1), SyncItemStream[Tick])
    answer = await client.response_headers_with_headers()
    assert_type(answer.headers.x_total, int | Unset)
    assert_type(answer.headers.x_at, datetime.datetime | Unset)
    match await client.discriminated_union(Cash(amount=1)):
        case Card(number=number):
            assert_type(number, str)
        case Cash(amount=amount):
            assert_type(amount, int)
        case Transfer() | Unknown():
            pass
    await client.enum_query(value=Side.BUY)
    ConstructsClient(base_url="http://localhost", credentials=Bearer("secret"))
    await client.decimal_body("1.5")
    await client.decimal_body(1.5)
    await client.enum_query(value="buy")
    await client.tuple_body((1, "a"))
    Instrument(symbol="A")
    Card(number=1)
    client.sync.text_answer().bit_length()
"""

WRONG_LINES = 7
"""The last ones of the program; nothing above them is wrong."""


def test_generated_code_and_its_users_pass_mypy_strict(
    constructs_folder: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """Without a suppression; what is wrong is told, line by line."""
    assert pytestconfig.cache is not None
    user = tmp_path / "user.py"
    user.write_text(USER)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary"]
    command += ["--cache-dir", str(pytestconfig.cache.mkdir("mypy_generated"))]
    command += ["--follow-imports=silent", "--hide-error-context"]
    done = subprocess.run(
        [*command, str(constructs_folder / PACKAGE), str(user)],
        capture_output=True,
        text=True,
        env={**os.environ, "MYPYPATH": f"{SOURCE}{os.pathsep}{constructs_folder}"},
        check=False,
    )
    lines = USER.count("\n")
    expected = set(range(lines - WRONG_LINES + 1, lines + 1))
    output = [line for line in done.stdout.splitlines() if " error: " in line]
    found = [re.search(r"user\.py:(\d+): error: ", line) for line in output]
    assert all(found), done.stdout + done.stderr
    assert {int(match[1]) for match in found if match} == expected, done.stdout
    for path in (constructs_folder / PACKAGE).rglob("*.py"):
        assert "type: ignore" not in path.read_text("utf-8")
