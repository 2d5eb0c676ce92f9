"""The documentation: links lead somewhere, commands exist, examples are code."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

BACKEND = Path(__file__).resolve().parent.parent
ROOT = BACKEND.parent
INDEX = ROOT / "docs" / "README.md"
PAGES = sorted(
    {
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(BACKEND / "docs").rglob("*.md"),
    }
)
every_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: str(page.relative_to(ROOT))
)


def links(page: Path) -> list[str]:
    """Return the targets of a page's links that are no web addresses."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)
    found = re.findall(r"\]\(([^)\s]+)\)", text)
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors(page: Path) -> set[str]:
    """Return the names of a page's headings as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


@every_page
def test_links_lead_to_files_and_headings(page: Path) -> None:
    """Every relative link, its anchor too."""
    dead = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


def test_the_index_links_every_page() -> None:
    """A page that nobody can find is no documentation."""
    linked = {
        (INDEX.parent / link.partition("#")[0]).resolve() for link in links(INDEX)
    }
    assert [page for page in PAGES if page not in linked | {INDEX}] == []


@pytest.fixture(scope="module")
def targets() -> list[re.Pattern[str]]:
    """The targets `make help` prints, as patterns."""
    output = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=BACKEND,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = re.findall(r"^  (\S+) +\S", output, flags=re.MULTILINE)
    assert names
    return [re.compile(name.replace("<name>", r"[\w<>]+")) for name in names]


@every_page
def test_make_targets_shown_exist(page: Path, targets: list[re.Pattern[str]]) -> None:
    """In code, inline or in a block; `make` in a sentence is an English word."""
    code = re.findall(r"```\w*\n.*?```|`[^`\n]+`", page.read_text(), flags=re.DOTALL)
    shown = re.findall(r"\bmake ([a-z][\w<>-]*)", "\n".join(code))
    unknown = [n for n in shown if not any(t.fullmatch(n) for t in targets)]
    assert unknown == []


@every_page
def test_files_shown_exist(page: Path) -> None:
    """Paths below `backend/` or `docs/` that stand in code are there."""
    shown = re.findall(r"`((?:backend|docs)/[\w./-]+)`", page.read_text())
    # What a fresh checkout does not have yet: `make install` and its like create it.
    made = ("backend/.local", "backend/.tools", "backend/.venv", "backend/dist")
    missing = [p for p in shown if not p.startswith(made) and not (ROOT / p).exists()]
    assert missing == []


@every_page
def test_python_examples_are_python(page: Path) -> None:
    """A block that does not parse was never run."""
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL):
        ast.parse(block)


def test_fixtures_in_the_docs_exist() -> None:
    """The table of fixtures names what the pytest plugin defines."""
    page = (BACKEND / "docs" / "BACKEND_TESTING.md").read_text()
    shown = re.findall(
        r"^\| `(\w+)` \| (?:session|function) ", page, flags=re.MULTILINE
    )
    plugin = BACKEND / "src" / "modular_api" / "testing" / "plugin.py"
    defined = [
        node.name
        for node in ast.parse(plugin.read_text()).body
        if isinstance(node, ast.FunctionDef)
        and any("fixture" in ast.unparse(mark) for mark in node.decorator_list)
    ]
    assert sorted(shown) == sorted(defined)
