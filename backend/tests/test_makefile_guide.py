"""MAKEFILE-GUIDE.md and the Makefiles tell the same story."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

BACKEND = Path(__file__).resolve().parent.parent
ROOT = BACKEND.parent
GUIDE = (ROOT / "MAKEFILE-GUIDE.md").read_text()


def make(*arguments: str, folder: Path = ROOT) -> str:
    """Run make as a person would, without what an outer make has exported."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    environment.pop("MFLAGS", None)
    result = subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout


def listed(output: str) -> set[str]:
    return set(re.findall(r"^  (\S+) +\S", output, flags=re.MULTILINE))


def test_the_guide_lists_exactly_the_targets_of_make_help() -> None:
    """No target without a row, no row without a target."""
    rows = re.findall(r"^\| `make (\S+)` \| \S", GUIDE, flags=re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert set(rows) == listed(make("help"))


@pytest.mark.parametrize("folder", [ROOT, BACKEND])
def test_make_alone_prints_the_list(folder: Path) -> None:
    """In the root and in backend/."""
    assert {"dev", "test", "test-module-<name>"} <= listed(make(folder=folder))
    assert make(folder=folder) == make("help", folder=folder)


def test_every_target_has_a_sentence() -> None:
    """A target without `##` would be missing from the list."""
    makefile = (BACKEND / "Makefile").read_text()
    targets = re.findall(r"^([a-z][a-z%-]*):(?!=)", makefile, flags=re.MULTILINE)
    shown = {target.replace("%", "<name>") for target in targets}
    assert shown == listed(make("help"))


def test_every_target_but_help_and_the_pattern_is_phony() -> None:
    """A file named like a target must not stop it."""
    makefile = (BACKEND / "Makefile").read_text().replace("\\\n", "")
    (phony,) = re.findall(r"^\.PHONY: (.*)", makefile, flags=re.MULTILINE)
    assert set(phony.split()) == listed(make("help")) - {"test-module-<name>"}


def test_scripts_named_in_the_makefile_exist() -> None:
    """Every `scripts/…` of a recipe is a file or a folder."""
    makefile = (BACKEND / "Makefile").read_text()
    scripts = set(re.findall(r"scripts/[\w.]+\w", makefile))
    assert scripts
    assert not [script for script in scripts if not (BACKEND / script).exists()]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["test-modules", "modules=broker,datafeed"],
            "pytest src/trading_api/modules/broker/tests "
            "src/trading_api/modules/datafeed/tests",
        ),
        (["test-modules"], "pytest src/trading_api/modules"),
        (["test-module-broker"], "pytest src/trading_api/modules/broker/tests"),
        (["generate", "modules=broker"], "modular-api generate --modules broker"),
        (["generate", "output_dir=out"], f'generate --output-dir "{ROOT}/out"'),
        (["generate", "output_dir=/tmp/out"], 'generate --output-dir "/tmp/out"'),
        (["generate-check"], "modular-api generate --check"),
        (["diff", "modules=broker"], "modular-api diff --modules broker"),
        (["diff", "against=v1.2.0"], 'modular-api diff --against "v1.2.0"'),
        (["diff", "against=docs"], f'modular-api diff --against "{ROOT}/docs"'),
        (["contracts-check"], "modular-api diff --against accepted"),
    ],
)
def test_arguments_reach_the_tool(arguments: list[str], expected: str) -> None:
    """From the root; a relative folder means the caller's."""
    printed = " ".join(make("--dry-run", *arguments).split())
    assert expected in printed


def test_a_misspelt_target_is_refused_by_name() -> None:
    """The root passes every name on, so backend/ must be the one to say no."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        make("tset")
    assert "tset" in caught.value.stderr
