"""Text for people: colours and fitting columns on a terminal, plain lines elsewhere."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

_NEVER_WRAP = 10_000


def console() -> Console:
    """Return a console on stdout; where that is no terminal, no line is ever wrapped."""
    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=_NEVER_WRAP)


def new_table(*headings: str) -> Table:
    """Return a table of columns alone; without headings, it has no head."""
    table = Table(
        box=None, show_header=bool(headings), pad_edge=False, padding=(0, 3, 0, 0)
    )
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
