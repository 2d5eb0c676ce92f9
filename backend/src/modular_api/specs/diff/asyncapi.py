"""Find what changed between two AsyncAPI 3 documents, written from the server's side.

`receive` is what clients send and `send` what they read; a reply goes the other way.
Source: AsyncAPI 3.0.0, Operation Object and Operation Reply Object.
"""

from __future__ import annotations

from dataclasses import dataclass

from modular_api.specs.diff.document import Document, Part, Unchanged, escaped
from modular_api.specs.diff.errors import MalformedDocument
from modular_api.specs.diff.lifecycle import (
    Lifecycle,
    deprecation,
    removal,
    stability,
    stability_of,
)
from modular_api.specs.diff.messages import Messages
from modular_api.specs.diff.record import Record, Site
from modular_api.specs.diff.schema import SchemaComparison
from modular_api.specs.diff.security import (
    Alternative,
    compare_alternatives,
    compare_schemes,
)

_RECEIVE, _SEND = "receive", "send"

_LIFECYCLE_RULES = {
    "deprecated-sunset-invalid": "socket-operation-sunset-parse",
}

_COMPARED = frozenset(
    {
        "action",
        "channel",
        "deprecated",
        "description",
        "externalDocs",
        "messages",
        "reply",
        "security",
        "summary",
        "tags",
        "title",
        "traits",
    }
)

_CHANNEL_COMPARED = frozenset(
    {
        "address",
        "description",
        "externalDocs",
        "messages",
        "parameters",
        "servers",
        "summary",
        "tags",
        "title",
    }
)


@dataclass(frozen=True)
class _Operation:
    """An operation with the channel it belongs to."""

    name: str
    part: Part
    channel: Part

    @property
    def action(self) -> str:
        found = self.part.required_text("action")
        if found not in (_RECEIVE, _SEND):
            raise MalformedDocument(
                "`send` or `receive`",
                found,
                side=self.part.document.side,
                place=f"{self.part.place}/action",
            )
        return found

    @property
    def address(self) -> str | None:
        return self.channel.text("address")

    @property
    def is_draft(self) -> bool:
        return stability_of(self.part.mapping()) == "draft"

    def site(self) -> Site:
        return Site(
            label=f"{self.action} {self.name}",
            operation=self.name,
            path=self.address,
            draft=self.is_draft,
        )

    def messages(self) -> dict[str, Part]:
        """Return the messages by their name on the wire."""
        return _messages(self.part, self.channel)

    def identity(self) -> tuple[str, str | None, tuple[str, ...]]:
        """What identifies an operation, whatever it is called."""
        return self.action, self.address, tuple(sorted(self.messages()))


class AsyncApiComparison:
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
        self._messages = Messages(record, schemas)
        # Noted once, at the channel, however many operations move with it.
        self._moves: set[tuple[str | None, str | None]] = set()

    def run(self) -> None:
        """Note every change except for those of prose."""
        old, new = self._old.root, self._new.root
        self._compare_servers(old.named("servers"), new.named("servers"))
        self._compare_channels(old.named("channels"), new.named("channels"))
        self._compare_operations(_operations(old), _operations(new))
        compare_schemes(self._record, _schemes(old), _schemes(new))

    # Operations

    def _compare_operations(
        self, old: dict[str, _Operation], new: dict[str, _Operation]
    ) -> None:
        partners = self._partners(old, new)
        for name in sorted(old):
            if name not in partners:
                self._removed(old[name])
                continue
            before, after = old[name], new[partners[name]]
            if name != after.name:
                rule = "socket-operation-renamed"
                self._record.add(rule, before.site(), "", name, after.name)
            self._compare_operation(before, after)
        for name in sorted(new.keys() - set(partners.values())):
            self._record.add("socket-operation-added", new[name].site())

    def _partners(
        self, old: dict[str, _Operation], new: dict[str, _Operation]
    ) -> dict[str, str]:
        """Return for each operation its name in the new document, if it is there."""
        partners = {name: name for name in old if name in new}
        free = {new[name].identity(): name for name in sorted(new) if name not in old}
        for name in sorted(old):
            if name not in new and (other := free.pop(old[name].identity(), None)):
                partners[name] = other
        return partners

    def _removed(self, operation: _Operation) -> None:
        words = operation.part.mapping()
        end = removal(words, self._lifecycle)
        rule = f"socket-operation-{end}"
        self._record.add(rule, operation.site(), "", words.get("x-sunset"))

    def _compare_operation(self, old: _Operation, new: _Operation) -> None:
        site = old.site()
        before, after = old.part.mapping(), new.part.mapping()
        for event, was, now in (
            *deprecation(before, after, self._lifecycle),
            *stability(before, after),
        ):
            rule = _LIFECYCLE_RULES.get(event, f"socket-operation-{event}")
            pointer = "/x-stability" if "stability" in event else "/deprecated"
            self._record.add(rule, site, pointer, was, now)
        pair = (old.address, new.address)
        if old.address != new.address and pair not in self._moves:
            self._record.add("socket-address-changed", site, "/channel/address", *pair)
        self._compare_security(site, old.part, new.part, "/security")
        for word in sorted((before.keys() | after.keys()) - _COMPARED):
            if not word.startswith("x-") and before.get(word) != after.get(word):
                rule = "socket-operation-keyword-changed"
                self._record.add(rule, site, f"/{word}", word, word)
        if old.action != new.action:
            rule = "socket-operation-action-changed"
            self._record.add(rule, site, "/action", old.action, new.action)
            return
        sent = old.action == _RECEIVE
        self._messages.compare(
            site, "/messages", old.messages(), new.messages(), sent=sent
        )
        self._compare_reply(site, old, new, sent=not sent)

    def _compare_reply(
        self, site: Site, old: _Operation, new: _Operation, *, sent: bool
    ) -> None:
        before, after = old.part.child("reply"), new.part.child("reply")
        if before is None or after is None:
            if before is not None:
                self._record.add("socket-reply-removed", site, "/reply")
            elif after is not None:
                self._record.add("socket-reply-added", site, "/reply")
            return
        before, after = before.resolved(), after.resolved()
        was, now = _reply_address(before), _reply_address(after)
        if was != now and (was, now) not in self._moves:
            rule = "socket-reply-address-changed"
            self._record.add(rule, site, "/reply/address", was, now)
        self._messages.compare(
            site,
            "/reply/messages",
            _messages(before, _channel_of(before)),
            _messages(after, _channel_of(after)),
            sent=sent,
        )

    # Channels

    def _compare_channels(self, old: dict[str, Part], new: dict[str, Part]) -> None:
        """Compare channels, except for addresses, which are noted with operations."""
        before = _by_address(old)
        after = _by_address(new)
        # A channel that kept its key may have moved.
        moved = {
            address: other
            for address, (key, _) in before.items()
            for other, (other_key, _) in after.items()
            if key == other_key and address not in after and other not in before
        }
        for address in sorted(before):
            key, channel = before[address]
            site = Site(label=f"channel {key}", path=address)
            other = moved.get(address, address)
            if other not in after:
                self._record.add("socket-channel-removed", site, "", address, None)
                continue
            if other != address:
                rule = "socket-address-changed"
                self._record.add(rule, site, "/address", address, other)
                self._moves.add((address, other))
            self._compare_channel(site, channel, after[other][1])
        for address in sorted(after.keys() - before.keys() - set(moved.values())):
            site = Site(label=f"channel {after[address][0]}", path=address)
            self._record.add("socket-channel-added", site, "", None, address)

    def _compare_channel(self, site: Site, old: Part, new: Part) -> None:
        before, after = old.mapping(), new.mapping()
        for word in sorted((before.keys() | after.keys()) - _CHANNEL_COMPARED):
            if not word.startswith("x-") and before.get(word) != after.get(word):
                rule = "socket-channel-keyword-changed"
                self._record.add(rule, site, f"/{word}", word, word)
        if before.get("servers", []) != after.get("servers", []):
            rule = "socket-channel-keyword-changed"
            self._record.add(rule, site, "/servers", "servers", "servers")
        parameters = old.named("parameters"), new.named("parameters")
        for name in sorted(parameters[0].keys() | parameters[1].keys()):
            what = f"address parameter '{name}'"
            pointer = f"/parameters/{escaped(name)}"
            if name not in parameters[1]:
                rule = "socket-parameter-removed"
                self._record.add(rule, site, pointer, name, None, what=what)
            elif name not in parameters[0]:
                rule = "new-socket-parameter"
                self._record.add(rule, site, pointer, None, name, what=what)
            else:
                pair = parameters[0][name].resolved(), parameters[1][name].resolved()
                self._compare_parameter(site, pointer, *pair, what)

    def _compare_parameter(
        self, site: Site, pointer: str, old: Part, new: Part, what: str
    ) -> None:
        was, now = old.text("default"), new.text("default")
        if was != now:
            rule = "socket-parameter-default-value-changed"
            self._record.add(rule, site, f"{pointer}/default", was, now, what=what)
        before = [part.value for part in old.items("enum")]
        after = [part.value for part in new.items("enum")]
        place = f"{pointer}/enum"
        start = "socket-parameter"
        if before and not after:
            rule = f"{start}-became-not-enum"
            self._record.add(rule, site, place, before, None, what=what)
        elif after and not before:
            rule = f"{start}-became-enum"
            self._record.add(rule, site, place, None, after, what=what)
        else:
            for value in before:
                if value not in after:
                    rule = f"{start}-enum-value-removed"
                    self._record.add(rule, site, place, value, None, what=what)
            for value in after:
                if value not in before:
                    rule = f"{start}-enum-value-added"
                    self._record.add(rule, site, place, None, value, what=what)

    # Servers and security

    def _compare_servers(self, old: dict[str, Part], new: dict[str, Part]) -> None:
        for name in sorted(old.keys() | new.keys()):
            site = Site(label=f"server {name}")
            if name not in new:
                self._record.add("socket-server-removed", site, "", name, None)
            elif name not in old:
                self._record.add("socket-server-added", site, "", None, name)
            else:
                before, after = old[name].resolved(), new[name].resolved()
                self._compare_server(site, before, after)

    def _compare_server(self, site: Site, old: Part, new: Part) -> None:
        was, now = _url(old), _url(new)
        if was != now:
            self._record.add("socket-server-moved", site, "/host", was, now)
        self._compare_security(site, old, new, "/security")
        before, after = old.mapping(), new.mapping()
        for word in ("bindings", "protocolVersion", "variables"):
            if before.get(word) != after.get(word):
                rule = "socket-server-keyword-changed"
                self._record.add(rule, site, f"/{word}", word, word)

    def _compare_security(self, site: Site, old: Part, new: Part, pointer: str) -> None:
        compare_alternatives(
            self._record,
            site,
            _alternatives(old),
            _alternatives(new),
            start="socket-security",
            pointer=pointer,
        )


def _operations(root: Part) -> dict[str, _Operation]:
    found = {}
    for name, part in root.named("operations").items():
        operation = part.resolved()
        channel = operation.child("channel")
        if channel is None:
            raise operation.malformed("an operation with a `channel`")
        found[name] = _Operation(name, operation, channel.resolved())
    return found


def _channel_of(reply: Part) -> Part | None:
    channel = reply.child("channel")
    return channel.resolved() if channel is not None else None


def _messages(part: Part, channel: Part | None) -> dict[str, Part]:
    """Return the messages listed, or all of the channel's, by their wire names."""
    known = channel.named("messages") if channel is not None else {}
    if part.child("messages") is None:
        return {_wire_name(key, one): one.resolved() for key, one in known.items()}
    found = {}
    for message in part.items("messages"):
        reference = message.mapping().get("$ref")
        key = str(reference).rpartition("/")[2]
        found[_wire_name(key, message)] = message.resolved()
    return found


def _wire_name(key: str, message: Part) -> str:
    return message.resolved().text("name") or key


def _reply_address(reply: Part) -> str | None:
    address = reply.child("address")
    if address is not None:
        return address.resolved().text("location")
    channel = _channel_of(reply)
    return channel.text("address") if channel is not None else None


def _by_address(channels: dict[str, Part]) -> dict[str, tuple[str, Part]]:
    found = {}
    for key, part in channels.items():
        channel = part.resolved()
        found[channel.text("address") or key] = (key, channel)
    return found


def _url(server: Part) -> str:
    protocol = server.text("protocol") or ""
    host = server.text("host") or ""
    return f"{protocol}://{host}{server.text('pathname') or ''}"


def _alternatives(part: Part) -> list[Alternative]:
    """Return the `security` of AsyncAPI: a list of schemes, of which any is enough."""
    found: list[Alternative] = []
    for scheme in part.items("security"):
        reference = scheme.mapping().get("$ref")
        resolved = scheme.resolved()
        name = (
            reference.rpartition("/")[2]
            if isinstance(reference, str)
            else resolved.required_text("type")
        )
        scopes = tuple(sorted(str(s.value) for s in resolved.items("scopes")))
        found.append({name: scopes})
    return found


def _schemes(root: Part) -> dict[str, Part]:
    components = root.child("components")
    return components.named("securitySchemes") if components is not None else {}
