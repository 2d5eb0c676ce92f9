"""Generate the reference page of the rules.

Run `python -m modular_api.specs.diff.page > docs/reference/contract-rules.md` when a
test says that the page is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from modular_api.specs.diff.events import PROPERTY_EVENTS, SCHEMA_EVENTS, Event
from modular_api.specs.diff.oasdiff import oasdiff_rules
from modular_api.specs.diff.rules import CANNOT_OCCUR, rules

_INTRODUCTION = """\
# Contract rules

Every change `modular_api.specs.diff.compare` can find, what it is called, and how bad it is.
This page is written by `python -m modular_api.specs.diff.page`, and a test compares the two.

A level is one of four.
`breaking`: somebody who did nothing wrong stops working.
`warning`: that depends on what they rely on.
`compatible`: nobody who relies on the old contract is affected.
`docs`: only people read it.

A tier says what is touched, in buf's words.
`wire`: whether the exchange takes place at all.
`json`: what the messages look like.
`source`: only code that was generated from the document.

Direction decides: to demand more breaks who sends, to promise less breaks who reads.
"""

_SCHEMAS = """\
## Changes of schemas

Each of these has one rule for every place a schema stands at: the place, a hyphen, the name below.
Clients send `request-body`, `request-property`, `request-parameter`, `request-parameter-property`, \
`client-message-payload`, `client-message-property`, `client-message-headers` and `client-message-header`.
They read `response-body`, `response-property`, `response-header`, `response-header-property`, \
`server-message-payload`, `server-message-property`, `server-message-headers` and `server-message-header`.
Where oasdiff has a level of its own for one place, the last table of this page says so, and it counts \
for the mirrored place of a socket, too.
In a field that only the other side writes (`readOnly`, `writeOnly`) every change is compatible.
"""

_OPERATIONS = """\
## Changes of operations, sockets and documents
"""

_OASDIFF = """\
## oasdiff's rules

The names follow [oasdiff](https://github.com/oasdiff/oasdiff), the reference for OpenAPI.
This table has all of its rules: done with which level, or why a FastAPI application cannot cause it.
"""


def rules_page() -> str:
    """Return the page as Markdown."""
    parts = [_INTRODUCTION, _SCHEMAS, _table(_SCHEMA_HEAD, _schema_rows())]
    parts += [_OPERATIONS, _table(_OPERATION_HEAD, _operation_rows())]
    parts += [_OASDIFF, _table(_OASDIFF_HEAD, _oasdiff_rows())]
    return "\n".join(parts)


_SCHEMA_HEAD = ("name", "clients send it", "clients read it", "what happened")
_OPERATION_HEAD = ("rule", "level", "tier", "direction", "what happened")
_OASDIFF_HEAD = ("rule", "area", "kind", "oasdiff", "ours")


def _schema_rows() -> Iterator[tuple[str, ...]]:
    for event in (*SCHEMA_EVENTS, *PROPERTY_EVENTS):
        yield f"`{event.name}`", str(event.sent), str(event.received), _words(event)


def _words(event: Event) -> str:
    return _sentence(event.sentence)


def _sentence(template: str) -> str:
    return template.format(what="it", old="*old*", new="*new*")


def _operation_rows() -> Iterator[tuple[str, ...]]:
    for rule in rules().values():
        if not rule.is_schema:
            sentence = _sentence(rule.sentence)
            direction = rule.direction or "–"
            yield f"`{rule.id}`", rule.level, rule.tier, direction, sentence


def _oasdiff_rows() -> Iterator[tuple[str, ...]]:
    for known in oasdiff_rules().values():
        yield f"`{known.id}`", known.area, known.kind, known.level, _status(known.id)


def _status(id_: str) -> str:
    if id_ in CANNOT_OCCUR:
        return f"cannot occur: {CANNOT_OCCUR[id_]}"
    rule = rules()[id_]
    return f"done: {rule.level}" + (f". {rule.reason}" if rule.reason else "")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(rules_page())
