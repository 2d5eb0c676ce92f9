"""Changes of operations and of what surrounds them, in both orders of the documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.framework.specs.diff.documents import (
    an_operation,
    json_content,
    openapi,
)

Json = dict[str, Any]


@dataclass(frozen=True)
class OperationRow:
    """Two documents, and every rule expected with its level; parted by commas."""

    name: str
    old: Json
    new: Json
    forth: str
    back: str


TEXT: Json = {"type": "string"}
SUNSET = {"deprecated": True, "x-sunset": "2030-06-01"}
PAST = {"deprecated": True, "x-sunset": "2029-06-01"}
JSON = json_content(TEXT)


def operations(name: str, old: Json, new: Json, forth: str, back: str) -> OperationRow:
    """A row of two versions of one operation, which only name their own words."""
    return OperationRow(
        name, openapi(an_operation(**old)), openapi(an_operation(**new)), forth, back
    )


def parameters(
    name: str,
    old: Json | None,
    new: Json | None,
    forth: str,
    back: str,
    where: str = "query",
) -> OperationRow:
    """A row of two versions of one parameter; None where it is missing."""

    def words(own: Json | None) -> Json:
        head = {"name": "limit", "in": where, "schema": TEXT}
        return {"parameters": [] if own is None else [{**head, **own}]}

    return operations(name, words(old), words(new), forth, back)


def answers(name: str, old: Json, new: Json, forth: str, back: str) -> OperationRow:
    """A row of two sets of answers, by status."""
    pair = ({"responses": old}, {"responses": new})
    return OperationRow(name, openapi(pair[0]), openapi(pair[1]), forth, back)


def header(**words: Any) -> Json:
    return {"200": {"headers": {"X-Trace": {"schema": TEXT, **words}}}}


def removed(name: str, words: Json, rule: str) -> list[OperationRow]:
    """Rows of a method, and of a whole path, that went."""
    kept, gone = an_operation(), an_operation(**words)
    beside = {"/orders": {"get": kept, "post": gone}}
    return [
        OperationRow(
            f"a method {name}",
            openapi(paths=beside),
            openapi(paths={"/orders": {"get": kept}}),
            rule,
            "endpoint-added C",
        ),
        OperationRow(
            f"a path {name}",
            openapi(paths={"/orders": {"post": gone}}),
            openapi(paths={}),
            rule.replace("api-", "api-path-", 1),
            "endpoint-added C",
        ),
    ]


def secured(name: str, old: Any, new: Any, forth: str, back: str) -> OperationRow:
    """A row of two `security` lists of one operation."""
    return operations(name, {"security": old}, {"security": new}, forth, back)


def scheme(
    name: str, old: Json | None, new: Json | None, forth: str, back: str
) -> OperationRow:
    """A row of two versions of one security scheme."""

    def document(own: Json | None) -> Json:
        schemes = {} if own is None else {"login": own}
        return openapi(an_operation(), components={"securitySchemes": schemes})

    return OperationRow(name, document(old), document(new), forth, back)


def oauth(**words: Any) -> Json:
    flow = {"authorizationUrl": "/a", "tokenUrl": "/t", "scopes": {"read": "Read"}}
    return {"type": "oauth2", "flows": {"authorizationCode": {**flow, **words}}}


BEARER = {"type": "http", "scheme": "bearer"}

OPERATION_ROWS: list[OperationRow] = [
    # Existence and lifecycle
    *removed("without notice", {}, "api-removed-without-deprecation B"),
    *removed("deprecated", {"deprecated": True}, "api-removed-with-deprecation C"),
    *removed("after its sunset", PAST, "api-removed-with-deprecation C"),
    *removed("before its sunset", SUNSET, "api-removed-before-sunset B"),
    OperationRow(
        "a path whose sunset is no date",
        openapi(an_operation(deprecated=True, **{"x-sunset": "soon"})),
        openapi(paths={}),
        "api-path-sunset-parse B",
        "endpoint-added C",
    ),
    OperationRow(
        "a path's parameter has another name",
        openapi(paths={"/orders/{id}": {"get": an_operation()}}),
        openapi(paths={"/orders/{order_id}": {"get": an_operation()}}),
        "",
        "",
    ),
    OperationRow(
        "a path's declared parameter has another name",
        openapi(
            paths={
                "/orders/{id}": {
                    "get": an_operation(
                        parameters=[
                            {
                                "name": "id",
                                "in": "path",
                                "required": True,
                                "schema": TEXT,
                            }
                        ]
                    )
                }
            }
        ),
        openapi(
            paths={
                "/orders/{key}": {
                    "get": an_operation(
                        parameters=[
                            {
                                "name": "key",
                                "in": "path",
                                "required": True,
                                "schema": TEXT,
                            }
                        ]
                    )
                }
            }
        ),
        "request-path-parameter-renamed W",
        "request-path-parameter-renamed W",
    ),
    operations(
        "deprecation",
        {},
        {"deprecated": True},
        "endpoint-deprecated C",
        "endpoint-reactivated C",
    ),
    operations(
        "sunset",
        {},
        SUNSET,
        "endpoint-deprecated-with-sunset C",
        "endpoint-reactivated C",
    ),
    operations(
        "sunset in the past",
        {},
        PAST,
        "api-sunset-date-too-small B",
        "endpoint-reactivated C",
    ),
    operations(
        "sunset that is no date",
        {},
        {**PAST, "x-sunset": "soon"},
        "api-deprecated-sunset-parse B",
        "endpoint-reactivated C",
    ),
    operations(
        "earlier sunset",
        SUNSET,
        {**SUNSET, "x-sunset": "2030-05-01"},
        "api-sunset-date-changed-too-small B",
        "endpoint-deprecated-with-sunset C",
    ),
    operations(
        "sunset deleted",
        SUNSET,
        {"deprecated": True},
        "sunset-deleted B",
        "endpoint-deprecated-with-sunset C",
    ),
    operations(
        "less stability",
        {},
        {"x-stability": "alpha"},
        "api-stability-decreased B",
        "api-stability-increased C",
    ),
    operations(
        "stability of oasdiff's name",
        {},
        {"x-stability-level": "beta"},
        "api-stability-decreased B",
        "api-stability-increased C",
    ),
    operations(
        "stability nobody knows",
        {},
        {"x-stability": "solid"},
        "api-invalid-stability-level B",
        "api-stability-increased C",
    ),
    # Names
    operations(
        "operationId",
        {},
        {"operationId": "place_order"},
        "api-operation-id-added C",
        "api-operation-id-removed W",
    ),
    operations(
        "another operationId",
        {"operationId": "place"},
        {"operationId": "place_order"},
        "api-operation-id-changed W",
        "api-operation-id-changed W",
    ),
    operations(
        "tag",
        {"tags": ["a"]},
        {"tags": ["a", "b"]},
        "api-tag-added C",
        "api-tag-removed C",
    ),
    operations(
        "callback",
        {},
        {"callbacks": {"done": {}}},
        "api-operation-keyword-changed W",
        "api-operation-keyword-changed W",
    ),
    operations(
        "prose",
        {"summary": "a"},
        {"summary": "b", "description": "c", "x-logo": 1},
        "",
        "",
    ),
    # Parameters
    parameters(
        "optional parameter",
        None,
        {},
        "new-optional-request-parameter C",
        "request-parameter-removed W",
    ),
    parameters(
        "required parameter",
        None,
        {"required": True},
        "new-required-request-parameter B",
        "request-parameter-removed W",
    ),
    parameters(
        "path parameter",
        None,
        {"required": True},
        "new-request-path-parameter B",
        "request-parameter-removed W",
        "path",
    ),
    parameters(
        "deprecated parameter removed",
        {"deprecated": True},
        None,
        "request-parameter-removed-with-deprecation C",
        "new-optional-request-parameter C",
    ),
    parameters(
        "parameter removed before its sunset",
        SUNSET,
        None,
        "request-parameter-removed-before-sunset B",
        "new-optional-request-parameter C",
    ),
    parameters(
        "parameter required",
        {},
        {"required": True},
        "request-parameter-became-required B",
        "request-parameter-became-optional C",
    ),
    parameters(
        "parameter deprecated",
        {},
        {"deprecated": True},
        "request-parameter-deprecated C",
        "request-parameter-reactivated C",
    ),
    parameters(
        "parameter deprecated with a date",
        {},
        SUNSET,
        "request-parameter-deprecated C",
        "request-parameter-reactivated C",
    ),
    parameters(
        "parameter's sunset past",
        {},
        PAST,
        "request-parameter-sunset-date-too-small B",
        "request-parameter-reactivated C",
    ),
    parameters(
        "parameter's sunset no date",
        {},
        {**PAST, "x-sunset": "soon"},
        "request-parameter-sunset-parse B",
        "request-parameter-reactivated C",
    ),
    parameters(
        "parameter's sunset earlier",
        SUNSET,
        {**SUNSET, "x-sunset": "2030-05-01"},
        "request-parameter-sunset-date-changed-too-small B",
        "request-parameter-deprecated C",
    ),
    parameters(
        "parameter's sunset deleted",
        SUNSET,
        {"deprecated": True},
        "request-parameter-sunset-deleted B",
        "request-parameter-deprecated C",
    ),
    parameters(
        "parameter's stability",
        {},
        {"x-stability": "beta"},
        "request-parameter-stability-decreased B",
        "request-parameter-stability-increased C",
    ),
    parameters(
        "parameter's style",
        {},
        {"explode": False},
        "request-parameter-style-changed B",
        "request-parameter-style-changed B",
    ),
    parameters(
        "parameter moved to the header",
        {},
        {"in": "header"},
        "request-parameter-removed W, new-optional-request-parameter C",
        "request-parameter-removed W, new-optional-request-parameter C",
    ),
    parameters(
        "header of another case",
        {"name": "X-Trace"},
        {"name": "x-trace"},
        "",
        "",
        "header",
    ),
    parameters(
        "field of a header",
        {"schema": {"type": "object", "properties": {"a": TEXT}}},
        {
            "schema": {
                "type": "object",
                "properties": {"a": {**TEXT, "enum": ["x"]}, "b": TEXT},
                "required": ["a", "b"],
            }
        },
        "request-header-property-became-enum B, request-header-property-became-required B, new-required-request-header-property B",
        "request-parameter-property-became-not-enum C, request-parameter-property-became-optional C, request-parameter-property-removed W",
        "header",
    ),
    parameters(
        "field of a parameter",
        {"schema": {"type": "object", "properties": {"a": TEXT}}},
        {
            "schema": {
                "type": "object",
                "properties": {"a": {"type": ["string", "null"]}},
            }
        },
        "request-parameter-property-became-nullable C",
        "request-parameter-property-became-not-nullable B",
    ),
    parameters(
        "type of a parameter's field",
        {"schema": {"type": "object", "properties": {"a": {"type": "integer"}}}},
        {"schema": {"type": "object", "properties": {"a": {"type": "number"}}}},
        "request-parameter-property-type-generalized C",
        "request-parameter-property-type-specialized B",
    ),
    parameters(
        "another type of a parameter's field",
        {"schema": {"type": "object", "properties": {"a": {"type": "integer"}}}},
        {"schema": {"type": "object", "properties": {"a": {"type": "boolean"}}}},
        "request-parameter-property-type-changed W",
        "request-parameter-property-type-changed W",
    ),
    parameters(
        "types of a parameter's field",
        {"schema": {"type": "object", "properties": {"a": {"type": "integer"}}}},
        {
            "schema": {
                "type": "object",
                "properties": {"a": {"type": ["integer", "boolean"]}},
            }
        },
        "request-parameter-property-list-of-types-widened C",
        "request-parameter-property-list-of-types-narrowed B",
    ),
    parameters(
        "values of a parameter's field",
        {"schema": {"type": "object", "properties": {"a": {**TEXT, "enum": ["x"]}}}},
        {
            "schema": {
                "type": "object",
                "properties": {"a": {**TEXT, "enum": ["x", "y"]}},
            }
        },
        "request-parameter-property-enum-value-added C",
        "request-parameter-property-enum-value-removed B",
    ),
    # Bodies
    operations(
        "optional body",
        {},
        {"requestBody": JSON},
        "request-body-added-optional C",
        "request-body-removed B",
    ),
    operations(
        "required body",
        {},
        {"requestBody": {**JSON, "required": True}},
        "request-body-added-required B",
        "request-body-removed B",
    ),
    operations(
        "body required",
        {"requestBody": JSON},
        {"requestBody": {**JSON, "required": True}},
        "request-body-became-required B",
        "request-body-became-optional C",
    ),
    operations(
        "media type of a body",
        {"requestBody": JSON},
        {"requestBody": {"content": {**JSON["content"], "text/plain": {}}}},
        "request-body-media-type-added C",
        "request-body-media-type-removed B",
    ),
    operations(
        "schema of a body",
        {"requestBody": {"content": {"application/json": {}}}},
        {"requestBody": JSON},
        "request-body-media-type-schema-added B",
        "request-body-media-type-schema-removed C",
    ),
    operations(
        "encoding of a body",
        {"requestBody": JSON},
        {
            "requestBody": {
                "content": {"application/json": {"schema": TEXT, "encoding": {"a": {}}}}
            }
        },
        "request-body-encoding-changed W",
        "request-body-encoding-changed W",
    ),
    # Answers
    answers(
        "success",
        {"200": {}},
        {"200": {}, "201": {}},
        "response-success-status-added C",
        "response-success-status-removed B",
    ),
    answers(
        "failure",
        {"200": {}},
        {"200": {}, "404": {}},
        "response-non-success-status-added C",
        "response-non-success-status-removed C",
    ),
    answers(
        "media type",
        {"200": JSON},
        {"200": {"content": {**JSON["content"], "text/plain": {}}}},
        "response-media-type-added C",
        "response-media-type-removed B",
    ),
    answers(
        "a more special media type",
        {"200": JSON},
        {"200": {"content": {"application/problem+json": {"schema": TEXT}}}},
        "response-media-type-name-specialized C",
        "response-media-type-name-generalized B",
    ),
    answers(
        "parameters of a media type",
        {"200": {"content": {"text/plain": {}}}},
        {"200": {"content": {"text/plain; charset=utf-8": {}}}},
        "response-media-type-name-changed C",
        "response-media-type-name-changed C",
    ),
    answers(
        "schema",
        {"200": {"content": {"application/json": {}}}},
        {"200": JSON},
        "response-body-media-type-schema-added C",
        "response-body-media-type-schema-removed W",
    ),
    answers(
        "encoding",
        {"200": JSON},
        {
            "200": {
                "content": {"application/json": {"schema": TEXT, "encoding": {"a": {}}}}
            }
        },
        "response-body-encoding-changed W",
        "response-body-encoding-changed W",
    ),
    answers(
        "links",
        {"200": {}},
        {"200": {"links": {"next": {}}}},
        "response-link-changed W",
        "response-link-changed W",
    ),
    answers(
        "optional header",
        {"200": {}},
        header(),
        "response-header-added C",
        "optional-response-header-removed W",
    ),
    answers(
        "required header",
        {"200": {}},
        header(required=True),
        "response-header-added C",
        "required-response-header-removed B",
    ),
    answers(
        "header required",
        header(),
        header(required=True),
        "response-header-became-required C",
        "response-header-became-optional B",
    ),
    answers(
        "header null",
        header(),
        header(schema={"type": ["string", "null"]}),
        "response-header-became-nullable B",
        "response-header-became-not-nullable C",
    ),
    answers(
        "header's type",
        header(schema={"type": "integer"}),
        header(),
        "response-header-type-generalized B",
        "response-header-type-specialized C",
    ),
    answers(
        "header's other type",
        header(schema={"type": "integer"}),
        header(schema={"type": "boolean"}),
        "response-header-type-changed B",
        "response-header-type-changed B",
    ),
    answers(
        "header's spelling",
        header(schema={"type": ["string", "integer"]}),
        header(schema={"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        "response-header-type-compatible C",
        "response-header-type-compatible C",
    ),
    # Security
    secured(
        "credentials",
        [],
        [{"login": []}],
        "api-security-became-required B",
        "api-security-removed C",
    ),
    secured(
        "other credentials",
        [{"login": []}],
        [{"login": []}, {"key": []}],
        "api-security-added C",
        "api-security-alternative-removed B",
    ),
    secured(
        "optional credentials",
        [{}],
        [{}, {"login": []}],
        "api-security-added C",
        "api-security-alternative-removed B",
    ),
    secured(
        "credentials become optional",
        [{"login": []}],
        [{"login": []}, {}],
        "api-security-removed C",
        "api-security-became-required B",
    ),
    secured(
        "scope",
        [{"login": ["read"]}],
        [{"login": ["read", "write"]}],
        "api-security-scope-added W",
        "api-security-scope-removed C",
    ),
    OperationRow(
        "credentials of the whole document",
        openapi(an_operation()),
        openapi(an_operation(), security=[{"login": []}]),
        "api-security-became-required B",
        "api-security-removed C",
    ),
    scheme(
        "scheme",
        None,
        BEARER,
        "api-security-component-added C",
        "api-security-component-removed C",
    ),
    scheme(
        "scheme's type",
        BEARER,
        {"type": "apiKey", "name": "k", "in": "query"},
        "api-security-component-type-changed B",
        "api-security-component-type-changed B",
    ),
    scheme(
        "scheme's word",
        BEARER,
        {**BEARER, "scheme": "basic"},
        "api-security-component-keyword-changed B",
        "api-security-component-keyword-changed B",
    ),
    scheme(
        "url",
        oauth(),
        oauth(authorizationUrl="/b"),
        "api-security-component-oauth-url-changed C",
        "api-security-component-oauth-url-changed C",
    ),
    scheme(
        "token url",
        oauth(),
        oauth(tokenUrl="/b"),
        "api-security-component-oauth-token-url-changed C",
        "api-security-component-oauth-token-url-changed C",
    ),
    scheme(
        "scope of a scheme",
        oauth(),
        oauth(scopes={"read": "Read", "write": "Write"}),
        "api-security-component-oauth-scope-added C",
        "api-security-component-oauth-scope-removed C",
    ),
    scheme(
        "words of a scope",
        oauth(),
        oauth(scopes={"read": "See"}),
        "api-security-component-oauth-scope-changed C",
        "api-security-component-oauth-scope-changed C",
    ),
    # Documents
    OperationRow(
        "server",
        openapi(an_operation(), servers=[{"url": "/api/v1/a"}]),
        openapi(an_operation(), servers=[{"url": "/api/v1/b"}]),
        "api-server-removed B, api-server-added C",
        "api-server-removed B, api-server-added C",
    ),
    OperationRow(
        "a schema nothing uses",
        openapi(an_operation()),
        openapi(an_operation(), components={"schemas": {"Order": TEXT}}),
        "api-schema-added C",
        "api-schema-removed C",
    ),
    OperationRow(
        "webhook",
        openapi(an_operation()),
        openapi(an_operation(), webhooks={"filled": {"post": an_operation()}}),
        "webhook-added C",
        "webhook-removed B",
    ),
    OperationRow(
        "a field of a webhook, which the server writes",
        openapi(
            webhooks={
                "filled": {
                    "post": an_operation(
                        requestBody=json_content(
                            {"type": "object", "properties": {"a": TEXT}}
                        )
                    )
                }
            }
        ),
        openapi(
            webhooks={
                "filled": {
                    "post": an_operation(
                        requestBody=json_content(
                            {
                                "type": "object",
                                "properties": {"a": TEXT},
                                "required": ["a"],
                            }
                        )
                    )
                }
            }
        ),
        "response-property-became-required C",
        "response-property-became-optional B",
    ),
]
"""Compared on 2030-01-01."""
