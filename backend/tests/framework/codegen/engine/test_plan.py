"""What is stale and why, decided without a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cheap_target import CheapTarget

from modular_api.codegen.job import GenerationJob, SpecDocument
from modular_api.codegen.plan import ModuleState, TargetState, make_plan
from modular_api.codegen.stamp import Stamp, StampState

DOCUMENT = SpecDocument("v1", b"{}")
JOB = GenerationJob("broker", Path("broker"), (DOCUMENT,))
SPECS = {"broker_openapi.json": DOCUMENT.sha256}
FILES = {"__init__.py": "1", "broker_client.py": "2"}
STAMP = Stamp(documents=SPECS, tools={"black": "26.10.1"}, files=FILES)
TARGET = TargetState(CheapTarget(), STAMP.tools, STAMP, FILES)
FRESH = ModuleState(SPECS, [TARGET])


def reasons(
    target: TargetState = TARGET,
    specs: dict[str, str] = SPECS,
    job: GenerationJob = JOB,
) -> list[str]:
    plan = make_plan(job, ModuleState(specs, [target]))
    return [str(stale) for stale in plan.stale]


def test_what_is_as_it_was_made_is_fresh() -> None:
    """Nothing to do, nothing to render."""
    plan = make_plan(JOB, FRESH)
    assert plan.stale == ()
    assert plan.to_render == ()


def test_a_changed_interface_makes_spec_and_client_stale() -> None:
    """Both say so in their own words."""
    job = replace(JOB, documents=(SpecDocument("v1", b"{1}"),))
    assert reasons(job=job) == [
        "specs_generated/broker_openapi.json: the interface changed",
        "client_generated: broker_openapi.json changed",
    ]


def test_a_new_version_is_named() -> None:
    """It has a spec file of its own."""
    job = replace(JOB, documents=(DOCUMENT, SpecDocument("v2", b"{}")))
    assert reasons(job=job) == [
        "specs_generated/broker_v2_openapi.json: missing",
        "client_generated: broker_v2_openapi.json was added",
    ]


def test_a_version_that_went_is_named() -> None:
    """Its spec file is left over."""
    name = "broker_v2_openapi.json"
    target = replace(TARGET, stamp=replace(STAMP, documents={**SPECS, name: "3"}))
    assert reasons(target, specs={**SPECS, name: "3"}) == [
        f"specs_generated/{name}: no longer generated",
        f"client_generated: {name} was removed",
    ]


def test_a_new_version_of_a_tool_is_named_with_both_numbers() -> None:
    """The reader sees what moved."""
    target = replace(TARGET, tools={"black": "26.11.0"})
    assert reasons(target) == [
        "client_generated: the generator changed: black 26.10.1 → 26.11.0"
    ]


def test_a_tool_that_joins_or_leaves_is_named() -> None:
    """It has no version on one side."""
    assert reasons(replace(TARGET, tools={"ruff": "1"})) == [
        "client_generated: the generator changed: black 26.10.1 → (none)",
        "client_generated: the generator changed: ruff (none) → 1",
    ]


def test_an_edited_client_file_is_named() -> None:
    """Its hash is not the one in the stamp."""
    target = replace(TARGET, files={**FILES, "broker_client.py": "other"})
    assert reasons(target) == ["client_generated/broker_client.py: edited by hand"]


def test_a_missing_client_file_is_named() -> None:
    """The stamp names it, the folder lacks it."""
    target = replace(TARGET, files={"__init__.py": "1"})
    assert reasons(target) == ["client_generated/broker_client.py: missing"]


def test_an_edited_spec_is_told_from_a_changed_interface() -> None:
    """The stamp knows what was written; the client need not be rendered again."""
    specs = {"broker_openapi.json": "edited"}
    assert reasons(specs=specs) == [
        "specs_generated/broker_openapi.json: edited by hand"
    ]
    assert make_plan(JOB, ModuleState(specs, [TARGET])).to_render == ()


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (StampState.MISSING, "never generated"),
        (StampState.UNREADABLE, "its stamp is unreadable"),
        (StampState.INTERRUPTED, "the generation before was interrupted"),
    ],
)
def test_a_stamp_that_is_not_complete_makes_its_folder_stale(
    state: StampState, why: str
) -> None:
    """Even where all it says is right."""
    target = replace(TARGET, stamp=replace(STAMP, state=state))
    assert reasons(target) == [f"client_generated: {why}"]


def test_only_the_targets_concerned_are_rendered() -> None:
    """Two targets, one of them edited."""
    other = replace(
        TARGET,
        target=CheapTarget(folder="other"),
        files={**FILES, "__init__.py": "edited"},
    )
    plan = make_plan(JOB, ModuleState(SPECS, [TARGET, other]))
    assert plan.to_render == (other,)


def test_a_document_a_target_is_not_made_from_leaves_it_fresh() -> None:
    """A changed socket writes its own document and renders no HTTP client."""
    socket = SpecDocument("v1", b"{}", kind="asyncapi")
    plan = make_plan(replace(JOB, documents=(DOCUMENT, socket)), FRESH)
    assert [str(stale) for stale in plan.stale] == [
        "specs_generated/broker_asyncapi.json: missing"
    ]
    assert plan.to_render == ()
