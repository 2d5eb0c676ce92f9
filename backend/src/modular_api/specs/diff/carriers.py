"""Compare what carries schemas over HTTP: parameters, bodies, answers, headers."""

from __future__ import annotations

from collections.abc import Sequence

from modular_api.specs.diff.document import Part, escaped
from modular_api.specs.diff.lifecycle import (
    Lifecycle,
    deprecation,
    removal,
    stability,
)
from modular_api.specs.diff.record import Record, Site
from modular_api.specs.diff.schema import SchemaComparison
from modular_api.specs.diff.subjects import (
    REQUEST_BODY,
    REQUEST_HEADER,
    REQUEST_PARAMETER,
    RESPONSE_BODY,
    RESPONSE_HEADER,
    Subject,
)

_LIFECYCLE_RULES = {
    "deprecated": "request-parameter-deprecated",
    "deprecated-with-sunset": "request-parameter-deprecated",
    "deprecated-sunset-missing": "request-parameter-deprecated-sunset-missing",
    "deprecated-sunset-invalid": "request-parameter-sunset-parse",
    "reactivated": "request-parameter-reactivated",
    "sunset-date-too-small": "request-parameter-sunset-date-too-small",
    "sunset-date-changed-too-small": "request-parameter-sunset-date-changed-too-small",
    "sunset-deleted": "request-parameter-sunset-deleted",
    "invalid-stability-level": "request-parameter-stability-decreased",
    "stability-decreased": "request-parameter-stability-decreased",
    "stability-increased": "request-parameter-stability-increased",
}

# Keywords of a parameter that are compared one by one, or are prose.
_COMPARED = frozenset(
    {
        "content",
        "deprecated",
        "description",
        "example",
        "examples",
        "in",
        "name",
        "required",
        "schema",
    }
)


class Carriers:
    """Compares the carriers of schemas in an operation."""

    def __init__(
        self, record: Record, schemas: SchemaComparison, lifecycle: Lifecycle
    ) -> None:
        self._record = record
        self._schemas = schemas
        self._lifecycle = lifecycle

    # Parameters

    def parameter_added(self, site: Site, where: str, name: str, new: Part) -> None:
        """Note a parameter that was added."""
        rule = "new-optional-request-parameter"
        if where == "path":
            rule = "new-request-path-parameter"
        elif new.flag("required"):
            rule = "new-required-request-parameter"
        kind = self._type_of(new)
        pointer = _parameter_pointer(where, name)
        what = f"{where} parameter '{name}'"
        self._record.add(rule, site, pointer, None, kind, what=what)

    def parameter_removed(self, site: Site, where: str, name: str, old: Part) -> None:
        """Note a parameter that was removed."""
        end = removal(old.mapping(), self._lifecycle)
        rule = {
            "removed-without-deprecation": "request-parameter-removed",
            "sunset-parse": "request-parameter-sunset-parse",
        }.get(end, f"request-parameter-{end}")
        value = old.mapping().get("x-sunset", self._type_of(old))
        pointer = _parameter_pointer(where, name)
        what = f"{where} parameter '{name}'"
        self._record.add(rule, site, pointer, value, None, what=what)

    def parameter_renamed(self, site: Site, old: str, new: str) -> None:
        """Note that a path parameter was renamed, which no caller notices."""
        self._record.add(
            "request-path-parameter-renamed",
            site,
            _parameter_pointer("path", old),
            old,
            new,
            what=f"path parameter '{old}'",
        )

    def compare_parameter(
        self, site: Site, where: str, name: str, old: Part, new: Part
    ) -> None:
        """Compare a parameter that both documents have."""
        pointer = _parameter_pointer(where, name)
        what = f"{where} parameter '{name}'"
        was, now = old.flag("required"), new.flag("required")
        if was != now:
            end = "required" if now else "optional"
            rule = f"request-parameter-became-{end}"
            self._record.add(rule, site, f"{pointer}/required", was, now, what=what)
        before, after = old.mapping(), new.mapping()
        for event, earlier, later in (
            *deprecation(before, after, self._lifecycle),
            *stability(before, after),
        ):
            rule = _LIFECYCLE_RULES[event]
            self._record.add(rule, site, pointer, earlier, later, what=what)
        for word in sorted((before.keys() | after.keys()) - _COMPARED):
            if not word.startswith("x-") and before.get(word) != after.get(word):
                rule = "request-parameter-style-changed"
                self._record.add(rule, site, f"{pointer}/{word}", word, word, what=what)
        subject = REQUEST_HEADER if where == "header" else REQUEST_PARAMETER
        self._compare_schemas(site, pointer, _schema(old), _schema(new), subject, what)

    def _type_of(self, parameter: Part) -> str:
        schema = _schema(parameter)
        return self._schemas.view(schema).describe() if schema else "anything"

    def _compare_schemas(
        self,
        site: Site,
        pointer: str,
        old: Part | None,
        new: Part | None,
        subject: Subject,
        what: str,
    ) -> None:
        """Compare two schemas; a missing one allows everything."""
        if old is None and new is None:
            return
        known = old or new
        assert known is not None
        anything = Part(known.document, {}, known.place)
        node = self._schemas.compare(old or anything, new or anything)
        self._record.add_schema(node, site, f"{pointer}/schema", subject, what)

    # Requests

    def compare_request(self, site: Site, old: Part, new: Part) -> None:
        """Compare the bodies of two operations' requests."""
        pointer, what = "/requestBody", "request body"
        before, after = _body(old), _body(new)
        if before is None and after is None:
            return
        if before is None:
            assert after is not None
            end = "required" if after.flag("required") else "optional"
            self._record.add(f"request-body-added-{end}", site, pointer, what=what)
        elif after is None:
            self._record.add("request-body-removed", site, pointer, what=what)
        else:
            was, now = before.flag("required"), after.flag("required")
            if was != now:
                end = "required" if now else "optional"
                rule = f"request-body-became-{end}"
                self._record.add(rule, site, f"{pointer}/required", was, now, what=what)
            self._compare_contents(site, pointer, before, after, REQUEST_BODY, what)

    def compare_webhook(self, site: Site, old: Part, new: Part) -> None:
        """Compare what a webhook sends, and the answers it gets."""
        before, after = _body(old), _body(new)
        if before is not None and after is not None:
            self._compare_contents(
                site, "/requestBody", before, after, RESPONSE_BODY, "sent body"
            )
        elif before is not None:
            what = "sent body"
            self._record.add("webhook-removed", site, "/requestBody", what=what)
        elif after is not None:
            self._record.add("webhook-added", site, "/requestBody", what="sent body")
        answers, others = old.named("responses"), new.named("responses")
        for code in sorted(answers.keys() & others.keys()):
            pointer = f"/responses/{escaped(code)}"
            pair = answers[code].resolved(), others[code].resolved()
            what = f"answer {code}"
            self._compare_contents(site, pointer, *pair, REQUEST_BODY, what)

    # Answers

    def compare_responses(
        self, site: Site, old: dict[str, Part], new: dict[str, Part]
    ) -> None:
        """Compare the answers of two operations, by status."""
        for code in sorted(old.keys() | new.keys()):
            pointer, what = f"/responses/{escaped(code)}", f"response {code}"
            kind = "success" if code.startswith("2") else "non-success"
            rule = f"response-{kind}-status"
            if code not in new:
                self._record.add(
                    f"{rule}-removed", site, pointer, code, None, what=what
                )
            elif code not in old:
                self._record.add(f"{rule}-added", site, pointer, None, code, what=what)
            else:
                before, after = old[code].resolved(), new[code].resolved()
                self._compare_headers(site, pointer, before, after, what)
                self._compare_contents(
                    site, pointer, before, after, RESPONSE_BODY, what
                )
                if before.mapping().get("links") != after.mapping().get("links"):
                    where = f"{pointer}/links"
                    self._record.add("response-link-changed", site, where, what=what)

    def _compare_headers(
        self, site: Site, pointer: str, old: Part, new: Part, what: str
    ) -> None:
        before, after = _headers(old), _headers(new)
        for name in sorted(before.keys() | after.keys()):
            place = f"{pointer}/headers/{escaped(name)}"
            label = f"header '{name}' of {what}"
            if name not in after:
                kind = "required" if before[name].flag("required") else "optional"
                rule = f"{kind}-response-header-removed"
                self._record.add(rule, site, place, name, None, what=label)
            elif name not in before:
                rule = "response-header-added"
                self._record.add(rule, site, place, None, name, what=label)
            else:
                was = before[name].flag("required")
                now = after[name].flag("required")
                if was != now:
                    end = "required" if now else "optional"
                    rule = f"response-header-became-{end}"
                    where = f"{place}/required"
                    self._record.add(rule, site, where, was, now, what=label)
                pair = _schema(before[name]), _schema(after[name])
                self._compare_schemas(site, place, *pair, RESPONSE_HEADER, label)

    # Media types

    def _compare_contents(
        self,
        site: Site,
        pointer: str,
        old: Part,
        new: Part,
        subject: Subject,
        what: str,
    ) -> None:
        before, after = old.named("content"), new.named("content")
        sent = subject is REQUEST_BODY
        rule = "request-body-media-type" if sent else "response-media-type"
        gone = sorted(before.keys() - after.keys())
        came = sorted(after.keys() - before.keys())
        pairs = [(name, name) for name in sorted(before.keys() & after.keys())]
        if not sent:
            for name in list(gone):
                for other in list(came):
                    event = _renaming(name, other)
                    if event is not None and name in gone:
                        gone.remove(name)
                        came.remove(other)
                        pairs.append((name, other))
                        place = f"{pointer}/content/{escaped(name)}"
                        full = f"response-media-type-name-{event}"
                        self._record.add(full, site, place, name, other, what=what)
        for name in gone:
            place = f"{pointer}/content/{escaped(name)}"
            self._record.add(f"{rule}-removed", site, place, name, None, what=what)
        for name in came:
            place = f"{pointer}/content/{escaped(name)}"
            self._record.add(f"{rule}-added", site, place, None, name, what=what)
        for name, other in pairs:
            place = f"{pointer}/content/{escaped(name)}"
            self._compare_media(site, place, before[name], after[other], subject, what)

    def _compare_media(
        self,
        site: Site,
        pointer: str,
        old: Part,
        new: Part,
        subject: Subject,
        what: str,
    ) -> None:
        rule = f"{subject.whole}-media-type-schema"
        for names in _SCHEMAS:
            before, after = _first(old, names), _first(new, names)
            at = f"{pointer}/{names[0]}"
            if before is not None and after is not None:
                node = self._schemas.compare(before, after)
                self._record.add_schema(node, site, at, subject, what)
            elif before is not None:
                self._record.add(f"{rule}-removed", site, at, what=what)
            elif after is not None:
                self._record.add(f"{rule}-added", site, at, what=what)
        if old.mapping().get("encoding") != new.mapping().get("encoding"):
            rule = f"{subject.whole}-encoding-changed"
            self._record.add(rule, site, f"{pointer}/encoding", what=what)


_SCHEMAS = (("schema",), ("x-itemSchema", "itemSchema"))
"""The schema of a body, and that of a stream's items in OpenAPI 3.1 and in 3.2."""


def _first(part: Part, names: Sequence[str]) -> Part | None:
    return next((c for name in names if (c := part.child(name)) is not None), None)


def _parameter_pointer(where: str, name: str) -> str:
    return f"/parameters/{escaped(where)}/{escaped(name)}"


def _schema(carrier: Part) -> Part | None:
    """Return the schema of a parameter or header, or of its first media type."""
    schema = carrier.child("schema")
    if schema is not None:
        return schema
    for media in carrier.named("content").values():
        return media.child("schema")
    return None


def _body(operation: Part) -> Part | None:
    body = operation.child("requestBody")
    return body.resolved() if body is not None else None


def _headers(response: Part) -> dict[str, Part]:
    return {
        name.lower(): header.resolved()
        for name, header in response.named("headers").items()
    }


def _renaming(old: str, new: str) -> str | None:
    """Return how a media type changed: `application/problem+json` is JSON, too."""
    before, after = old.partition(";")[0].strip(), new.partition(";")[0].strip()
    if before == after:
        return "changed"
    if _structure(after) == before:
        return "specialized"
    return "generalized" if _structure(before) == after else None


def _structure(media_type: str) -> str | None:
    kind, _, name = media_type.partition("/")
    return f"{kind}/{name.rpartition('+')[2]}" if "+" in name else None
