"""Bodies that are no JSON, or more than one thing: forms, uploads, text, lines."""

from __future__ import annotations

import io
import json
from typing import Annotated, Any

import pydantic
import pytest
from fastapi import Body, File, Form, Request, UploadFile

from modular_api.clients.errors import InvalidArgument
from tests.framework.codegen.constructs.catalogue import (
    Client,
    Generated,
    Theme,
    assert_same,
)

theme = Theme()

Seen = dict[str, Any]
BYTES = b"\x00\xff--boundary\r\n\r\n"


class Note(pydantic.BaseModel):
    text: str
    stars: int = 0


class Address(pydantic.BaseModel):
    street: str
    tags: list[str] = []


async def _seen(upload: UploadFile | None) -> Any:
    if upload is None:
        return None
    content = (await upload.read()).decode("latin-1")
    return [upload.filename, upload.content_type, content]


async def _single(file: UploadFile) -> Seen:
    return {"file": await _seen(file)}


async def _check_single(client: Client, c: Generated) -> None:
    file = c.File(io.BytesIO(BYTES), "a.bin", "image/png")
    answer = await client.upload_single(c.BodyUploadSingle(file=file))
    assert_same({"file": ["a.bin", "image/png", BYTES.decode("latin-1")]}, answer)
    answer = await client.upload_single(c.BodyUploadSingle(file=c.File(b"plain")))
    assert answer["file"][0] == "upload"
    assert answer["file"][2] == "plain"


theme.add("upload_single", "an upload", _single, _check_single, methods=["POST"])


async def _list(files: list[UploadFile]) -> list[Any]:
    return [await _seen(file) for file in files]


async def _check_list(client: Client, c: Generated) -> None:
    files = [c.File(b"1", "1.txt", "text/plain"), c.File(b"2", "2.txt", "text/plain")]
    answer = await client.upload_list(c.BodyUploadList(files=files))
    assert_same([["1.txt", "text/plain", "1"], ["2.txt", "text/plain", "2"]], answer)


theme.add("upload_list", "a list of uploads", _list, _check_list, methods=["POST"])


async def _optional(file: UploadFile | None = None) -> Seen:
    return {"file": await _seen(file)}


async def _check_optional(client: Client, c: Generated) -> None:
    assert_same({"file": None}, await client.upload_optional())
    empty = c.BodyUploadOptional()
    assert_same({"file": None}, await client.upload_optional(body=empty))
    body = c.BodyUploadOptional(file=c.File(b"x", "x.txt", "text/plain"))
    answer = await client.upload_optional(body=body)
    assert_same({"file": ["x.txt", "text/plain", "x"]}, answer)


theme.add(
    "upload_optional",
    "an upload that may be left out",
    _optional,
    _check_optional,
    methods=["POST"],
)


async def _with_fields(
    file: UploadFile,
    name: Annotated[str, Form()],
    count: Annotated[int, Form()],
    flags: Annotated[list[str] | None, Form()] = None,
    note: Annotated[str | None, Form()] = None,
) -> Seen:
    return {
        "file": await _seen(file),
        "name": name,
        "count": count,
        "flags": flags,
        "note": note,
    }


async def _check_with_fields(client: Client, c: Generated) -> None:
    file = c.File(b"x", "x.txt", "text/plain")
    body = c.BodyUploadWithFields(file=file, name="grün", count=3)
    answer = await client.upload_with_fields(body)
    assert (answer["name"], answer["count"], answer["note"]) == ("grün", 3, None)
    body = c.BodyUploadWithFields(
        file=file, name="n", count=3, flags=["a", "b"], note="m"
    )
    answer = await client.upload_with_fields(body)
    assert (answer["flags"], answer["note"]) == (["a", "b"], "m")


theme.add(
    "upload_with_fields",
    "an upload with form fields, lists among them",
    _with_fields,
    _check_with_fields,
    methods=["POST"],
)


async def _bytes_file(data: Annotated[bytes, File()]) -> list[int]:
    return list(data)


async def _check_bytes_file(client: Client, c: Generated) -> None:
    body = c.BodyUploadBytes(data=c.File(BYTES))
    assert_same(list(BYTES), await client.upload_bytes(body))


theme.add(
    "upload_bytes",
    "an upload read as `bytes`",
    _bytes_file,
    _check_bytes_file,
    methods=["POST"],
)


async def _form(
    name: Annotated[str, Form()],
    count: Annotated[int | None, Form()] = None,
    tags: Annotated[list[str] | None, Form()] = None,
) -> Seen:
    return {"name": name, "count": count, "tags": tags}


async def _check_form(client: Client, c: Generated) -> None:
    answer = await client.form_fields(c.BodyFormFields(name="a b&c=ü"))
    assert_same({"name": "a b&c=ü", "count": None, "tags": None}, answer)
    body = c.BodyFormFields(name="n", count=2, tags=["a", "b"])
    answer = await client.form_fields(body)
    assert_same({"name": "n", "count": 2, "tags": ["a", "b"]}, answer)


theme.add("form_fields", "a form", _form, _check_form, methods=["POST"])


TAGS = ["a"]


async def _defaulted_form(
    count: Annotated[int | None, Form()] = 5,
    tags: Annotated[list[str], Form()] = TAGS,
    note: Annotated[str | None, Form()] = None,
) -> Seen:
    return {"count": count, "tags": tags, "note": note}


async def _defaulted_upload(
    file: UploadFile, count: Annotated[int | None, Form()] = 5
) -> int | None:
    return count


async def _check_defaulted_form(client: Client, c: Generated) -> None:
    body = c.BodyDefaultedForm(note=None)
    answer = await client.defaulted_form(body=body)
    assert_same({"count": 5, "tags": ["a"], "note": None}, answer)
    refused: dict[str, Any]
    for refused in ({"count": None}, {"tags": []}):
        with pytest.raises(InvalidArgument, match="cannot be said in a form"):
            await client.defaulted_form(body=c.BodyDefaultedForm(**refused))
    file = c.File(b"x")
    assert_same(5, await client.defaulted_upload(c.BodyDefaultedUpload(file=file)))
    with pytest.raises(InvalidArgument, match="'count' cannot be said in a form"):
        await client.defaulted_upload(c.BodyDefaultedUpload(file=file, count=None))


_defaulted_upload.__name__ = "defaulted_upload"
theme.router.add_api_route("/defaulted_upload", _defaulted_upload, methods=["POST"])
theme.add(
    "defaulted_form",
    "null and empty lists in forms where the server has a default: refused",
    _defaulted_form,
    _check_defaulted_form,
    methods=["POST"],
    operations=("defaulted_form", "defaulted_upload"),
)


async def _form_model(address: Annotated[Address, Form()]) -> Address:
    return address


async def _check_form_model(client: Client, c: Generated) -> None:
    address = c.Address(street="s", tags=["a", "b"])
    assert_same(address, await client.form_model(address))


theme.add(
    "form_model", "a model as a form", _form_model, _check_form_model, methods=["POST"]
)


def raw(id: str, words: str, type_: Any, media_type: str, values: list[Any]) -> None:
    """Declare a body of another media type than JSON that is answered as it came."""

    async def endpoint(body: Any, request: Request) -> Any:
        content = body.decode("latin-1") if isinstance(body, bytes) else body
        return [request.headers["content-type"], content]

    endpoint.__annotations__ = {
        "body": Annotated[type_, Body(media_type=media_type)],
        "request": Request,
        "return": list[str],
    }

    async def check(client: Client, c: Generated) -> None:
        for value in values:
            answer = await getattr(client, id)(value)
            content = value.decode("latin-1") if isinstance(value, bytes) else value
            assert_same([media_type, content], answer)

    theme.add(id, words, endpoint, check, methods=["POST"])


raw("octet_body", "bytes", bytes, "application/octet-stream", [BYTES])
raw("text_body", "a text", str, "text/plain", ["grüße\n"])
raw("csv_body", "a table", str, "text/csv", ["a,b\n1,2\n"])
raw("xml_body", "XML as text", str, "application/xml", ["<a>ü</a>"])
raw("xml_bytes_body", "XML as bytes", bytes, "application/xml", [b"<a/>"])
raw("image_body", "an image", bytes, "image/png", [BYTES])
raw("ndjson_text_body", "JSON lines as text", str, "application/x-ndjson", ["{}\n"])
raw("ndjson_bytes_body", "JSON lines as bytes", bytes, "application/x-ndjson", [b"1"])


async def _notes(request: Request) -> list[Note]:
    lines = (await request.body()).decode().splitlines()
    return [Note.model_validate_json(line) for line in lines]


async def _check_notes(client: Client, c: Generated) -> None:
    notes = [c.Note(text="a\nb", stars=1), c.Note(text="ü", stars=2)]
    assert_same(notes, await client.ndjson_typed_body(notes))


theme.add(
    "ndjson_typed_body",
    "JSON lines of models",
    _notes,
    _check_notes,
    methods=["POST"],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/x-ndjson": {
                    "schema": {
                        "type": "array",
                        "items": {"$ref": "#/components/schemas/Note"},
                    }
                }
            },
        }
    },
)


async def _several(request: Request) -> list[str]:
    text = (await request.body()).decode()
    return [request.headers["content-type"], text]


async def _check_several(client: Client, c: Generated) -> None:
    answer = await client.several_media_types(c.Note(text="a", stars=1))
    assert answer[0] == "application/json"
    assert json.loads(answer[1]) == {"text": "a", "stars": 1}
    assert_same(["text/plain", "plain"], await client.several_media_types("plain"))


theme.add(
    "several_media_types",
    "a body of one of several media types",
    _several,
    _check_several,
    methods=["POST"],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/Note"}},
                "text/plain": {"schema": {"type": "string"}},
            },
        }
    },
)


async def _two_bodies(note: Note, address: Address) -> list[str]:
    return [note.text, address.street]


async def _check_two_bodies(client: Client, c: Generated) -> None:
    body = c.BodyTwoBodies(
        note=c.Note(text="t", stars=1), address=c.Address(street="s", tags=[])
    )
    assert_same(["t", "s"], await client.two_bodies(body))


theme.add(
    "two_bodies",
    "two models in one body",
    _two_bodies,
    _check_two_bodies,
    methods=["POST"],
)


async def _embedded(note: Annotated[Note, Body(embed=True)]) -> Note:
    return note


async def _check_embedded(client: Client, c: Generated) -> None:
    note = c.Note(text="t", stars=1)
    assert_same(note, await client.embedded_body(c.BodyEmbeddedBody(note=note)))


theme.add(
    "embedded_body",
    "a body below its own name",
    _embedded,
    _check_embedded,
    methods=["POST"],
)


async def _optional_body(note: Annotated[Note | None, Body()] = None) -> Note | None:
    return note


async def _check_optional_body(client: Client, c: Generated) -> None:
    assert await client.optional_body() is None
    assert await client.optional_body(body=None) is None
    note = c.Note(text="t", stars=1)
    assert_same(note, await client.optional_body(body=note))


theme.add(
    "optional_body",
    "a body that may be left out",
    _optional_body,
    _check_optional_body,
    methods=["POST"],
)
