"""What the compiler says of each construct of the catalogue, for the table in the docs.

What is claimed of a generated client stands in a file, a line each, that the compiler
reads: it rejects the lines that are not true.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.framework.codegen.typescript_client.node import Package

TYPED = "typed"
SAME = "type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;\n"
_FAULT = re.compile(r"\((\d+),\d+\): error ")
_LINE = re.compile(r"export const claim(\d+): ")


@dataclass(frozen=True)
class Claim:
    """Something that may be true of a generated client.

    Attributes:
        operation: the operationId, or the method of a socket.
        aspect: `body`, `query`, … or the status of an answer.
        type: one that is `true` where the claim holds.
        note: what the table says where it holds, although the type may not be the one
            the document has; empty for a claim that goes without saying.
    """

    operation: str
    aspect: str
    type: str
    note: str = ""


def lines_of(claims: Sequence[Claim]) -> str:
    """Return the claims as TypeScript."""
    return "".join(
        f"export const claim{number}: {' '.join(claim.type.split())} = true;"
        f" // {claim.operation} {claim.aspect}\n"
        for number, claim in enumerate(claims)
    )


def rejected(package: Package, path: str, claims: Sequence[Claim]) -> set[Claim]:
    """Return the claims of a file that the compiler rejects."""
    lines = package.text(path).splitlines()
    found = set()
    for fault in package.faults_in(path):
        place = _FAULT.search(fault)
        line = _LINE.match(lines[int(place[1]) - 1]) if place else None
        if line:
            found.add(claims[int(line[1])])
    return found


def states(
    operations: Mapping[str, Iterable[str]],
    claims: Iterable[Claim],
    rejected: Collection[Claim],
) -> dict[str, str]:
    """Return the state of each construct by its id.

    Args:
        operations: those of each construct.
    """
    by_operation: dict[str, list[Claim]] = {}
    for claim in claims:
        by_operation.setdefault(claim.operation, []).append(claim)
    return {
        id_: "; ".join(
            dict.fromkeys(
                _state_of(by_operation.get(name, ()), rejected) for name in names
            )
        )
        for id_, names in operations.items()
    }


def _state_of(claims: Iterable[Claim], rejected: Collection[Claim]) -> str:
    claims = list(claims)
    if not claims:
        return "not compared"
    notes = {each.aspect: each.note for each in claims if each.note}
    for each in claims:
        if each.note and each in rejected:
            del notes[each.aspect]
    wrong = [
        each.aspect for each in claims if each in rejected and each.aspect not in notes
    ]
    if wrong:
        return f"not what its document says: {', '.join(dict.fromkeys(wrong))}"
    return "; ".join(dict.fromkeys(notes.values())) or TYPED
