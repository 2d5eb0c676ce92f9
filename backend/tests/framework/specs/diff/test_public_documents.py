"""Large documents that other people wrote: whole, mutated, and under other names.

They come from a pinned npm package, into `backend/.local`; npm and its registry are
needed the first time.
"""

from __future__ import annotations

import copy
import hashlib
import json
import random
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from modular_api.specs.diff import DiffError, Level, compare

PACKAGE = "@octokit/openapi@23.0.2"
ARCHIVE = "octokit-openapi-23.0.2.tgz"
SHA256 = "71a18407dd5e8464f4e0525daf03deabbe65abd9287d6adc7b5d98f516cd0d0c"
CACHE = Path(__file__).resolve().parents[4] / ".local" / "public_documents"

# GitHub's cloud, its enterprise cloud, and a server people install themselves.
DOCUMENTS = ("api.github.com", "ghec", "ghes-3.19")

pytestmark = pytest.mark.slow

Json = dict[str, Any]


@pytest.fixture(scope="module")
def archive() -> Path:
    """The package as npm delivers it; a wrong one fails loudly."""
    path = CACHE / ARCHIVE
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["npm", "pack", PACKAGE, "--silent", "--pack-destination", str(CACHE)],
            check=True,
            timeout=300,
        )
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SHA256
    return path


@pytest.fixture(scope="module", params=DOCUMENTS)
def document(request: pytest.FixtureRequest, archive: Path) -> Json:
    """One document, more than 600 paths."""
    with tarfile.open(archive) as package:
        member = package.extractfile(f"package/generated/{request.param}.json")
        assert member is not None
        found: Json = json.load(member)
    assert len(found["paths"]) > 600
    return found


def test_a_large_document_has_no_changes_to_itself(document: Json) -> None:
    """A copy is the same."""
    assert compare(document, copy.deepcopy(document)) == []


def test_mutated_copies_are_compared_without_an_exception(document: Json) -> None:
    """30 copies with 20 things taken away each; every one has breaking changes."""
    random_ = random.Random(6)
    for _ in range(30):
        other = copy.copy(document)
        other["paths"] = copy.copy(document["paths"])
        schemas = copy.copy(document["components"]["schemas"])
        other["components"] = {**document["components"], "schemas": schemas}
        for name in random_.sample(sorted(schemas), 10):
            schemas[name] = without_one(schemas[name], random_)
        for path in random_.sample(sorted(other["paths"]), 9):
            other["paths"][path] = without_one(other["paths"][path], random_)
        del other["paths"][random_.choice(sorted(other["paths"]))]
        for pair in ((document, other), (other, document)):
            assert is_told_or_refused(*pair)


def without_one(node: Any, random_: random.Random) -> Any:
    """Return a copy that lacks one thing, somewhere below."""
    copied = copy.deepcopy(node)
    current = copied
    while True:
        inner = [v for v in current.values() if isinstance(v, dict) and v]
        if not inner or random_.random() < 0.3:
            current.pop(random_.choice(sorted(current)))
            return copied
        current = random_.choice(inner)


def is_told_or_refused(old: Json, new: Json) -> bool:
    """Tell whether there are changes, or one document is refused as damaged."""
    try:
        return compare(old, new) != []
    except DiffError as error:
        return error.place.startswith("#")


def test_renaming_every_component_changes_nothing(document: Json) -> None:
    """But prose that quotes the names of components."""
    start = "#/components/schemas/"
    text = json.dumps(document).replace(start, f"{start}elsewhere-")
    other = json.loads(text)
    schemas = other["components"]["schemas"]
    other["components"]["schemas"] = {f"elsewhere-{n}": s for n, s in schemas.items()}
    assert {change.level for change in compare(document, other)} <= {Level.DOCS}
