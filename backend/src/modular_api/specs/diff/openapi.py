"""Find what changed between two OpenAPI documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from modular_api.specs.diff.carriers import Carriers
from modular_api.specs.diff.document import Document, Json, Part, Unchanged, escaped
from modular_api.specs.diff.lifecycle import (
    Lifecycle,
    deprecation,
    removal,
    stability,
    stability_of,
)
from modular_api.specs.diff.record import DOCUMENT, Record, Site
from modular_api.specs.diff.remainder import renamed_schemas
from modular_api.specs.diff.schema import SchemaComparison
from modular_api.specs.diff.security import (
    alternatives_of,
    compare_alternatives,
    compare_schemes,
)
from modular_api.specs.structure import METHODS

_LIFECYCLE_RULES = {
    "deprecated": "endpoint-deprecated",
    "deprecated-with-sunset": "endpoint-deprecated-with-sunset",
    "deprecated-sunset-missing": "api-deprecated-sunset-missing",
    "deprecated-sunset-invalid": "api-deprecated-sunset-parse",
    "reactivated": "endpoint-reactivated",
    "sunset-date-too-small": "api-sunset-date-too-small",
    "sunset-date-changed-too-small": "api-sunset-date-changed-too-small",
    "sunset-deleted": "sunset-deleted",
    "invalid-stability-level": "api-invalid-stability-level",
    "stability-decreased": "api-stability-decreased",
    "stability-increased": "api-stability-increased",
}

# Keywords of an operation that are compared one by one, or are prose.
_COMPARED = frozenset(
    {
        "deprecated",
        "description",
        "externalDocs",
        "operationId",
        "parameters",
        "requestBody",
        "responses",
        "security",
        "summary",
        "tags",
    }
)


@dataclass(frozen=True)
class _Operation:
    """An operation with its path and the parameters of that path."""

    method: str
    path: str
    part: Part
    shared: list[Part]

    def site(self, *, draft: bool = False, webhook: bool = False) -> Site:
        kind = "webhook " if webhook else ""
        return Site(
            label=f"{kind}{self.method} {self.path}",
            operation=self.part.text("operationId"),
            method=self.method,
            path=self.path,
            draft=draft,
        )

    @property
    def is_draft(self) -> bool:
        return stability_of(self.part.mapping()) == "draft"

    def parameters(self) -> dict[tuple[str, str], Part]:
        """Return the parameters by place and name, including those of the path."""
        found = {}
        for parameter in (*self.shared, *self.part.items("parameters")):
            resolved = parameter.resolved()
            where = resolved.required_text("in")
            name = resolved.required_text("name")
            found[where, name.lower() if where == "header" else name] = resolved
        return found


class OpenApiComparison:
    """Compares two documents and notes the changes."""

    def __init__(
        self,
        old: Document,
        new: Document,
        unchanged: Unchanged,
        schemas: SchemaComparison,
        lifecycle: Lifecycle,
        record: Record,
    ) -> None:
        self._old = old
        self._new = new
        self._unchanged = unchanged
        self._lifecycle = lifecycle
        self._record = record
        self._schemas = schemas
        self._carriers = Carriers(record, schemas, lifecycle)

    def run(self) -> None:
        """Note every change except for those of prose."""
        old, new = self._old.root, self._new.root
        self._compare_servers(old, new)
        self._compare_paths(old.named("paths"), new.named("paths"))
        self._compare_webhooks(old.named("webhooks"), new.named("webhooks"))
        self._compare_components()

    def _compare_servers(self, old: Part, new: Part) -> None:
        before = {server.required_text("url") for server in old.items("servers")}
        after = {server.required_text("url") for server in new.items("servers")}
        # Without `servers`, it is the one from which the document came.
        for url in sorted((before or {"/"}) - (after or {"/"})):
            pointer = f"/servers/{escaped(url)}"
            self._record.add("api-server-removed", DOCUMENT, pointer, url, None)
        for url in sorted((after or {"/"}) - (before or {"/"})):
            pointer = f"/servers/{escaped(url)}"
            self._record.add("api-server-added", DOCUMENT, pointer, None, url)

    # Paths

    def _compare_paths(self, old: dict[str, Part], new: dict[str, Part]) -> None:
        partners = dict(_partners(old, new))
        for path, item in old.items():
            if path in partners:
                other = partners[path]
                self._compare_item(path, item, other, new[other])
            else:
                for operation in _operations(path, item):
                    self._removed(operation, with_path=True)
        for path in new.keys() - set(partners.values()):
            for operation in _operations(path, new[path]):
                self._added(operation)

    def _compare_item(self, path: str, old: Part, other: str, new: Part) -> None:
        if path == other and self._is_same(old, new):
            return
        before = {operation.method: operation for operation in _operations(path, old)}
        after = {operation.method: operation for operation in _operations(other, new)}
        for method in sorted(before.keys() | after.keys()):
            if method not in after:
                self._removed(before[method], with_path=not after)
            elif method not in before:
                self._added(after[method])
            else:
                self._compare_operation(before[method], after[method])
        words = old.resolved().mapping(), new.resolved().mapping()
        for word in ("servers",):
            if words[0].get(word) != words[1].get(word):
                site = Site(label=path, path=path)
                rule = "api-operation-keyword-changed"
                self._record.add(rule, site, f"/{word}", word, word)

    def _is_same(self, old: Part, new: Part) -> bool:
        """Tell whether everything below is equal, and so is the document's security."""
        security = self._old.content.get("security"), self._new.content.get("security")
        return security[0] == security[1] and self._unchanged(old.value, new.value)

    def _removed(self, operation: _Operation, *, with_path: bool) -> None:
        words = operation.part.mapping()
        end = removal(words, self._lifecycle)
        rule = f"api-path-{end}" if with_path else f"api-{end}"
        if rule == "api-sunset-parse":
            rule = "api-deprecated-sunset-parse"
        sunset = words.get("x-sunset")
        self._record.add(rule, operation.site(draft=operation.is_draft), "", sunset)

    def _added(self, operation: _Operation) -> None:
        site = operation.site(draft=operation.is_draft)
        self._record.add("endpoint-added", site)

    # Operations

    def _compare_operation(self, old: _Operation, new: _Operation) -> None:
        site = old.site(draft=old.is_draft)
        same_path = old.path == new.path
        if (
            same_path
            and self._is_same(old.part, new.part)
            and self._unchanged(
                [p.value for p in old.shared], [p.value for p in new.shared]
            )
        ):
            return
        before, after = old.part.mapping(), new.part.mapping()
        for event, was, now in (
            *deprecation(before, after, self._lifecycle),
            *stability(before, after),
        ):
            pointer = "/x-stability" if "stability" in event else "/deprecated"
            self._record.add(_LIFECYCLE_RULES[event], site, pointer, was, now)
        self._compare_names(site, old.part, new.part)
        self._compare_parameters(site, old, new)
        self._carriers.compare_request(site, old.part, new.part)
        self._carriers.compare_responses(
            site, old.part.named("responses"), new.part.named("responses")
        )
        compare_alternatives(
            self._record,
            site,
            alternatives_of(self._security(self._old, old.part)),
            alternatives_of(self._security(self._new, new.part)),
        )
        self._compare_others(site, before, after)

    def _compare_names(self, site: Site, old: Part, new: Part) -> None:
        was, now = old.text("operationId"), new.text("operationId")
        if was != now:
            end = "added" if was is None else "removed" if now is None else "changed"
            self._record.add(f"api-operation-id-{end}", site, "/operationId", was, now)
        before, after = _texts(old, "tags"), _texts(new, "tags")
        for tag in sorted(before - after):
            pointer = f"/tags/{escaped(tag)}"
            self._record.add("api-tag-removed", site, pointer, tag, None)
        for tag in sorted(after - before):
            pointer = f"/tags/{escaped(tag)}"
            self._record.add("api-tag-added", site, pointer, None, tag)

    def _compare_parameters(self, site: Site, old: _Operation, new: _Operation) -> None:
        before, after = old.parameters(), new.parameters()
        renamed = dict(
            zip(_placeholders(old.path), _placeholders(new.path), strict=True)
        )
        for (where, name), parameter in before.items():
            other = renamed.get(name, name) if where == "path" else name
            if (where, other) not in after:
                self._carriers.parameter_removed(site, where, name, parameter)
                continue
            if other != name:
                self._carriers.parameter_renamed(site, name, other)
            self._carriers.compare_parameter(
                site, where, name, parameter, after[where, other]
            )
        original = {now: was for was, now in renamed.items()}
        for (where, name), parameter in after.items():
            earlier = original.get(name, name) if where == "path" else name
            if (where, earlier) not in before:
                self._carriers.parameter_added(site, where, name, parameter)

    def _security(self, document: Document, operation: Part) -> list[Part]:
        part = operation if "security" in operation.mapping() else document.root
        return part.items("security")

    def _compare_others(self, site: Site, old: Json, new: Json) -> None:
        for word in sorted((old.keys() | new.keys()) - _COMPARED):
            if word.startswith("x-"):
                continue
            if not self._unchanged(old.get(word), new.get(word)):
                rule = "api-operation-keyword-changed"
                self._record.add(rule, site, f"/{word}", word, word)

    # Webhooks and components

    def _compare_webhooks(self, old: dict[str, Part], new: dict[str, Part]) -> None:
        """Compare webhooks, where the server sends the request and reads the answer."""
        for name in sorted(old.keys() | new.keys()):
            before = _by_method(name, old)
            after = _by_method(name, new)
            for method in sorted(before.keys() | after.keys()):
                if method not in after:
                    site = before[method].site(webhook=True)
                    self._record.add("webhook-removed", site)
                elif method not in before:
                    self._record.add("webhook-added", after[method].site(webhook=True))
                else:
                    self._compare_webhook(before[method], after[method])

    def _compare_webhook(self, old: _Operation, new: _Operation) -> None:
        site = old.site(webhook=True)
        if self._unchanged(old.part.value, new.part.value):
            return
        self._carriers.compare_webhook(site, old.part, new.part)
        self._compare_names(site, old.part, new.part)
        self._compare_others(site, old.part.mapping(), new.part.mapping())

    def _compare_components(self) -> None:
        old = self._old.root.child("components")
        new = self._new.root.child("components")
        before = old.named("schemas") if old else {}
        after = new.named("schemas") if new else {}
        renamed = renamed_schemas(self._old, self._new, self._schemas)
        gone = sorted(before.keys() - after.keys() - renamed.keys())
        came = sorted(after.keys() - before.keys() - set(renamed.values()))
        for name in gone:
            pointer = f"/components/schemas/{escaped(name)}"
            self._record.add("api-schema-removed", DOCUMENT, pointer, name, None)
        for name in came:
            pointer = f"/components/schemas/{escaped(name)}"
            self._record.add("api-schema-added", DOCUMENT, pointer, None, name)
        compare_schemes(
            self._record,
            old.named("securitySchemes") if old else {},
            new.named("securitySchemes") if new else {},
        )


def _operations(path: str, item: Part) -> Iterator[_Operation]:
    resolved = item.resolved()
    children = resolved.children()
    shared = resolved.items("parameters")
    for method in METHODS:
        if method in children:
            children[method].mapping()
            yield _Operation(method.upper(), path, children[method], shared)


def _by_method(name: str, items: dict[str, Part]) -> dict[str, _Operation]:
    if name not in items:
        return {}
    return {found.method: found for found in _operations(name, items[name])}


def _partners(old: dict[str, Part], new: dict[str, Part]) -> Iterator[tuple[str, str]]:
    """Yield pairs of paths that are the same except for the names of parameters."""
    free = {_anonymous(path): path for path in new if path not in old}
    for path in old:
        if path in new:
            yield path, path
        elif _anonymous(path) in free:
            yield path, free.pop(_anonymous(path))


def _anonymous(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _placeholders(path: str) -> list[str]:
    return re.findall(r"\{([^}]*)\}", path)


def _texts(part: Part, key: str) -> set[str]:
    texts = part.items(key)
    for text in texts:
        if not isinstance(text.value, str):
            raise text.malformed("text")
    return {text.value for text in texts}
