"""The same code gives the same specification, whatever the process is like."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

FEATURES = Path(__file__).parents[1] / "framework" / "app" / "modules"

# Shuffles what the file system lists, builds every document and hashes all of them.
PROBE = """
import hashlib, pathlib, random, sys

seed, places = int(sys.argv[1]), sys.argv[2:]
random.seed(seed)
listed = pathlib.Path.iterdir

def shuffled(self):
    entries = list(listed(self))
    random.shuffle(entries)
    return iter(entries)

pathlib.Path.iterdir = shuffled

from modular_api import AppFactory
from modular_api.specs.canonical import canonical_bytes

digest = hashlib.sha256()
for place in places:
    factory = AppFactory(place, generation="off")
    names = factory.registry.names()
    random.shuffle(names)
    app = factory.create_app(names)
    for module in app.modules_apps:
        for version in module.versions.values():
            digest.update(canonical_bytes(version.openapi()))
    digest.update(canonical_bytes(app.merged_openapi()))
print(digest.hexdigest(), flush=True)
"""


def digests(seeds: range) -> set[str]:
    """Run the probe once for every hash seed, two at a time."""

    def probe(seed: int) -> str:
        places = ["trading_api.modules", str(FEATURES)]
        done = subprocess.run(
            [sys.executable, "-c", PROBE, str(seed), *places],
            capture_output=True,
            check=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        )
        return done.stdout.strip()

    with ThreadPoolExecutor(2) as pool:
        return set(pool.map(probe, seeds))


@pytest.mark.integration
@pytest.mark.slow
def test_four_hash_seeds_and_discovery_orders_give_one_hash() -> None:
    """Quick enough for every run."""
    assert len(digests(range(4))) == 1


@pytest.mark.slow
def test_a_hundred_hash_seeds_and_discovery_orders_give_one_hash() -> None:
    """The same, until chance has no room left."""
    assert len(digests(range(100))) == 1
